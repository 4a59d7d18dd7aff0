"""mmlight alone trains unmodified configs of mmagic as mmagic does on MMEngine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.compat.test_mmagic import FOLDER, images, installed  # noqa: F401 - images is a fixture
from tests.parity.compare import assert_same

RUNS = Path(__file__).with_name("kit_runs.py")


@installed
@pytest.mark.parametrize(
    "family",
    [
        "srcnn",
        "edsr",
        "dcgan",
        "wgan-gp",
        "pggan",
        "stylegan2",
        "pix2pix",
        "cyclegan",
        "cyclegan-id0",
        "singan-fish",
        "singan-balloons",
        "singan-bohemian",
    ],
)
def test_trains_to_the_same_bits(family: str, both: Any, images: Path) -> None:  # noqa: F811
    theirs, ours = both(RUNS, str(FOLDER), "train", family=family, images=str(images))
    assert len(theirs["losses"]) >= 6
    theirs_metrics, our_metrics = theirs.pop("metrics"), ours.pop("metrics")
    assert_same(ours, theirs)
    for one, other in zip(our_metrics, theirs_metrics, strict=True):
        assert one == pytest.approx(other, rel=1e-6)


@installed
@pytest.mark.parametrize(("family", "number"), [("pix2pix", 4), ("cyclegan", 6), ("singan", 3)])
def test_weights_of_all_configs_have_their_names(family: str, number: int, both: Any) -> None:
    theirs, ours = both(RUNS, str(FOLDER), "shapes", family=family)
    assert len(theirs) == number
    assert ours == theirs
