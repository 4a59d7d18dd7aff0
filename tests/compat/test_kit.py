"""mmlight alone trains unmodified configs of mmagic as mmagic does on MMEngine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.compat.test_mmagic import FOLDER, images, installed  # noqa: F401 - images is a fixture
from tests.generative.evaluation.extractors import write_script
from tests.parity.compare import assert_same
from tests.parity.engines import Engine

RUNS = Path(__file__).with_name("kit_runs.py")


@pytest.fixture(scope="module")
def files(images: Path) -> Path:  # noqa: F811
    """The images, and a network for metrics of them."""
    write_script(images / "inception.pt")
    return images


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
def test_trains_to_the_same_bits(family: str, both: Any, files: Path) -> None:
    theirs, ours = both(RUNS, str(FOLDER), "train", family=family, images=str(files))
    assert len(theirs["losses"]) >= 6
    theirs_metrics, our_metrics = theirs.pop("metrics"), ours.pop("metrics")
    assert_same(ours, theirs)
    for one, other in zip(our_metrics, theirs_metrics, strict=True):
        # There, inception scores are of single precision.
        assert one == pytest.approx(other, rel=1e-6, abs=1e-6)


@installed
@pytest.mark.parametrize(("family", "number"), [("pix2pix", 4), ("cyclegan", 6), ("singan", 3)])
def test_weights_of_all_configs_have_their_names(family: str, number: int, both: Any) -> None:
    theirs, ours = both(RUNS, str(FOLDER), "shapes", family=family)
    assert len(theirs) == number
    assert ours == theirs


@installed
def test_evaluation_of_dcgan_leaves_its_training_alone(
    mmlight: Engine,
    images: Path,  # noqa: F811
) -> None:
    plain, evaluated = (
        mmlight.run(RUNS, str(FOLDER), "train", family=family, images=str(images))
        for family in ("dcgan", "dcgan-evaluated")
    )
    metrics = evaluated.pop("metrics")
    assert len(metrics) == 2
    assert set(metrics[0]) == {"ms-ssim/avg", "swd/64", "swd/32", "swd/16", "swd/avg"}
    assert all(0 <= values["ms-ssim/avg"] <= 1 < values["swd/64"] for values in metrics)
    assert not plain.pop("metrics")
    assert_same(evaluated, plain)


@installed
@pytest.mark.parametrize(
    ("family", "number", "kinds"),
    [
        ("dcgan", 3, {"MS_SSIM", "SWD"}),
        ("wgan-gp", 2, {"MS_SSIM", "SWD"}),
        ("pggan", 3, {"MS_SSIM", "SWD"}),
        (
            "styleganv2",
            9,
            {"FrechetInceptionDistance", "PrecisionAndRecall", "PerceptualPathLength"},
        ),
        ("pix2pix", 4, {"TransFID", "TransIS"}),
        ("cyclegan", 6, {"TransFID", "TransIS"}),
    ],
)
def test_evaluators_of_all_configs_are_built(
    family: str, number: int, kinds: set[str], mmlight: Engine
) -> None:
    built = mmlight.run(RUNS, str(FOLDER), "evaluators", family=family)
    assert len(built) == number
    for metrics in built.values():
        assert set(metrics) == kinds
