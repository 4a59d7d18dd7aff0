"""The pieces of a config for a Lightning Trainer of the user's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningDataModule, LightningModule

from mmlight.bridge.lightning_events import HookEvents
from mmlight.bridge.trainer import derived_kwargs
from mmlight.config import Config

from .runner import Runner


@dataclass(frozen=True)
class Ported:
    """What a Trainer needs of a config."""

    module: LightningModule
    """The model with its optimizers, as a LightningModule."""
    datamodule: LightningDataModule
    """The dataloaders."""
    callbacks: list[Callback]
    """The hooks and Lightning callbacks, already part of ``trainer_kwargs``."""
    trainer_kwargs: dict[str, Any]
    """Arguments for ``lightning.pytorch.Trainer``."""
    runner: Runner
    """The Runner that built all this; it runs nothing itself."""


def from_config(cfg: Config | dict | str | Path) -> Ported:
    """Turn a config into the pieces for a Trainer of your own.

    Args:
        cfg: A config, or the path of one.

    Returns:
        Ported: ``module``, ``datamodule``, ``callbacks`` and ``trainer_kwargs``.

    Example:
        >>> import lightning.pytorch as pl
        >>> ported = from_config("configs/dcgan/dcgan_digits-32x32.py")  # doctest: +SKIP
        >>> trainer = pl.Trainer(**ported.trainer_kwargs, strategy="ddp")  # doctest: +SKIP
        >>> trainer.fit(ported.module, ported.datamodule)  # doctest: +SKIP
    """
    if isinstance(cfg, str | Path):
        cfg = Config.fromfile(cfg)
    runner = Runner.from_cfg(cfg)
    events = HookEvents(runner)
    kwargs = derived_kwargs(runner)
    kwargs["callbacks"] = [events, *kwargs["callbacks"]]
    if runner.cfg.get("val_cfg") is None:
        kwargs["limit_val_batches"] = 0
    kwargs.update(runner.cfg.get("trainer") or {})
    return Ported(runner.module, runner.datamodule, kwargs["callbacks"], kwargs, runner)
