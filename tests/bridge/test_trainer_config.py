"""Callbacks, loggers, plugins, profiler and strategy in the ``trainer`` of a config."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch import callbacks as pl_callbacks
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.plugins import MixedPrecision
from lightning.pytorch.plugins.environments import LightningEnvironment
from lightning.pytorch.plugins.io import TorchCheckpointIO
from lightning.pytorch.profilers import SimpleProfiler
from lightning.pytorch.strategies import DDPStrategy, SingleDeviceStrategy

from mmlight.bridge.checkpoint_io import AtomicCheckpointIO
from mmlight.bridge.progress_bar import RunnerProgressBar
from mmlight.bridge.trainer import make_trainer, trainer_kwargs
from mmlight.config import Config
from mmlight.hooks import EMAHook, Hook
from mmlight.registry import HOOKS, Registry
from mmlight.runner import Runner

from .parts import config

TEXT = """
trainer = dict(
    enable_progress_bar=False,
    callbacks=[
        dict(type='lightning.pytorch.callbacks.ModelCheckpoint', monitor='points/accuracy'),
        dict(type='EMAHook', priority='LOW'),
    ],
    logger=dict(type='lightning.pytorch.loggers.CSVLogger', save_dir=r'{folder}'),
    plugins=[dict(type='lightning.pytorch.plugins.io.TorchCheckpointIO')],
    profiler=dict(type='lightning.pytorch.profilers.SimpleProfiler'),
    strategy=dict(type='lightning.pytorch.strategies.SingleDeviceStrategy'),
)
"""

PURE = """
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.plugins.io import TorchCheckpointIO
from lightning.pytorch.profilers import SimpleProfiler
from lightning.pytorch.strategies import SingleDeviceStrategy
from mmlight.hooks import EMAHook, Hook
from mmlight.registry import HOOKS, Registry

