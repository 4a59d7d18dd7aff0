"""Schedulers of the learning rate."""

from __future__ import annotations

from typing import Any

from torch.optim import Optimizer

from mmlight.registry import PARAM_SCHEDULERS

from ..optimizer.base import BaseOptimWrapper
from .cosine_schedulers import CosineAnnealingParamScheduler, CosineRestartParamScheduler
from .factor_schedulers import (
    ConstantParamScheduler,
    ExponentialParamScheduler,
    LinearParamScheduler,
    PolyParamScheduler,
)
from .one_cycle_scheduler import OneCycleParamScheduler
from .plateau_scheduler import ReduceOnPlateauParamScheduler
from .step_schedulers import MultiStepParamScheduler, StepParamScheduler


class LRSchedulerMixin:
    """Make a parameter scheduler one of the learning rate.

    Args:
        optimizer (OptimWrapper or Optimizer): Whose learning rate to change.
        *args: Arguments of the parameter scheduler after ``param_name``.
        **kwargs: The same by name.
    """

    def __init__(self, optimizer: BaseOptimWrapper | Optimizer, *args: Any, **kwargs: Any) -> None:
        super().__init__(optimizer, "lr", *args, **kwargs)  # type: ignore[call-arg]


@PARAM_SCHEDULERS.register_module()
class ConstantLR(LRSchedulerMixin, ConstantParamScheduler):
    """Multiply the learning rate by a factor until ``end``.

    Args:
        optimizer (OptimWrapper or Optimizer): Whose learning rate to change.
        *args: Arguments of :class:`ConstantParamScheduler` after ``param_name``.
        **kwargs: The same by name.

    Example:
        >>> import torch
        >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0, momentum=0.8)
        >>> scheduler = ConstantLR(sgd, factor=0.5, end=2)
        >>> _ = sgd.step(), scheduler.step()
        >>> [round(value, 4) for value in scheduler.get_last_value()]
        [1.0]
    """


@PARAM_SCHEDULERS.register_module()
class CosineAnnealingLR(LRSchedulerMixin, CosineAnnealingParamScheduler):
    """Change the learning rate to ``eta_min`` along half a cosine wave of ``T_max`` steps.

    Args:
        optimizer (OptimWrapper or Optimizer): Whose learning rate to change.
        *args: Arguments of :class:`CosineAnnealingParamScheduler` after ``param_name``.
        **kwargs: The same by name.

    Example:
        >>> import torch
        >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0, momentum=0.8)
        >>> scheduler = CosineAnnealingLR(sgd, T_max=10)
        >>> _ = sgd.step(), scheduler.step()
        >>> [round(value, 4) for value in scheduler.get_last_value()]
        [0.9755]
    """


@PARAM_SCHEDULERS.register_module()
class CosineRestartLR(LRSchedulerMixin, CosineRestartParamScheduler):
    """Change the learning rate along a cosine that starts again at each period.

    Args:
        optimizer (OptimWrapper or Optimizer): Whose learning rate to change.
        *args: Arguments of :class:`CosineRestartParamScheduler` after ``param_name``.
        **kwargs: The same by name.

    Example:
        >>> import torch
        >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0, momentum=0.8)
        >>> scheduler = CosineRestartLR(
        ...     sgd, periods=[2, 2], restart_weights=[1, 0.5], eta_min=0)
        >>> _ = sgd.step(), scheduler.step()
        >>> [round(value, 4) for value in scheduler.get_last_value()]
        [0.5]
    """


@PARAM_SCHEDULERS.register_module()
class ExponentialLR(LRSchedulerMixin, ExponentialParamScheduler):
    """Multiply the learning rate by ``gamma`` at every step.

    Args:
        optimizer (OptimWrapper or Optimizer): Whose learning rate to change.
        *args: Arguments of :class:`ExponentialParamScheduler` after ``param_name``.
        **kwargs: The same by name.

    Example:
        >>> import torch
        >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0, momentum=0.8)
        >>> scheduler = ExponentialLR(sgd, gamma=0.5)
        >>> _ = sgd.step(), scheduler.step()
        >>> [round(value, 4) for value in scheduler.get_last_value()]
        [0.5]
    """


