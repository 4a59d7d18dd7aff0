"""Schedulers of the momentum."""

from __future__ import annotations

from typing import Any

from torch.optim import Optimizer

from mmlight.registry import PARAM_SCHEDULERS

from ..optimizer.base import BaseOptimWrapper
from .base_scheduler import _check_optimizer, _ParamScheduler
from .cosine_schedulers import CosineAnnealingParamScheduler, CosineRestartParamScheduler
from .factor_schedulers import (
    ConstantParamScheduler,
    ExponentialParamScheduler,
    LinearParamScheduler,
    PolyParamScheduler,
)
from .plateau_scheduler import ReduceOnPlateauParamScheduler
from .step_schedulers import MultiStepParamScheduler, StepParamScheduler


class MomentumSchedulerMixin(_ParamScheduler):
    """Make a parameter scheduler one of the momentum.

    Of an optimizer with ``betas``, such as Adam, it schedules the first.

    Args:
        optimizer (OptimWrapper or Optimizer): Whose momentum to change.
        *args: Arguments of the parameter scheduler after ``param_name``.
        **kwargs: The same by name.

    Raises:
        ValueError: If the optimizer has neither ``momentum`` nor ``betas``.
    """

    def __init__(self, optimizer: BaseOptimWrapper | Optimizer, *args: Any, **kwargs: Any) -> None:
        _check_optimizer(optimizer)
        self.use_betas = "momentum" not in optimizer.defaults
        if self.use_betas:
            if "betas" not in optimizer.defaults:
                raise ValueError(
                    "optimizer must support momentum when using momentum scheduler, but the "
                    f"settings are {list(optimizer.defaults)}"
                )
            for group in optimizer.param_groups:
                group["momentum"] = group["betas"][0]
        super().__init__(optimizer, "momentum", *args, **kwargs)

    def _set_values(self, values: list[Any]) -> None:
        super()._set_values(values)
        if self.use_betas:
            for group in self.optimizer.param_groups:
                group["betas"] = (group["momentum"], *group["betas"][1:])


@PARAM_SCHEDULERS.register_module()
class ConstantMomentum(MomentumSchedulerMixin, ConstantParamScheduler):
    """Multiply the momentum by a factor until ``end``.

    Args:
        optimizer (OptimWrapper or Optimizer): Whose momentum to change.
        *args: Arguments of :class:`ConstantParamScheduler` after ``param_name``.
        **kwargs: The same by name.

    Example:
        >>> import torch
        >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0, momentum=0.8)
        >>> scheduler = ConstantMomentum(sgd, factor=0.5, end=2)
        >>> _ = sgd.step(), scheduler.step()
        >>> [round(value, 4) for value in scheduler.get_last_value()]
        [0.8]
    """


@PARAM_SCHEDULERS.register_module()
class CosineAnnealingMomentum(MomentumSchedulerMixin, CosineAnnealingParamScheduler):
    """Change the momentum to ``eta_min`` along half a cosine wave of ``T_max`` steps.

    Args:
        optimizer (OptimWrapper or Optimizer): Whose momentum to change.
        *args: Arguments of :class:`CosineAnnealingParamScheduler` after ``param_name``.
        **kwargs: The same by name.

    Example:
        >>> import torch
        >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0, momentum=0.8)
        >>> scheduler = CosineAnnealingMomentum(sgd, T_max=10)
        >>> _ = sgd.step(), scheduler.step()
        >>> [round(value, 4) for value in scheduler.get_last_value()]
        [0.7804]
    """


@PARAM_SCHEDULERS.register_module()
class CosineRestartMomentum(MomentumSchedulerMixin, CosineRestartParamScheduler):
    """Change the momentum along a cosine that starts again at each period.

    Args:
        optimizer (OptimWrapper or Optimizer): Whose momentum to change.
        *args: Arguments of :class:`CosineRestartParamScheduler` after ``param_name``.
        **kwargs: The same by name.

    Example:
        >>> import torch
        >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0, momentum=0.8)
        >>> scheduler = CosineRestartMomentum(
        ...     sgd, periods=[2, 2], restart_weights=[1, 0.5], eta_min=0)
        >>> _ = sgd.step(), scheduler.step()
        >>> [round(value, 4) for value in scheduler.get_last_value()]
        [0.4]
    """


