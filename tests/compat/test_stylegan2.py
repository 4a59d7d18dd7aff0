"""The networks of StyleGAN2 have mmagic's names, shapes, weights, outputs and random numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.compat.test_mmagic import FOLDER, installed
from tests.parity.compare import assert_same

RUNS = Path(__file__).with_name("stylegan2_runs.py")


@installed
def test_each_config_has_the_same_names_and_shapes(both: Any) -> None:
    theirs, ours = both(RUNS, str(FOLDER), "shapes")
    assert len(theirs) == 9
    assert ours == theirs


@installed
def test_same_weights_give_the_same_bits(both: Any) -> None:
    theirs, ours = both(RUNS, str(FOLDER), "answers")
    assert len(theirs) > 30
    assert_same(ours, theirs)
