"""Training steps that go through a strategy or a precision plugin, where one must be in between."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.plugins.precision import MixedPrecision, Precision
from lightning.pytorch.strategies import SingleDeviceStrategy
from torch import nn
from torch.distributed.fsdp import FullyShardedDataParallel
from torch.nn.parallel import DistributedDataParallel
from torch.optim import Optimizer

from mmlight.bridge.callbacks import overriding
from mmlight.bridge.processes import ModelWrapperStrategy
from mmlight.model.bare_model import bare_model

_STEP_EVENTS = ("on_before_backward", "on_after_backward", "on_before_optimizer_step")
"""Events of Lightning's callbacks inside a training step."""


def is_plain(trainer: Trainer) -> bool:
    """Tell whether a step on this Trainer is nothing but torch, in full precision."""
    return (
        type(trainer.strategy) in (SingleDeviceStrategy, ModelWrapperStrategy)
        and type(trainer.precision_plugin) is Precision
        and not any(overriding(trainer, event) for event in _STEP_EVENTS)
    )


class StrategyStepper:
    """Takes the backward pass and the step of an optimizer wrapper through a Trainer.

    Args:
        trainer: The Trainer.
        wrapper: The optimizer wrapper.
    """

    def __init__(self, trainer: Trainer, wrapper: Any) -> None:
        self.trainer = trainer
        self.wrapper = wrapper

    def backward(self, loss: torch.Tensor, **kwargs: Any) -> None:
        """Compute gradients of ``loss``, scaled if the precision needs it.

        Where DDP is around the LightningModule, they are averaged over the processes only if an
        update is due: the strategy asks DDP for that right before it goes backward.
        """
        strategy = self.trainer.strategy
        around = strategy.model
        if isinstance(around, DistributedDataParallel) and not self.wrapper.should_sync():
            with around.no_sync():
                strategy.backward(loss, None, **kwargs)
        else:
            strategy.backward(loss, None, **kwargs)

    def step(self, optimizer: Optimizer, **kwargs: Any) -> None:
        """Apply the gradients of ``optimizer``."""
        module = self.trainer.lightning_module
        self.trainer.strategy.optimizer_step(optimizer, _nothing, model=module, **kwargs)

    def no_sync(self, model: nn.Module) -> AbstractContextManager[Any]:
        """Give a context for a forward pass after which gradients stay in this process.

        FSDP, which would keep them whole, may split them: they add up to the same.
        """
        split = isinstance(model, FullyShardedDataParallel)
        block = None if split else getattr(model, "no_sync", None)
        return block() if block else nullcontext()


def _nothing() -> None:
    """A closure for optimizers whose gradients are there already."""


def connect(trainer: Trainer, optim_wrapper: Any) -> None:
    """Let ``optim_wrapper``, or each of a dict of them, step through ``trainer`` if it must.

    Raises:
        ValueError: If gradients would be clipped while a scaler holds them scaled.
    """
    plain = is_plain(trainer)
    plugin = trainer.precision_plugin
    for wrapper in getattr(optim_wrapper, "optim_wrappers", {"": optim_wrapper}).values():
        if hasattr(wrapper, "loss_scaler") and isinstance(plugin, MixedPrecision):
            continue  # it scales and casts by itself
        wrapper.stepper = None if plain else StrategyStepper(trainer, wrapper)
        if wrapper.clip_grad_kwargs and isinstance(plugin, MixedPrecision) and plugin.scaler:
            raise ValueError(
                "clip_grad of an OptimWrapper cannot be combined with "
                f"trainer=dict(precision={trainer.precision!r}), which scales the gradients: "
                "leave the precision out and use type='AmpOptimWrapper'"
            )


class BatchConversion:
    """Gives a model its inputs in the type that the Trainer's precision has, such as float64.

    Lightning converts a batch before it goes to the device, where ours may still be images of
    whole numbers: here it is what the data preprocessor returns.

    Args:
        trainer: The Trainer.
        model: The model.
    """

    def __init__(self, trainer: Trainer, model: nn.Module) -> None:
        convert = trainer.precision_plugin.convert_input
        preprocessor = getattr(bare_model(model), "data_preprocessor", None)
        self._handle = None
        if isinstance(preprocessor, nn.Module) and type(trainer.precision_plugin) is not Precision:
            self._handle = preprocessor.register_forward_hook(lambda _, args, data: convert(data))

    def remove(self) -> None:
        """Leave the model's inputs as they are from now on."""
        if self._handle is not None:
            self._handle.remove()
