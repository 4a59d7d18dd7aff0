"""Which names of metrics tell what is better."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmlight.hooks.metric_rule import infer_rule


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("acc", "greater"),
        ("top1", "greater"),
        ("AR@100", "greater"),
        ("coco/bbox_mAP", "greater"),
        ("loss", "less"),
        ("val_LOSS", "less"),
        ("acc_loss", "greater"),
        ("acc/loss", "greater"),
    ],
)
def test_default_keys(name: str, expected: str) -> None:
    assert infer_rule(name) == expected


def test_an_equal_name_goes_before_a_part_of_one() -> None:
    assert infer_rule("acc_loss", ["acc"], ["acc_loss"]) == "less"


@given(st.text(alphabet="xyz/_", max_size=8), st.booleans())
def test_case_never_matters(name: str, greater: bool) -> None:
    keys = (["zz9"], []) if greater else ([], ["ZZ9"])
    expected = "greater" if greater else "less"
    assert infer_rule(f"{name}Zz9", *keys) == expected


@given(st.text(alphabet="uvwxyz", max_size=8))
def test_a_name_that_tells_nothing(name: str) -> None:
    with pytest.raises(ValueError, match="rule="):
        infer_rule(name)
