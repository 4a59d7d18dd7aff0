"""All 22 hook points: the same order, the same counters, the same arguments as MMEngine's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.parity.compare import assert_same

BY_EPOCH = {"by_epoch": True, "max_epochs": 5}
BY_ITER = {"by_epoch": False, "max_iters": 20}

# MMEngine cannot keep a best checkpoint without validation, nor outside of a training.
PLAIN_CHECKPOINT = {"default_hooks": {"checkpoint": {"type": "CheckpointHook"}}}

TRAININGS: dict[str, tuple[str, dict[str, Any]]] = {
    "epochs": ("classifier", {}),
    "epochs, late validation": (
        "classifier",
        {"train_cfg": {**BY_EPOCH, "val_interval": 2, "val_begin": 3}},
    ),
    "epochs, changing intervals": (
        "classifier",
        {"train_cfg": {**BY_EPOCH, "val_interval": 3, "dynamic_intervals": [(4, 1)]}},
    ),
    "iterations": ("regression", {}),
    "iterations, changing intervals": (
        "regression",
        {"train_cfg": {**BY_ITER, "val_interval": 6, "dynamic_intervals": [(12, 4)]}},
    ),
    "iterations, validation at the start and never later": (
        "regression",
        {"train_cfg": {**BY_ITER, "val_interval": 1000}},
    ),
    "two optimizers": ("gan", {}),
    "moving average": ("ema", {}),
    "no validation": (
        "regression",
        {"val_dataloader": None, "val_evaluator": None, "val_cfg": None, **PLAIN_CHECKPOINT},
    ),
}


@pytest.mark.parametrize("name", TRAININGS)
def test_train(name: str, both: Any) -> None:
    kind, change = TRAININGS[name]
    theirs, ours = both("points", kind, "train", change=change)
    assert {entry[1] for entry in theirs["trace"]} >= {
        "before_run",
        "after_train_iter",
        "after_run",
    }
    assert_same(ours, theirs)


@pytest.mark.parametrize("kind", ["classifier", "regression", "ema"])
@pytest.mark.parametrize("task", ["val", "test"])
def test_evaluation(kind: str, task: str, both: Any) -> None:
    # An evaluation alone makes MMEngine open the training data of an iteration-based config, which
    # draws a random number; ours leaves training data alone, so nothing may be drawn here.
    theirs, ours = both("points", kind, task, change=PLAIN_CHECKPOINT, noise=False)
    assert {entry[1] for entry in theirs["trace"]} >= {f"before_{task}_iter", f"after_{task}_epoch"}
    assert_same(ours, theirs)


def test_a_checkpoint_to_load_comes_after_before_run(both: Any, tmp_path: Path) -> None:
    weights = str(tmp_path / "weights.pth")
    theirs, ours = both("points", "regression", "train", load=weights)
    points = [entry[1] for entry in theirs["trace"]]
    assert points.index("before_run") < points.index("after_load_checkpoint")
    assert_same(ours, theirs)
