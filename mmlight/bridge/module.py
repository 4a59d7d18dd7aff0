"""A documented model and its optimizer wrappers as one LightningModule."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import BaseFinetuning
from lightning.pytorch.trainer.states import TrainerFn
from torch.distributed.fsdp import FullyShardedDataParallel

from mmlight.bridge.attach import TrainingPlan, attach
from mmlight.bridge.callbacks import callbacks_of
from mmlight.bridge.checkpoint import (
    exact_state,
    make_meta,
    optimizers_of,
    states_of_training,
)
from mmlight.bridge.processes import warn_of_wrapping
from mmlight.bridge.sharding import has_shards, is_sharded, shard
from mmlight.config import Config
from mmlight.fileio.checkpoint_file import read_checkpoint
from mmlight.model import is_model_wrapper
from mmlight.model.state_dict import get_state_dict
from mmlight.registry import RUNNERS

_set_trainer: Any = pl.LightningModule.trainer.fset  # type: ignore[attr-defined]  # a property


_NOT_COPIED = ("_runner", "plan", "_trainer")


class NotThereError(RuntimeError, AttributeError):
    """A module has no Trainer, or no run: Lightning's error, which ``hasattr`` understands too."""


class ModelModule(pl.LightningModule):
    """Runs ``model.train_step(batch, optim_wrapper)`` under any Lightning Trainer.

    Optimization is manual, since the optimizer wrapper does it. Weights are saved and loaded
    without a prefix, so a checkpoint of this module is a checkpoint of the model. Attributes that
    the module does not have are looked for in the model.

    A copy (``copy.deepcopy``) has weights of its own and no run: it predicts and is exported, but
    no Trainer trains it.

    Args:
        runner: The Runner that built the model; loops, evaluators and wrappers are taken from it.
    """

    def __init__(self, runner: Any) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.strict_loading = False
        self.model = runner.model
        self._runner = (runner,)  # in a tuple: it is no submodule and has no state here
        self.plan = TrainingPlan(runner)
        self.register_load_state_dict_pre_hook(_load_without_prefix)

    @classmethod
    def load_from_checkpoint(  # type: ignore[override]  # there are no hyperparameters here
        cls,
        checkpoint_path: Any,
        map_location: Any = "cpu",
        strict: bool = True,
        weights_only: bool = True,
        **changes: Any,
    ) -> ModelModule:
        """Rebuild the module of a checkpoint from the config in it, with the saved weights.

        Args:
            checkpoint_path: A file that CheckpointHook or ModelCheckpoint wrote. Its config is
                Python, which is run.
            map_location: Where its tensors go first, as for :func:`torch.load`.
            strict: Whether each weight must have its counterpart.
            weights_only: False also reads types that can run code; only for files you trust.
            **changes: Other values for keys of the config, such as ``work_dir``.

        Raises:
            ValueError: If there is no config in the file, or none that can be read again.

        Example:
            >>> ModelModule.load_from_checkpoint("epoch_3.pth", work_dir="out")  # doctest: +SKIP
        """
        checkpoint = read_checkpoint(checkpoint_path, map_location, weights_only=weights_only)
        cfg = _config_in(checkpoint, checkpoint_path)
        cfg.merge_from_dict(changes)
        module: ModelModule = RUNNERS.get("Runner").from_cfg(cfg).module
        module.load_state_dict(checkpoint["state_dict"], strict=strict)
        return module

    @property
    def runner(self) -> Any:
        """The Runner that built the model.

        Raises:
            NotThereError: If this is a copy.
        """
        if self._runner is None:
            raise NotThereError(
                f"a copy of a {type(self).__name__} has no run, which is not copied: train and "
                "evaluate the module that mmlight.from_config returned, or another of its modules"
            )
        return self._runner[0]

    def __deepcopy__(self, memo: dict[int, Any]) -> ModelModule:
        copied = memo[id(self)] = type(self).__new__(type(self))
        for name, value in {**self.__getstate__(), **dict.fromkeys(_NOT_COPIED)}.items():
            copied.__dict__[name] = copy.deepcopy(value, memo)
        return copied

    def __getattr__(self, name: str) -> Any:
        """Look into the model for what callbacks and scripts expect here, such as ``backbone``."""
        if hasattr(type(self), name):  # a property has failed: again, for its own error
            return object.__getattribute__(self, name)
        modules = self.__dict__.get("_modules", {})
        if name in modules or "model" not in modules or name.startswith("__"):
            return super().__getattr__(name)
        model = modules["model"]
        return getattr(model.module if is_model_wrapper(model) else model, name)

    @property
    def training(self) -> bool:  # type: ignore[override]  # what loops switch is the model
        """Whether the model is in training mode."""
        result: bool = self.model.training
        return result

    @training.setter
    def training(self, mode: bool) -> None:
        """Leave it to the model, to which torch goes on."""

    @property
    def trainer(self) -> pl.Trainer:
        """The Trainer that runs this module; one that sets it gets the loops and hooks of the run.

        A Trainer does so first of all, before it settles its limits and sets up callbacks.

        Raises:
            NotThereError: If no Trainer has the module.
        """
        try:
            return super().trainer
        except RuntimeError as error:  # torch.jit.trace asks each attribute whether it is there
            raise NotThereError(str(error)) from error

    @trainer.setter
    def trainer(self, trainer: pl.Trainer | None) -> None:
        _set_trainer(self, trainer)
        if trainer is not None:
            attach(trainer, self.runner)

    def state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """Return the state of the model itself, without a trace of wrappers."""
        gathers = isinstance(self.model, FullyShardedDataParallel)
        if is_model_wrapper(self.model) and not gathers:
            return get_state_dict(self.model, *args, **kwargs)
        return self.model.state_dict(*args, **kwargs)

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> Any:
        """Load the state of the model itself."""
        return self.model.load_state_dict(state_dict, strict=strict, assign=assign)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Do nothing: a Trainer that starts would clear gradients pending since a checkpoint."""

    def configure_model(self) -> None:
        """Split the model, and its optimizers, if the strategy does so.

        FSDP splits the model instead of this module: around this module it would be in its forward
        pass while a training step goes backward.

        Raises:
            ValueError: If the strategy cannot train such a model, or a hook averages it.
        """
        runner, trainer = self.runner, self.trainer
        if trainer.world_size > 1 and not is_model_wrapper(self.model):
            warn_of_wrapping(runner)
        if not is_sharded(trainer) or has_shards(self.model):
            return
        for hook in runner.hooks:
            if hasattr(hook, "ema_model"):  # a whole copy, which no part of the model fits
                raise ValueError(
                    f"{type(hook).__name__} cannot average a model that "
                    f"{type(trainer.strategy).__name__} splits (config keys: custom_hooks, "
                    "trainer.strategy): leave it out, or use strategy='ddp'"
                )
        optimizers = optimizers_of(runner) if trainer.state.fn == TrainerFn.FITTING else []
        self.model = runner.model = shard(self.model, optimizers, trainer.strategy)

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        """Return the optimizers of the wrapper, in its order."""
        optimizers = optimizers_of(self.runner)
        if any(isinstance(callback, BaseFinetuning) for callback in callbacks_of(self.trainer)):
            for optimizer in optimizers:
                _leave_out_frozen(optimizer)
        return optimizers

    def train_dataloader(self) -> Any:
        """Return the config's training data, for a Trainer that was given none."""
        return self.runner.datamodule.train_dataloader()

    def val_dataloader(self) -> Any:
        """Return the config's validation data, for a Trainer that was given none."""
        return self.runner.datamodule.val_dataloader()

    def test_dataloader(self) -> Any:
        """Return the config's test data, for a Trainer that was given none."""
        return self.runner.datamodule.test_dataloader()

    def predict_dataloader(self) -> Any:
        """Return the config's test or validation data, for a Trainer that was given none."""
        return self.runner.datamodule.predict_dataloader()

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Call the model."""
        return self.model(*args, **kwargs)

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        """Update the model on ``batch`` and return its log variables."""
        return self.model.train_step(batch, optim_wrapper=self.runner.optim_wrapper)

    def validation_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> Any:
        """Predict ``batch``; the documented loop gives the predictions to its evaluator."""
        return self.model.val_step(batch)

    def test_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> Any:
        """Predict ``batch``; the documented loop gives the predictions to its evaluator."""
        return self.model.test_step(batch)

    def predict_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> Any:
        """Return the predictions for ``batch``."""
        return self.model.test_step(batch)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add the documented keys to a checkpoint that the Trainer writes."""
        runner = self.runner
        if "mmlight" not in checkpoint:
            # Lightning has the weights already, or a callback such as WeightAveraging others.
            checkpoint.update(states_of_training(runner))
            checkpoint["mmlight"] = exact_state(runner)
            checkpoint["meta"] = make_meta(runner, checkpoint["mmlight"]["position"])
            runner.call_hook("before_save_checkpoint", checkpoint=checkpoint)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take everything but the weights from a checkpoint that the Trainer has read."""
        training = self.trainer.state.fn == TrainerFn.FITTING
        self.runner.checkpoints.resume_read(checkpoint, training)


def _load_without_prefix(
    module: ModelModule, state_dict: dict[str, Any], prefix: str, *_: Any
) -> None:
    """Load the weights of a module in another one, such as an average, as they were saved there."""
    inner = "model.module." if is_model_wrapper(module.model) else "model."
    for name in [name for name in state_dict if name.startswith(prefix)]:
        state_dict[f"{prefix}{inner}{name[len(prefix) :]}"] = state_dict.pop(name)


def _leave_out_frozen(optimizer: torch.optim.Optimizer) -> None:
    """Leave to a finetuning callback what it has frozen and will add as a group of its own."""
    for group in optimizer.param_groups:
        group["params"] = [one for one in group["params"] if one.requires_grad]


def _config_in(checkpoint: dict[str, Any], path: Any) -> Config:
    text = checkpoint.get("meta", {}).get("cfg")
    instead = "load its weights into the module of mmlight.from_config by Trainer(...).test(..., \
ckpt_path=...) or module.load_state_dict"
    if not text:
        raise ValueError(f"{path} has no config in meta['cfg']: {instead}")
    try:
        return Config.fromstring(text, ".py")
    except Exception as error:  # the config runs as Python: anything can happen
        raise ValueError(
            f"the config in {path} cannot be read again, as one with objects in it: {instead}"
        ) from error
