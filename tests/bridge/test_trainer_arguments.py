"""Each argument of Lightning's Trainer is obeyed, or refused with what to write instead."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.callbacks import GradientAccumulationScheduler

import mmlight
from mmlight.bridge.trainer import make_trainer
from mmlight.bridge.trainer_arguments import (
    ARGUMENTS,
    Refused,
    keep_samplers,
    refuse_unsupported,
)
from mmlight.config import Config
from mmlight.runner import Runner

from .parts import config

CPU = {"accelerator": "cpu", "logger": False, "enable_checkpointing": False}

REFUSED = [
    ("accumulate_grad_batches", 4, "optim_wrapper=dict(accumulative_counts=4)"),
    ("gradient_clip_val", 0.5, "optim_wrapper=dict(clip_grad=dict(max_norm=0.5))"),
    ("gradient_clip_algorithm", "value", "clip_grad=dict(type='value'"),
    ("barebones", True, "default_hooks=dict(logger=None, checkpoint=None)"),
    ("sync_batchnorm", True, "sync_bn='torch'"),
    ("model_registry", "me/model", "LitModelCheckpoint(model_registry='me/model')"),
]


class Unread(torch.utils.data.Dataset):
    """Data that must not be read."""

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> Any:
        raise AssertionError("data was read")


@pytest.fixture(autouse=True)
def same_algorithms() -> Iterator[None]:
    """Some of the arguments are settings of the whole process."""
    yield
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.benchmark = False


def train(tmp_path: Path, **changes: Any) -> Runner:
    cfg = config(tmp_path, **changes)
    cfg["train_dataloader"] = {**cfg["train_dataloader"], "dataset": Unread()}
    runner = Runner.from_cfg(Config(cfg))
    runner.train()
    return runner


def test_every_argument_of_the_trainer_is_in_the_table() -> None:
    parameters = [*inspect.signature(pl.Trainer.__init__).parameters][1:]
    assert sorted(set(parameters) ^ set(ARGUMENTS)) == []


def test_every_refused_argument_is_tried_below() -> None:
    refused = {name for name, rule in ARGUMENTS.items() if isinstance(rule, Refused)}
    assert refused == {name for name, *_ in REFUSED}


@pytest.mark.parametrize(("name", "value", "instead"), REFUSED)
def test_a_config_names_the_key_and_what_to_write(
    tmp_path: Path, name: str, value: Any, instead: str
) -> None:
    with pytest.raises(ValueError, match=f"trainer.{name}") as caught:
        train(tmp_path, trainer={name: value})
    assert instead in str(caught.value)


@pytest.mark.parametrize(("name", "value", "instead"), REFUSED)
def test_a_trainer_of_ones_own_is_refused_where_lightning_would_not_obey(
    name: str, value: Any, instead: str
) -> None:
    kwargs = {**CPU, name: value}
    trainer = pl.Trainer(**kwargs)
    rule = ARGUMENTS[name]
    assert isinstance(rule, Refused)
    if not rule.own_trainer:
        refuse_unsupported(trainer)
        assert make_trainer(CPU, **{name: value})
        return
    for refuse in (lambda: refuse_unsupported(trainer), lambda: make_trainer(CPU, **{name: value})):
        with pytest.raises(ValueError, match=f"trainer.{name}") as caught:
            refuse()
        assert instead in str(caught.value)


def test_values_that_ask_for_nothing_are_taken(tmp_path: Path) -> None:
    harmless = {
        name: rule.harmless[-1] for name, rule in ARGUMENTS.items() if isinstance(rule, Refused)
    }
    cfg = config(tmp_path, trainer={"enable_progress_bar": False, **harmless})
    trainer = Runner.from_cfg(Config(cfg)).trainer
    refuse_unsupported(trainer)
    assert trainer.accumulate_grad_batches == 1


@pytest.mark.parametrize("described", [True, False])
@pytest.mark.parametrize("key", ["trainer", "custom_hooks"])
def test_a_scheduler_of_accumulation_is_refused(tmp_path: Path, key: str, described: bool) -> None:
    name = "lightning.pytorch.callbacks.GradientAccumulationScheduler"
    scheduler: Any = GradientAccumulationScheduler({0: 2})
    if described:
        scheduler = {"type": name, "scheduling": {0: 2}}
    changes = {"callbacks": scheduler} if key == "trainer" else [scheduler]
    with pytest.raises(ValueError, match=r"accumulative_counts"):
        train(tmp_path, **{key: changes})


def test_a_scheduler_of_accumulation_in_a_trainer_of_ones_own() -> None:
    trainer = pl.Trainer(**CPU, callbacks=[GradientAccumulationScheduler({0: 2})])
    with pytest.raises(ValueError, match=r"accumulative_counts"):
        refuse_unsupported(trainer)


def test_an_argument_that_no_trainer_has(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"trainer\.strategi.*'strategy'"):
        train(tmp_path, trainer={"strategi": "ddp"})
    with pytest.raises(TypeError, match=r"strategi.*'strategy'"):
        make_trainer(CPU, strategi="ddp")


def test_a_trainer_in_a_config_is_no_dict(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"mmlight\.from_config"):
        train(tmp_path, trainer=pl.Trainer(**CPU))


@pytest.mark.parametrize(
    ("trainer", "keys", "names"),
    [
        ({"benchmark": False}, {"env_cfg": {"cudnn_benchmark": True}}, "env_cfg.cudnn_benchmark"),
        (
            {"deterministic": True},
            {"env_cfg": {"cudnn_benchmark": True}},
            "env_cfg.cudnn_benchmark",
        ),
        (
            {"deterministic": False},
            {"randomness": {"seed": 1, "deterministic": True}},
            "randomness.deterministic",
        ),
        (
            {"benchmark": True},
            {"randomness": {"seed": 1, "deterministic": True}},
            "randomness.deterministic",
        ),
    ],
)
def test_a_trainer_that_contradicts_another_key(
    tmp_path: Path, trainer: dict, keys: dict, names: str
) -> None:
    with pytest.raises(ValueError, match=f"trainer.{next(iter(trainer))}.* contradicts {names}"):
        train(tmp_path, trainer=trainer, **keys)


@pytest.mark.parametrize("value", [True, "warn"])
def test_deterministic_algorithms(tmp_path: Path, value: Any) -> None:
    cfg = config(tmp_path, trainer={"deterministic": value, "enable_progress_bar": False})
    Runner.from_cfg(Config(cfg))
    assert torch.are_deterministic_algorithms_enabled()
    assert torch.is_deterministic_algorithms_warn_only_enabled() is (value == "warn")


def test_benchmark(tmp_path: Path) -> None:
    Runner.from_cfg(Config(config(tmp_path, trainer={"benchmark": True})))
    assert torch.backends.cudnn.benchmark


def test_the_trainers_limits_are_those_of_the_config_unless_given(tmp_path: Path) -> None:
    def trainer(name: str, by_epoch: bool, **given: Any) -> pl.Trainer:
        cfg = config(tmp_path / name, by_epoch, trainer={"enable_progress_bar": False, **given})
        return Runner.from_cfg(Config(cfg)).trainer

    assert trainer("epochs", True).max_epochs == 3
    assert trainer("iterations", False).max_epochs == 1
    limited = trainer("given", True, max_epochs=9, max_steps=7)
    assert (limited.max_epochs, limited.max_steps) == (9, 7)


def test_a_trainer_of_two_processes_leaves_the_samplers_alone(tmp_path: Path) -> None:
    def sampler(trainer: pl.Trainer) -> torch.utils.data.Sampler:
        trainer.datamodule = ported.datamodule  # type: ignore[attr-defined]  # as `fit` does
        loader = ported.datamodule.val_dataloader()
        connector = trainer._data_connector  # Lightning's own way to a dataloader
        return connector._prepare_dataloader(loader, shuffle=False, mode=None).sampler

    ported = mmlight.from_config(Config(config(tmp_path)))
    own = pl.Trainer(**CPU, devices=2, strategy="ddp")
    assert type(sampler(own)) is not type(ported.runner.val_dataloader.sampler)
    keep_samplers(own)
    assert type(sampler(own)) is type(ported.runner.val_dataloader.sampler)
