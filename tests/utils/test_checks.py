"""What the checks of arguments say."""

from __future__ import annotations

import pytest

from mmlight.utils.checks import flags, number


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("0.1", "leave out the quotes$"),
        ("1.5e-3", "leave out the quotes$"),
        ("1e-4", r"leave out the quotes, in YAML write 1\.0e-4$"),
        ("5E-2", r"leave out the quotes, in YAML write 5\.0e-2$"),
        ("high", "but got 'high'$"),
    ],
)
def test_a_number_in_quotes(text: str, hint: str) -> None:
    with pytest.raises(TypeError, match=hint):
        number("SGD", weight_decay=text)


def test_a_flag_may_be_a_number_or_missing_but_no_text() -> None:
    flags("Hook", by_epoch=True, log=0, save=None)
    with pytest.raises(TypeError, match="by_epoch of Hook must be True or False, but got 'no'"):
        flags("Hook", by_epoch="no")
