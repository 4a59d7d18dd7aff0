"""The pieces of a config for a Lightning Trainer of the user's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningDataModule, LightningModule, Trainer

from mmlight.bridge.trainer import make_trainer, trainer_kwargs
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
    """The Runner that built all this."""

    def __repr__(self) -> str:
        model = type(self.runner.model).__name__
        callbacks = ", ".join(type(callback).__name__ for callback in self.callbacks)
        arguments = ", ".join(self.trainer_kwargs)
        return f"Ported({model}, callbacks: {callbacks or 'none'}; trainer_kwargs: {arguments})"

    def trainer(self, **more: Any) -> Trainer:
        """Return a Trainer for the pieces.

        Args:
            **more: Arguments of ``lightning.pytorch.Trainer``, over those that the config implies;
                callbacks, plugins and loggers are added to the config's.

        Raises:
            TypeError: If the Trainer does not take an argument.
            ValueError: If an argument cannot be obeyed.
        """
        return make_trainer(self.trainer_kwargs, **more)


def from_config(cfg: Config | dict[str, Any] | str | Path, strict: bool = False) -> Ported:
    """Turn a config into the pieces for a Trainer of your own.

    Args:
        cfg: A config, or the path of one.
        strict: Whether a key without effect is an error.

    Returns:
        Ported: ``module``, ``datamodule``, ``callbacks``, ``trainer_kwargs`` and ``trainer()``. The
        module brings its loops and hooks into any Trainer.

    Example:
        >>> ported = from_config("configs/dcgan/dcgan_digits-32x32.py")  # doctest: +SKIP
        >>> trainer = ported.trainer(strategy="ddp")  # doctest: +SKIP
        >>> trainer.fit(ported.module, ported.datamodule)  # doctest: +SKIP
    """
    if isinstance(cfg, str | Path):
        cfg = Config.fromfile(cfg)
    runner = Runner.from_cfg(cfg, strict)
    callbacks = [*runner.hooks, *runner.lightning_callbacks]
    kwargs = trainer_kwargs(runner)
    return Ported(runner.module, runner.datamodule, callbacks, kwargs, runner)