trainer = dict(
    enable_progress_bar=False,
    callbacks=[
        dict(type=ModelCheckpoint, monitor='points/accuracy'),
        dict(type=EMAHook, priority='LOW'),
    ],
    logger=dict(type=CSVLogger, save_dir=r'{folder}'),
    plugins=[dict(type=TorchCheckpointIO)],
    profiler=dict(type=SimpleProfiler),
    strategy=dict(type=SingleDeviceStrategy),
)
"""


def runner_of(tmp_path: Path, **trainer: Any) -> Runner:
    trainer.setdefault("enable_progress_bar", False)
    return Runner.from_cfg(Config(config(tmp_path, trainer=trainer)))


def of(trainer: pl.Trainer, kind: type) -> list[Any]:
    return [one for one in trainer.callbacks if isinstance(one, kind)]  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", [TEXT, PURE], ids=["text", "pure"])
def test_a_config_file_describes_the_parts(tmp_path: Path, text: str) -> None:
    path = tmp_path / "exp.py"
    path.write_text(text.format(folder=tmp_path / "csv"))
    cfg = Config.fromfile(path)
    cfg.merge_from_dict(config(tmp_path / "run", trainer={}))
    trainer = Runner.from_cfg(cfg).trainer
    (checkpoints,) = of(trainer, pl_callbacks.ModelCheckpoint)
    assert checkpoints.monitor == "points/accuracy"
    (hook,) = of(trainer, EMAHook)
    assert hook.priority == "LOW"
    assert [type(logger) for logger in trainer.loggers] == [CSVLogger]
    assert type(trainer.strategy.checkpoint_io) is TorchCheckpointIO
    assert type(trainer.profiler) is SimpleProfiler
    assert type(trainer.strategy) is SingleDeviceStrategy


def test_one_object_needs_no_list(tmp_path: Path) -> None:
    timer, logger = pl_callbacks.Timer(), CSVLogger(tmp_path)
    trainer = runner_of(tmp_path, callbacks=timer, logger=logger).trainer
    assert of(trainer, pl_callbacks.Timer) == [timer]
    assert trainer.loggers == [logger]


def test_the_parts_are_built_once_for_every_trainer(tmp_path: Path) -> None:
    timer = {"type": "lightning.pytorch.callbacks.Timer"}
    runner = runner_of(tmp_path, callbacks=[timer])
    (first,) = of(runner.trainer, pl_callbacks.Timer)
    (again,) = of(pl.Trainer(**trainer_kwargs(runner)), pl_callbacks.Timer)
    assert again is first
    assert runner.cfg.trainer.callbacks == [timer]


@pytest.mark.parametrize(
    ("part", "value", "error", "parts"),
    [
        (
            "callbacks",
            [{"type": "ModelCheckpoint"}],
            KeyError,
            ["trainer.callbacks", "lightning.pytorch.callbacks.ModelCheckpoint"],
        ),
        ("logger", {"type": "CSVLogger"}, KeyError, ["lightning.pytorch.loggers.CSVLogger"]),
        (
            "callbacks",
            [{"type": "lightning.pytorch.callbacks.ModelCheckpont"}],
            KeyError,
            ["trainer.callbacks.0", "'ModelCheckpoint'"],
        ),
        (
            "callbacks",
            [{"type": "lightning.pytorch.callbacks.Timer", "intervall": "step"}],
            TypeError,
            ["trainer.callbacks.0", "'interval'"],
        ),
        (
            "callbacks",
            [{"type": "lightning.pytorch.callbacks.Timer", "priority": "LOW"}],
            TypeError,
            ["trainer.callbacks", "Timer is no hook"],
        ),
        ("logger", {"type": "LocalVisBackend", "save_dir": "x"}, TypeError, ["trainer.logger"]),
        ("callbacks", ["ModelCheckpoint"], TypeError, ["trainer.callbacks"]),
        ("plugins", {"type": "lightning.pytorch.callbacks.Timer"}, TypeError, ["trainer.plugins"]),
        ("strategy", 3, TypeError, ["trainer.strategy"]),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, part: str, value: Any, error: type[Exception], parts: list[str]
) -> None:
    with pytest.raises(error) as caught:
        runner_of(tmp_path, **{part: value})
    for text in parts:
        assert text in str(caught.value)


@pytest.mark.parametrize("described", [True, False])
def test_a_model_checkpoint_needs_no_further_word(tmp_path: Path, described: bool) -> None:
    name = "lightning.pytorch.callbacks.ModelCheckpoint"
    callback = {"type": name} if described else pl_callbacks.ModelCheckpoint()
    runner = runner_of(tmp_path, callbacks=[callback])
    assert len(of(runner.trainer, pl_callbacks.ModelCheckpoint)) == 1
    kwargs = trainer_kwargs(runner_of(tmp_path))
    assert make_trainer(kwargs, callbacks=pl_callbacks.ModelCheckpoint()).checkpoint_callback
    assert make_trainer(kwargs).checkpoint_callback is None
    assert make_trainer(kwargs, enable_checkpointing=True).checkpoint_callback


def test_no_checkpointing_beside_a_model_checkpoint(tmp_path: Path) -> None:
    callback = pl_callbacks.ModelCheckpoint()
    with pytest.raises(ValueError, match=r"enable_checkpointing=False.*ModelCheckpoint"):
        runner_of(tmp_path, callbacks=[callback], enable_checkpointing=False)
    kwargs = trainer_kwargs(runner_of(tmp_path, callbacks=[callback]))
    with pytest.raises(ValueError, match=r"enable_checkpointing=False.*ModelCheckpoint"):
        make_trainer(kwargs, enable_checkpointing=False)


@pytest.mark.parametrize("described", [True, False])
@pytest.mark.parametrize(
    ("switch", "name"),
    [("enable_checkpointing", "ModelCheckpoint"), ("enable_progress_bar", "TQDMProgressBar")],
)
def test_what_custom_hooks_do_is_not_switched_off(
    tmp_path: Path, switch: str, name: str, described: bool
) -> None:
    kind = getattr(pl_callbacks, name)
    hook = {"type": f"lightning.pytorch.callbacks.{name}"} if described else kind()
    cfg = config(tmp_path, custom_hooks=[hook], trainer={switch: False})
    with pytest.raises(ValueError, match=f"{switch}=False.*{name}.*custom_hooks"):
        Runner.from_cfg(Config(cfg))


def test_a_hook_of_the_configs_scope(tmp_path: Path) -> None:
    scope = Registry("hook", parent=HOOKS, scope="test_trainer_config")

    @scope.register_module()
    class HookOfScope(Hook):
        pass

    trainer = {"enable_progress_bar": False, "callbacks": [{"type": "HookOfScope"}]}
    cfg = config(tmp_path, default_scope="test_trainer_config", trainer=trainer)
    assert len(of(Runner.from_cfg(Config(cfg)).trainer, HookOfScope)) == 1


def test_progress_bars(tmp_path: Path) -> None:
    def bars(**trainer: Any) -> list[type]:
        runner = Runner.from_cfg(Config(config(tmp_path, trainer=trainer)))
        return [type(bar) for bar in of(runner.trainer, pl_callbacks.ProgressBar)]

    assert bars() == [RunnerProgressBar]
    assert bars(enable_progress_bar=None) == [RunnerProgressBar]
    assert bars(enable_progress_bar=False) == []
    assert bars(callbacks=[pl_callbacks.TQDMProgressBar()]) == [pl_callbacks.TQDMProgressBar]
    rich = {"type": "lightning.pytorch.callbacks.RichProgressBar"}
    assert bars(callbacks=[rich]) == [pl_callbacks.RichProgressBar]


def test_own_plugins_take_the_place_of_ours(tmp_path: Path) -> None:
    assert type(runner_of(tmp_path).trainer.strategy.checkpoint_io) is AtomicCheckpointIO
    own = TorchCheckpointIO()
    assert runner_of(tmp_path, plugins=own).trainer.strategy.checkpoint_io is own
    environment, precision = LightningEnvironment(), MixedPrecision("bf16-mixed", "cpu")
    trainer = runner_of(tmp_path, plugins=[environment, precision]).trainer
    assert type(trainer.strategy.checkpoint_io) is AtomicCheckpointIO
    assert trainer.precision_plugin is precision
    strategy = SingleDeviceStrategy(torch.device("cpu"), checkpoint_io=own)
    assert runner_of(tmp_path, strategy=strategy).trainer.strategy.checkpoint_io is own


@pytest.mark.parametrize("more", [{}, {"plugins": [TorchCheckpointIO()]}])
def test_a_strategy_object_serves_the_runner_and_then_a_trainer_of_ones_own(
    tmp_path: Path, more: dict
) -> None:
    strategy = DDPStrategy(parallel_devices=[torch.device("cpu")])
    runner = runner_of(tmp_path, accelerator="cpu", strategy=strategy, **more)
    assert runner.trainer.strategy is strategy
    plugin = strategy.checkpoint_io
    assert pl.Trainer(**trainer_kwargs(runner)).strategy is strategy
    assert make_trainer(trainer_kwargs(runner)).strategy.checkpoint_io is plugin


def test_lists_are_joined(tmp_path: Path) -> None:
    timer, mine = pl_callbacks.Timer(), pl.Callback()
    logger, other = CSVLogger(tmp_path), CSVLogger(tmp_path, name="other")
    kwargs = trainer_kwargs(runner_of(tmp_path, callbacks=[timer], logger=logger))
    given = {name: list(value) for name, value in kwargs.items() if isinstance(value, list)}
    trainer = make_trainer(kwargs, callbacks=[mine], logger=[other], max_epochs=9)
    assert of(trainer, pl.Callback)[:2] == [timer, mine]
    assert trainer.loggers == [logger, other]
    assert trainer.max_epochs == 9
    assert {name: kwargs[name] for name in given} == given
    assert make_trainer(kwargs, logger=False).loggers == []
    assert make_trainer(kwargs).loggers == [logger]
    with pytest.raises(ValueError, match=r"logger=True"):
        make_trainer(kwargs, logger=True)
