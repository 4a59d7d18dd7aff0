"""What cannot be meant is refused in words that help, before any data is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mmlight.config import Config
from mmlight.runner import Runner
from tests.bridge.parts import Accuracy, Points, config, loader
from tests.runner.wrong_configs import (
    WRONG,
    average,
    hook,
    iters,
    plateau,
    scheduler,
    wrong_config,
)

NO_VALIDATION = {"val_dataloader": None, "val_cfg": None, "val_evaluator": None}


def name_of(changes: dict[str, Any]) -> str:
    return ",".join(f"{key}={value!r}" for key, value in changes.items())[:90].replace(" ", "")


@pytest.mark.parametrize(("changes", "word"), WRONG, ids=[name_of(row[0]) for row in WRONG])
def test_a_wrong_config_is_refused(tmp_path: Path, changes: dict[str, Any], word: str) -> None:
    with pytest.raises(Exception) as caught:
        Runner.from_cfg(Config(wrong_config(tmp_path, changes))).train()
    said = " ".join([str(caught.value), *getattr(caught.value, "__notes__", ())])
    assert word in said
    assert "data was read" not in said
    assert "not supported between" not in said, "an error of Python, not of the config"


WARNED: list[tuple[dict[str, Any], str]] = [
    (
        {**scheduler("LinearLR", end=2, by_epoch=True), **iters()},
        "LinearLR will never change the lr after its first step: it counts epochs",
    ),
    (scheduler("StepLR", step_size=1, begin=3, end=9), "StepLR will never change the lr"),
    (
        {**scheduler("StepLR", step_size=1, begin=4, end=9, by_epoch=False), **iters()},
        "StepLR will never change the lr",
    ),
    ({**plateau(), **NO_VALIDATION}, "ReduceOnPlateauLR will never change the lr"),
    (scheduler("MultiStepLR", milestones=[]), "milestones=[]): without one nothing changes"),
    (average(), "will never average"),
    (hook("EMAHook", interval=100), "EMAHook(interval=100) will never average"),
    (hook("EarlyStoppingHook", monitor="accuracy"), "'points/...'"),
]


@pytest.mark.parametrize(("changes", "words"), WARNED, ids=[row[1][:40] for row in WARNED])
def test_what_has_no_effect_is_said(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    cfg = wrong_config(tmp_path, {**changes, "train_dataloader.dataset": Points(8)})
    if cfg["val_dataloader"] is not None:
        cfg["val_dataloader"] = loader(shuffle=False)
    Runner.from_cfg(Config(cfg)).train()
    (log,) = tmp_path.glob("*/*.log")
    assert words in log.read_text()


def test_a_right_config_is_quiet(tmp_path: Path) -> None:
    Runner.from_cfg(Config(config(tmp_path))).train()
    (log,) = tmp_path.glob("*/*.log")
    assert "never" not in log.read_text()


class Unprefixed(Accuracy):
    """A metric whose names nobody knows before it has given some."""

    default_prefix = ""


def test_names_that_nobody_knows_are_checked_at_the_first_validation(tmp_path: Path) -> None:
    hooks = {"checkpoint": {"type": "CheckpointHook", "save_best": "acc"}}
    cfg = config(tmp_path, val_evaluator=[Unprefixed()], default_hooks=hooks)
    with pytest.raises(KeyError, match=r"'acc', which is not among .*'accuracy'"):
        Runner.from_cfg(Config(cfg)).train()


def test_a_loss_that_a_model_may_return_is_no_unknown_metric(tmp_path: Path) -> None:
    hooks = {"checkpoint": {"type": "CheckpointHook", "save_best": "val_loss"}}
    cfg = config(tmp_path, default_hooks=hooks)
    with pytest.raises(KeyError, match=r"'val_loss', which is not among .*'points/accuracy'"):
        Runner.from_cfg(Config(cfg)).train()
