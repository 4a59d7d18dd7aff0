"""An unmodified package built on MMEngine works on mmlight and gives the results it gave before.

It needs mmpretrain; CONTRIBUTING.md says how to install it for this test alone.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.parity.compare import assert_same
from tests.parity.engines import ROOT, Engine

FOLDER = ROOT / ".parity" / "mmpretrain"
ZOO = Path(__file__).with_name("mmpretrain_zoo.py")
DIGEST = 64

pytestmark = pytest.mark.skipif(
    not (FOLDER / "mmpretrain").is_dir() or not (FOLDER / "torchvision").is_dir(),
    reason="mmpretrain is not installed in .parity/mmpretrain: see CONTRIBUTING.md",
)


def counted(results: dict[str, str]) -> Counter[str]:
    """How many results are digests, and how often each error came."""
    return Counter("done" if len(found) == DIGEST else found for found in results.values())


def test_a_model_of_its_zoo_trains_to_the_same_weights(both: Any) -> None:
    theirs, ours = both(ZOO, str(FOLDER), "train")
    assert_same(ours, theirs)


def test_all_configs_of_its_zoo_are_read_the_same(both: Any) -> None:
    theirs, ours = both(ZOO, str(FOLDER), "read_configs")
    assert counted(theirs)["done"] > 500
    assert ours == theirs


def test_all_models_of_its_zoo_are_built_the_same(both: Any) -> None:
    theirs, ours = both(ZOO, str(FOLDER), "build_models")
    assert counted(theirs)["done"] > 350
    assert ours == theirs


def test_the_alias_is_what_it_runs_on(mmlight: Engine) -> None:
    base = mmlight.run(ZOO, str(FOLDER), "base_of_the_classifier")
    assert base == "mmlight.model.base_model.base_model"
