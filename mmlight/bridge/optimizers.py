"""Optimizer wrappers that a LightningModule's ``configure_optimizers`` returns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from lightning.pytorch.core import optimizer as configuration
from lightning.pytorch.core.optimizer import LightningOptimizer
from lightning.pytorch.plugins.precision import MixedPrecision

from mmlight.bridge.stepper import StrategyStepper
from mmlight.optim.optimizer.optimizer_wrapper import OptimWrapper
from mmlight.optim.optimizer.optimizer_wrapper_dict import OptimWrapperDict

_configure = configuration._configure_optimizers


def accept_wrappers() -> None:
    """Have Lightning take optimizer wrappers, and dicts of them, where it takes optimizers."""
    # Private, but the one place where Lightning takes apart what configure_optimizers returned.
    configuration._configure_optimizers = _configure_wrappers


def _configure_wrappers(optim_conf: Any) -> tuple[list[Any], list[Any], str | None]:
    optimizers, schedulers, monitor = _configure(_with_lists(optim_conf))
    return [_for_lightning(optimizer) for optimizer in optimizers], schedulers, monitor


def _with_lists(returned: Any) -> Any:
    """Put the wrappers of a dict, and the schedulers that belong to them, into lists."""
    if isinstance(returned, OptimWrapperDict):
        return list(returned.values())
    is_pair = isinstance(returned, list | tuple) and len(returned) == 2
    if not is_pair or not isinstance(returned[0], OptimWrapperDict):
        return returned
    wrappers, schedulers = returned
    if isinstance(schedulers, dict) and "scheduler" not in schedulers:
        groups = [one if isinstance(one, list) else [one] for one in schedulers.values()]
        schedulers = [scheduler for group in groups for scheduler in group]
    return list(wrappers.values()), schedulers


def _for_lightning(optimizer: Any) -> Any:
    return WrapperOptimizer(optimizer) if isinstance(optimizer, OptimWrapper) else optimizer


class WrapperOptimizer(LightningOptimizer):
    """An optimizer wrapper as ``self.optimizers()`` gives it to a LightningModule.

    It has all that the wrapper has. Whether the module updates parameters through this or through
    the wrapper, strategy, precision and the hooks of module and callbacks take part, and
    ``trainer.global_step`` counts.

    Args:
        wrapper: The wrapper.
    """

    def __init__(self, wrapper: OptimWrapper) -> None:
        super().__init__(wrapper)  # type: ignore[arg-type]
        # Lightning's class imitates that of the optimizer, whose methods would then keep their
        # counts here. So each name that is not Lightning's is looked up in the wrapper.
        self.__class__ = WrapperOptimizer

    def __eq__(self, other: object) -> bool:
        # Lightning looks for the optimizer of a scheduler, which is the wrapper, among those
        # that were returned.
        return other is self or other is self._optimizer

    def __hash__(self) -> int:
        return id(self)

    @property
    def _strategy(self) -> Any:  # type: ignore[override]
        return self.__dict__["_strategy"]

    @_strategy.setter
    def _strategy(self, strategy: Any) -> None:
        # Private: this is how Lightning hands a strategy over, at the beginning of `fit`.
        self.__dict__["_strategy"] = strategy
        if strategy is not None:
            wrapper: Any = self._optimizer
            _check(wrapper, strategy)
            trainer = strategy.lightning_module.trainer
            wrapper.stepper = _CountingStepper(trainer, wrapper, self)

    def step(self, closure: Callable[[], Any] | None = None, **kwargs: Any) -> Any:
        """Take a step: of gradients that are there, or of those that ``closure`` computes."""
        wrapper: Any = self._optimizer
        if closure is None:
            return wrapper.step(**kwargs)
        if wrapper.clip_grad_kwargs:
            closure = _clipping(wrapper, closure)
        self._on_before_step()
        output = self._strategy.optimizer_step(wrapper.optimizer, closure, **kwargs)
        self._on_after_step()
        return output


class _CountingStepper(StrategyStepper):
    """Tells Lightning's loop of each step that a module takes by itself."""

    def __init__(self, trainer: Any, wrapper: OptimWrapper, optimizer: WrapperOptimizer) -> None:
        super().__init__(trainer, wrapper)
        self.optimizer = optimizer

    def step(self, optimizer: torch.optim.Optimizer, **kwargs: Any) -> None:
        # Private: the loop puts its counting there before each training step.
        self.optimizer._on_before_step()
        super().step(optimizer, **kwargs)
        self.optimizer._on_after_step()


def _clipping(wrapper: Any, closure: Callable[[], Any]) -> Callable[[], Any]:
    def clip_after() -> Any:
        loss = closure()
        wrapper._clip_grad()
        return loss

    return clip_after


def _check(wrapper: Any, strategy: Any) -> None:
    """Refuse what a Trainer does by itself, in another way."""
    name = type(wrapper).__name__
    plugin = strategy.precision_plugin
    counts = wrapper._accumulative_counts
    if strategy.lightning_module.automatic_optimization:
        if counts > 1:
            raise ValueError(
                f"{name}(accumulative_counts={counts}) cannot accumulate where Lightning calls "
                f"backward and step: write Trainer(accumulate_grad_batches={counts}), or use "
                "manual optimization with self.optimizers().update_params(loss)"
            )
        if hasattr(wrapper, "loss_scaler"):
            raise ValueError(
                f"{name} cannot cast and scale where Lightning calls forward and backward: write "
                "Trainer(precision='16-mixed') and type='OptimWrapper', or use manual "
                "optimization with self.optimizers().update_params(loss)"
            )
    if isinstance(plugin, MixedPrecision):
        if hasattr(wrapper, "loss_scaler"):
            raise ValueError(
                f"{name} and Trainer(precision={plugin.precision!r}) would both cast and scale: "
                "use type='OptimWrapper', or leave the precision out"
            )
        if wrapper.clip_grad_kwargs and plugin.scaler:
            raise ValueError(
                f"clip_grad of {name} would clip gradients that "
                f"Trainer(precision={plugin.precision!r}) holds scaled: write "
                "Trainer(gradient_clip_val=...), or with manual optimization leave the precision "
                "out and use type='AmpOptimWrapper'"
            )
