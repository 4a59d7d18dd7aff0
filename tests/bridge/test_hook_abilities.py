"""A hook is a Lightning callback too: each of its calls comes once, and its state is saved."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch

import mmlight
from mmlight.config import Config
from mmlight.hooks import CheckpointHook, Hook, RuntimeInfoHook
from mmlight.runner import Runner

from .parts import config
from .plain import Automatic, Data, Manual, fit, trainer_of

EVENTS = (
    "setup",
    "on_fit_start",
    "on_train_start",
    "on_train_epoch_start",
    "on_train_batch_start",
    "on_train_batch_end",
    "on_train_epoch_end",
    "on_validation_start",
    "on_validation_end",
    "on_train_end",
    "on_fit_end",
    "teardown",
)
POINTS = ("before_run", "before_train", "after_train_iter", "after_val", "after_run")


class Able(Hook):
    """Counts its calls, and keeps in checkpoints how many batches it has seen, ever."""

    def __init__(self, step: int = 1) -> None:
        self.calls: Counter[str] = Counter()
        self.step = step
        self.batches = 0

    def after_train_iter(
        self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        self.calls["after_train_iter"] += 1
        self.batches += self.step

    def state_dict(self) -> dict[str, Any]:
        return {"batches": self.batches}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.calls["load_state_dict"] += 1
        self.batches = state_dict["batches"]


def _counting(name: str) -> Any:
    def count(self: Able, *args: Any, **kwargs: Any) -> None:
        self.calls[name] += 1

    return count


for _name in (*EVENTS, *POINTS):
    if _name != "after_train_iter":
        setattr(Able, _name, _counting(_name))


class OwnSetup(Hook):
    """Overrides `setup` and does not call ours."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        self.calls["setup " + stage] += 1

    def before_run(self, runner: Any) -> None:
        self.calls["before_run"] += 1


def run_config(tmp_path: Path, *hooks: Hook, resume: bool = False, epochs: int = 2) -> None:
    cfg = config(
        tmp_path,
        train_cfg={"by_epoch": True, "max_epochs": epochs},
        custom_hooks=list(hooks),
        resume=resume,
    )
    Runner.from_cfg(cfg).train()


def run_ported(tmp_path: Path, *hooks: Hook, resume: bool = False, epochs: int = 2) -> None:
    cfg = config(tmp_path, train_cfg={"by_epoch": True, "max_epochs": epochs})
    ported = mmlight.from_config(Config(cfg))
    path = tmp_path / "epoch_2.pth" if resume else None
    trainer = trainer_of(tmp_path, *hooks, max_epochs=epochs)
    trainer.fit(ported.module, ported.datamodule, ckpt_path=path)


def run_plain(tmp_path: Path, *hooks: Hook, resume: bool = False, epochs: int = 2) -> None:
    path = tmp_path / "epoch_2.pth" if resume else None
    keeper = CheckpointHook(interval=1)
    data = {"limit_train_batches": 5, "max_epochs": epochs}
    fit(tmp_path, Manual(), *hooks, keeper, ckpt_path=path, **data)


WAYS = pytest.mark.parametrize("run", [run_config, run_ported, run_plain])


@WAYS
def test_every_call_comes_once(tmp_path: Path, run: Any) -> None:
    hook = Able()
    run(tmp_path, hook)
    epochs = dict.fromkeys(
        ("on_train_epoch_start", "on_train_epoch_end", "on_validation_start", "on_validation_end"),
        2,
    )
    batches = dict.fromkeys(("on_train_batch_start", "on_train_batch_end", "after_train_iter"), 10)
    expected = {**dict.fromkeys((*EVENTS, *POINTS), 1), **epochs, **batches, "after_val": 2}
    sanity = run is not run_config  # a Trainer tries the validation before the training
    expected["on_validation_start"] += sanity
    expected["on_validation_end"] += sanity
    assert hook.calls == expected


@WAYS
def test_state_is_saved_and_restored(tmp_path: Path, run: Any) -> None:
    run(tmp_path, Able(), Able(step=10))
    states = torch.load(tmp_path / "epoch_2.pth", weights_only=False)["callbacks"]
    assert {key: states[key] for key in states if "Able" in key} == {
        "Able": {"batches": 10},
        "Able-1": {"batches": 100},
    }
    first, second = Able(), Able(step=10)
    run(tmp_path, first, second, resume=True, epochs=3)
    assert (first.batches, second.batches) == (15, 150)
    assert first.calls["load_state_dict"] == second.calls["load_state_dict"] == 1
    assert first.calls["after_train_iter"] == 5


@WAYS
def test_a_setup_of_ones_own(tmp_path: Path, run: Any) -> None:
    alone, one, other = OwnSetup(), OwnSetup(), OwnSetup()
    run(tmp_path / "alone", alone)
    run(tmp_path / "two", one, RuntimeInfoHook(), other)
    for hook in (alone, one, other):
        assert hook.calls == {"setup fit": 1, "before_run": 1}


def test_each_stage_of_a_trainer_sets_up_once(tmp_path: Path) -> None:
    hook, late, module = OwnSetup(), Able(), Automatic()
    trainer = fit(tmp_path, module, hook)
    trainer.callbacks.append(late)
    trainer.validate(module, Data(), verbose=False)
    assert hook.calls == {"setup fit": 1, "setup validate": 1, "before_run": 2}
    assert {name: late.calls[name] for name in ("setup", "before_run", "after_val")} == {
        "setup": 1,
        "before_run": 1,
        "after_val": 1,
    }


def test_states_of_hooks_by_lightnings_own_file(tmp_path: Path) -> None:
    hook, other = Able(), Able(step=3)
    trainer = fit(tmp_path, Automatic(), hook, other, max_epochs=1)
    trainer.save_checkpoint(tmp_path / "own.ckpt")
    again, too = Able(), Able(step=3)
    fit(tmp_path, Automatic(), again, too, ckpt_path=tmp_path / "own.ckpt")
    assert (again.batches, too.batches) == (hook.batches * 2, other.batches * 2)


def test_hooks_without_a_trainer_have_different_keys() -> None:
    """Lightning refuses two callbacks of one key when a Trainer is built."""
    assert Able().state_key != Able().state_key
    trainer = pl.Trainer(
        callbacks=[Able(), Able()], logger=False, enable_checkpointing=False, accelerator="cpu"
    )
    assert len([one for one in trainer.callbacks if isinstance(one, Able)]) == 2
