"""A documented model and its optimizer wrappers as one LightningModule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.strategies import FSDPStrategy
from lightning.pytorch.trainer.states import TrainerFn
from torch.distributed.fsdp import FullyShardedDataParallel

from mmlight.bridge.attach import attach
from mmlight.bridge.checkpoint import documented_keys, exact_state, make_meta, optimizers_of
from mmlight.model import BaseModel, MMFullyShardedDataParallel, is_model_wrapper
from mmlight.model.state_dict import get_state_dict

_set_trainer: Any = pl.LightningModule.trainer.fset  # type: ignore[attr-defined]  # a property


class ModelModule(pl.LightningModule):
    """Runs ``model.train_step(batch, optim_wrapper)`` under any Lightning Trainer.

    Optimization is manual, since the optimizer wrapper does it. Weights are saved and loaded
    without a prefix, so a checkpoint of this module is a checkpoint of the model.

    Args:
        runner: The Runner that built the model; loops, evaluators and wrappers are taken from it.
    """

    def __init__(self, runner: Any) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.strict_loading = False
        self.model = runner.model
        self._runner = (runner,)  # in a tuple: it is no submodule and has no state here

    @property
    def runner(self) -> Any:
        """The Runner that built the model."""
        return self._runner[0]

    @property
    def trainer(self) -> pl.Trainer:
        """The Trainer that runs this module; one that sets it gets the loops and hooks of the run.

        A Trainer does so first of all, before it settles its limits and sets up callbacks.
        """
        return super().trainer

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
        """Let FSDP shard the model instead of this module.

        Around this module it would be in its forward pass while a training step goes backward.

        Raises:
            ValueError: If the model has a training step of its own.
        """
        strategy = self.trainer.strategy
        if not isinstance(strategy, FSDPStrategy) or is_model_wrapper(self.model):
            return
        if type(self.model).train_step is not BaseModel.train_step:
            raise ValueError(
                f"strategy='fsdp' cannot train {type(self.model).__name__}, whose train_step is "
                "its own: use strategy='ddp_find_unused_parameters_true'"
            )
        self.model = self.runner.model = MMFullyShardedDataParallel(
            self.model,
            cpu_offload=strategy.cpu_offload,
            mixed_precision=strategy.mixed_precision_config,
            sharding_strategy=strategy.sharding_strategy,
            device_id=strategy.root_device,
            **strategy.kwargs,
        )

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        """Return the optimizers of the wrapper, in its order."""
        return optimizers_of(self.runner)

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
            checkpoint.update(documented_keys(runner))
            checkpoint["mmlight"] = exact_state(runner)
            checkpoint["meta"] = make_meta(runner, checkpoint["mmlight"]["position"])
            runner.call_hook("before_save_checkpoint", checkpoint=checkpoint)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take everything but the weights from a checkpoint that the Trainer has read."""
        self.runner.resume_read(checkpoint, training=self.trainer.state.fn == TrainerFn.FITTING)