@PARAM_SCHEDULERS.register_module()
class LinearLR(LRSchedulerMixin, LinearParamScheduler):
    """Change the learning rate linearly, from one multiple of it to another at ``end``.

    Args:
        optimizer (OptimWrapper or Optimizer): Whose learning rate to change.
        *args: Arguments of :class:`LinearParamScheduler` after ``param_name``.
        **kwargs: The same by name.

    Example:
        >>> import torch
        >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0, momentum=0.8)
        >>> scheduler = LinearLR(sgd, start_factor=0.5, end=3)
        >>> _ = sgd.step(), scheduler.step()
        >>> [round(value, 4) for value in scheduler.get_last_value()]
        [0.75]
    """


@PARAM_SCHEDULERS.register_module()
class MultiStepLR(LRSchedulerMixin, MultiStepParamScheduler):
    """Multiply the learning rate by ``gamma`` at each milestone.

    Args:
        optimizer (OptimWrapper or Optimizer): Whose learning rate to change.
        *args: Arguments of :class:`MultiStepParamScheduler` after ``param_name``.
        **kwargs: The same by name.

    Example:
        >>> import torch
        >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0, momentum=0.8)
        >>> scheduler = MultiStepLR(sgd, milestones=[1], gamma=0.5)
        >>> _ = sgd.step(), scheduler.step()
        >>> [round(value, 4) for value in scheduler.get_last_value()]
        [0.5]
    """


@PARAM_SCHEDULERS.register_module()
class OneCycleLR(LRSchedulerMixin, OneCycleParamScheduler):
    """Raise the learning rate to ``eta_max`` and then lower it far below its first value.

    Args:
        optimizer (OptimWrapper or Optimizer): Whose learning rate to change.
        *args: Arguments of :class:`OneCycleParamScheduler` after ``param_name``.
        **kwargs: The same by name.

    Example:
        >>> import torch
        >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0, momentum=0.8)
        >>> scheduler = OneCycleLR(sgd, eta_max=1.0, total_steps=5)
        >>> _ = sgd.step(), scheduler.step()
        >>> [round(value, 4) for value in scheduler.get_last_value()]
        [0.9505]
    """


@PARAM_SCHEDULERS.register_module()
class PolyLR(LRSchedulerMixin, PolyParamScheduler):
    """Change the learning rate to ``eta_min`` along a polynomial.

    Args:
        optimizer (OptimWrapper or Optimizer): Whose learning rate to change.
        *args: Arguments of :class:`PolyParamScheduler` after ``param_name``.
        **kwargs: The same by name.

    Example:
        >>> import torch
        >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0, momentum=0.8)
        >>> scheduler = PolyLR(sgd, power=2, end=3)
        >>> _ = sgd.step(), scheduler.step()
        >>> [round(value, 4) for value in scheduler.get_last_value()]
        [0.25]
    """


@PARAM_SCHEDULERS.register_module()
class ReduceOnPlateauLR(LRSchedulerMixin, ReduceOnPlateauParamScheduler):
    """Multiply the learning rate by ``factor`` when a metric has stopped improving.

    Args:
        optimizer (OptimWrapper or Optimizer): Whose learning rate to change.
        *args: Arguments of :class:`ReduceOnPlateauParamScheduler` after ``param_name``.
        **kwargs: The same by name.

    Example:
        >>> import torch
        >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0, momentum=0.8)
        >>> scheduler = ReduceOnPlateauLR(sgd, patience=0)
        >>> _ = sgd.step(), scheduler.step({"loss": 1.0})
        >>> [round(value, 4) for value in scheduler.get_last_value()]
        [1.0]
    """


@PARAM_SCHEDULERS.register_module()
class StepLR(LRSchedulerMixin, StepParamScheduler):
    """Multiply the learning rate by ``gamma`` every ``step_size`` steps.

    Args:
        optimizer (OptimWrapper or Optimizer): Whose learning rate to change.
        *args: Arguments of :class:`StepParamScheduler` after ``param_name``.
        **kwargs: The same by name.

    Example:
        >>> import torch
        >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0, momentum=0.8)
        >>> scheduler = StepLR(sgd, step_size=1, gamma=0.5)
        >>> _ = sgd.step(), scheduler.step()
        >>> [round(value, 4) for value in scheduler.get_last_value()]
        [0.5]
    """