@PARAM_SCHEDULERS.register_module()
class ExponentialMomentum(MomentumSchedulerMixin, ExponentialParamScheduler):
    """Multiply the momentum by ``gamma`` at every step.

    Args:
        optimizer (OptimWrapper or Optimizer): Whose momentum to change.
        *args: Arguments of :class:`ExponentialParamScheduler` after ``param_name``.
        **kwargs: The same by name.

    Example:
        >>> import torch
        >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0, momentum=0.8)
        >>> scheduler = ExponentialMomentum(sgd, gamma=0.5)
        >>> _ = sgd.step(), scheduler.step()
        >>> [round(value, 4) for value in scheduler.get_last_value()]
        [0.4]
    """


@PARAM_SCHEDULERS.register_module()
class LinearMomentum(MomentumSchedulerMixin, LinearParamScheduler):
    """Change the momentum linearly, from one multiple of it to another at ``end``.

    Args:
        optimizer (OptimWrapper or Optimizer): Whose momentum to change.
        *args: Arguments of :class:`LinearParamScheduler` after ``param_name``.
        **kwargs: The same by name.

    Example:
        >>> import torch
        >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0, momentum=0.8)
        >>> scheduler = LinearMomentum(sgd, start_factor=0.5, end=3)
        >>> _ = sgd.step(), scheduler.step()
        >>> [round(value, 4) for value in scheduler.get_last_value()]
        [0.6]
    """


@PARAM_SCHEDULERS.register_module()
class MultiStepMomentum(MomentumSchedulerMixin, MultiStepParamScheduler):
    """Multiply the momentum by ``gamma`` at each milestone.

    Args:
        optimizer (OptimWrapper or Optimizer): Whose momentum to change.
        *args: Arguments of :class:`MultiStepParamScheduler` after ``param_name``.
        **kwargs: The same by name.

    Example:
        >>> import torch
        >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0, momentum=0.8)
        >>> scheduler = MultiStepMomentum(sgd, milestones=[1], gamma=0.5)
        >>> _ = sgd.step(), scheduler.step()
        >>> [round(value, 4) for value in scheduler.get_last_value()]
        [0.4]
    """


@PARAM_SCHEDULERS.register_module()
class PolyMomentum(MomentumSchedulerMixin, PolyParamScheduler):
    """Change the momentum to ``eta_min`` along a polynomial.

    Args:
        optimizer (OptimWrapper or Optimizer): Whose momentum to change.
        *args: Arguments of :class:`PolyParamScheduler` after ``param_name``.
        **kwargs: The same by name.

    Example:
        >>> import torch
        >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0, momentum=0.8)
        >>> scheduler = PolyMomentum(sgd, power=2, end=3)
        >>> _ = sgd.step(), scheduler.step()
        >>> [round(value, 4) for value in scheduler.get_last_value()]
        [0.2]
    """


@PARAM_SCHEDULERS.register_module()
class ReduceOnPlateauMomentum(MomentumSchedulerMixin, ReduceOnPlateauParamScheduler):
    """Multiply the momentum by ``factor`` when a metric has stopped improving.

    Args:
        optimizer (OptimWrapper or Optimizer): Whose momentum to change.
        *args: Arguments of :class:`ReduceOnPlateauParamScheduler` after ``param_name``.
        **kwargs: The same by name.

    Example:
        >>> import torch
        >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0, momentum=0.8)
        >>> scheduler = ReduceOnPlateauMomentum(sgd, patience=0)
        >>> _ = sgd.step(), scheduler.step({"loss": 1.0})
        >>> [round(value, 4) for value in scheduler.get_last_value()]
        [0.8]
    """


@PARAM_SCHEDULERS.register_module()
class StepMomentum(MomentumSchedulerMixin, StepParamScheduler):
    """Multiply the momentum by ``gamma`` every ``step_size`` steps.

    Args:
        optimizer (OptimWrapper or Optimizer): Whose momentum to change.
        *args: Arguments of :class:`StepParamScheduler` after ``param_name``.
        **kwargs: The same by name.

    Example:
        >>> import torch
        >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0, momentum=0.8)
        >>> scheduler = StepMomentum(sgd, step_size=1, gamma=0.5)
        >>> _ = sgd.step(), scheduler.step()
        >>> [round(value, 4) for value in scheduler.get_last_value()]
        [0.4]
    """
