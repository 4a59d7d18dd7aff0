"""Unmodified mmagic trains on mmlight as it does on MMEngine, bit for bit.

The Makefile installs it into .parity/mmagic where a package index can be reached.
"""

from __future__ import annotations

import importlib
import inspect
import json
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.parity.compare import assert_same
from tests.parity.engines import ROOT, Engine

FOLDER = ROOT / ".parity" / "mmagic"
RUNS = Path(__file__).with_name("mmagic_runs.py")
# The public names of mmagic.engine 1.2.0 by module, with their parameters, as the package said.
NAMES = json.loads(Path(__file__).with_name("mmagic_engine_names.json").read_text())
DIFFERENCES = {
    ("hooks.visualization_hook", "BasicVisualizationHook"): "it has a file of its own",
    ("runner.multi_loops", "update_and_check_evaluator"): "theirs only imports it there",
}

installed = pytest.mark.skipif(
    not (FOLDER / "mmagic").is_dir(), reason="mmagic is not installed in .parity/mmagic"
)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight waves of 64 x 64 pixels, and the same at a quarter of the size."""
    folder = tmp_path_factory.mktemp("images")
    y, x = np.mgrid[0:64, 0:64]
    for kind in ("gt", "lq"):
        (folder / kind).mkdir()
    for index in range(8):
        waves = [np.sin(x / (3 + index + c)) * np.cos(y / (5 + 2 * c)) for c in range(3)]
        image = Image.fromarray((127 + 100 * np.stack(waves, -1)).astype(np.uint8))
        image.save(folder / "gt" / f"{index}.png")
        image.resize((16, 16), Image.Resampling.BOX).save(folder / "lq" / f"{index}.png")
    return folder


@installed
@pytest.mark.parametrize("family", ["dcgan", "srcnn", "pggan"])
def test_a_config_of_its_zoo_trains_to_the_same_bits(family: str, both: Any, images: Path) -> None:
    theirs, ours = both(RUNS, str(FOLDER), "train", family=family, images=str(images))
    assert len(theirs["losses"]) >= 6
    assert_same(ours, theirs)


OURS = {
    "srcnn": ("MultiValLoop", "BasicVisualizationHook", "LogProcessor", "IterTimerHook"),
    "pggan": ("PGGANOptimWrapperConstructor", "PGGANFetchDataHook", "ExponentialMovingAverageHook"),
}


@installed
@pytest.mark.parametrize("family", OURS)
def test_our_engine_trains_its_models_as_its_own_does(
    family: str, mmlight: Engine, images: Path
) -> None:
    runs = [
        mmlight.run(RUNS, str(FOLDER), "train", family=family, images=str(images), ours=ours)
        for ours in ((), OURS[family])
    ]
    assert_same(runs[1], runs[0])


@installed
def test_the_recorded_names_are_those_of_the_package(mmengine: Engine) -> None:
    assert mmengine.run(RUNS, str(FOLDER), "names") == NAMES


@pytest.mark.parametrize("module", NAMES)
def test_the_engine_answers_with_all_names_of_mmagics(module: str) -> None:
    ours = importlib.import_module(f"mmlight.engine.{module}".rstrip("."))
    for name, theirs in NAMES[module].items():
        fits = takes(ours, name, theirs)
        assert fits is ((module, name) not in DIFFERENCES), name


def takes(module: Any, name: str, theirs: list[str]) -> bool:
    """Whether a thing has these parameters, in this order; more of them may follow, by name."""
    try:
        thing = attrgetter(name)(module)
    except AttributeError:
        return False
    given = inspect.signature(thing).parameters
    wanted = [text.partition("=")[::2] for text in theirs if not text.startswith("**")]
    for (name, default), mine in zip(wanted, given.values(), strict=False):
        text = str(mine.replace(annotation=inspect.Parameter.empty))
        # Where theirs has no default, one does no harm.
        if text.partition("=")[0] != name or (default and text != f"{name}={default}"):
            return False
    more = list(given.values())[len(wanted) :]
    return len(given) >= len(wanted) and all(
        one.default is not one.empty or one.kind is one.VAR_KEYWORD for one in more
    )
