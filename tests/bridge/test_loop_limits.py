"""Limits of a Trainer and loops that a user has written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import mmlight
from mmlight.config import Config
from mmlight.registry import LOOPS
from mmlight.runner import BaseLoop, EpochBasedTrainLoop, Runner, ValLoop

from .parts import config
from .test_data import Count, trainer_with

seen: list[str] = []


@LOOPS.register_module(force=True)
class OwnRun(BaseLoop):
    """Trains one epoch in its own way."""

    iter = epoch = 0
    max_epochs = 1
    max_iters = 5

    def run(self) -> None:
        seen.append("run")
        self.runner.call_hook("before_train")
        self.runner.call_hook("after_train")


@LOOPS.register_module(force=True)
class OwnEpoch(EpochBasedTrainLoop):
    def run_epoch(self) -> None:
        seen.append("run_epoch")
        self.runner.call_hook("before_train_epoch")
        self.runner.call_hook("after_train_epoch")
        self._epoch += 1


@LOOPS.register_module(force=True)
class Longer(EpochBasedTrainLoop):
    """Adds to the documented loop, which obeys."""

    def run(self) -> Any:
        seen.append("longer")
        return super().run()


@LOOPS.register_module(force=True)
class OwnValidation(ValLoop):
    def run(self) -> dict:
        seen.append("val")
        return {}


IN_EPOCH: list[dict[str, Any]] = [
    {"fast_dev_run": True},
    {"limit_train_batches": 1},
    {"limit_train_batches": 0.5},
    {"overfit_batches": 2},
    {"max_steps": 7},
    {"val_check_interval": 2},
    {"val_check_interval": {"hours": 1}},
]
IN_RUN: list[dict[str, Any]] = [
    *IN_EPOCH,
    {"min_steps": 3},
    {"min_epochs": 2},
    {"max_epochs": 7},
    {"check_val_every_n_epoch": 2},
    {"reload_dataloaders_every_n_epochs": 1},
]
CASES = [
    *[("train", {"type": "OwnRun"}, given) for given in IN_RUN],
    *[("train", {"type": "OwnEpoch", "max_epochs": 3}, given) for given in IN_EPOCH],
    ("val", {"type": "OwnValidation"}, {"limit_val_batches": 1}),
    ("val", {"type": "OwnValidation"}, {"fast_dev_run": 2}),
]


def cfg_of(tmp_path: Path, mode: str, loop: dict[str, Any]) -> Config:
    return Config(config(tmp_path, **{f"{mode}_cfg": loop, "param_scheduler": None}))


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize(("mode", "loop", "given"), CASES, ids=str)
def test_a_limit_that_a_loop_passes_over_is_refused(
    mode: str, loop: dict, given: dict, own: bool, tmp_path: Path
) -> None:
    seen.clear()
    cfg = cfg_of(tmp_path, mode, loop)
    (name,) = given
    message = rf"Trainer\({name}=.*config key: trainer\.{name}.*{loop['type']}\.run"
    if own:
        ported = mmlight.from_config(cfg)
        with pytest.raises(ValueError, match=message):
            trainer_with(Count(), **given).fit(ported.module, ported.datamodule)
    else:
        cfg["trainer"] = {**cfg["trainer"], **given}
        with pytest.raises(ValueError, match=message):
            Runner.from_cfg(cfg).train()
    assert seen == []


@pytest.mark.parametrize("loop", [{"type": "OwnRun"}, {"type": "OwnEpoch", "max_epochs": 3}])
@pytest.mark.parametrize("own", [True, False])
def test_without_limits_the_loop_runs(loop: dict, own: bool, tmp_path: Path) -> None:
    seen.clear()
    cfg = cfg_of(tmp_path, "train", loop)
    if own:
        ported = mmlight.from_config(cfg)
        trainer_with(Count()).fit(ported.module, ported.datamodule)
    else:
        Runner.from_cfg(cfg).train()
    assert seen == (["run"] if loop["type"] == "OwnRun" else 3 * ["run_epoch"])


def test_a_loop_that_adds_to_ours_obeys(tmp_path: Path) -> None:
    seen.clear()
    ported = mmlight.from_config(cfg_of(tmp_path, "train", {"type": "Longer", "max_epochs": 3}))
    count = Count()
    trainer_with(count, limit_train_batches=2).fit(ported.module, ported.datamodule)
    assert seen == ["longer"]
    assert count.train == 6
