"""Schedulers that decay a setting now and then."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Any

from torch.optim import Optimizer

from mmlight.logging import print_log
from mmlight.registry import PARAM_SCHEDULERS
from mmlight.utils.checks import number

from ..optimizer.base import BaseOptimWrapper
from .base_scheduler import INF, _ParamScheduler, iter_based, whole_numbers


@PARAM_SCHEDULERS.register_module()
class StepParamScheduler(_ParamScheduler):
    """Multiply a setting by ``gamma`` every ``step_size`` steps.

    Args:
        optimizer (OptimWrapper or Optimizer): Whose parameter groups to change.
        param_name (str): Name of the setting, such as ``lr`` or ``momentum``.
        step_size (int): Steps between two changes.
        gamma (float): The factor.
        begin (int): First step at which the setting changes.
        end (int): Step from which on it does not change any more.
        last_step (int): Steps taken before, to resume without a state dict; -1 for none.
        by_epoch (bool): Whether a step is an epoch; otherwise it is an iteration.
        verbose (bool): Whether to log each new value.

    Raises:
        TypeError: If ``step_size`` is no whole number, or ``gamma`` no number.
        ValueError: If ``step_size`` is not positive, or ``gamma`` is negative.

    Example:
        >>> import torch
        >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
        >>> scheduler = StepParamScheduler(sgd, "lr", step_size=2, gamma=0.5)
        >>> for _ in range(4):
        ...     _ = sgd.step(), scheduler.step()
        >>> scheduler.get_last_value()
        [0.25]
    """

    def __init__(
        self,
        optimizer: BaseOptimWrapper | Optimizer,
        param_name: str,
        step_size: int,
        gamma: float = 0.1,
        begin: int = 0,
        end: int = INF,
        last_step: int = -1,
        by_epoch: bool = True,
        verbose: bool = False,
    ) -> None:
        whole_numbers("step_size", [step_size])
        if step_size <= 0:
            raise ValueError(f"step_size must be a positive integer, but got {step_size}")
        number(self, least=0, gamma=gamma)
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, param_name, begin, end, last_step, by_epoch, verbose)

    @classmethod
    def build_iter_from_epoch(
        cls,
        *args: Any,
        step_size: int,
        begin: int = 0,
        end: int = INF,
        by_epoch: bool = True,
        epoch_length: int | None = None,
        **kwargs: Any,
    ) -> Any:
        """Build a scheduler that steps by iteration from arguments in epochs.

        Args:
            *args: Arguments of the class.
            step_size (int): Epochs between two changes.
            begin (int): First epoch.
            end (int): Epoch after the last one.
            by_epoch (bool): Must be True.
            epoch_length (int): Iterations in an epoch.
            **kwargs: Further arguments of the class.

        Returns:
            _ParamScheduler: The scheduler.

        Raises:
            AssertionError: If ``by_epoch`` is False or ``epoch_length`` is not positive.
        """
        begin, end, epoch_length = iter_based(begin, end, by_epoch, epoch_length)
        kwargs.update(begin=begin, end=end, by_epoch=False, step_size=step_size * epoch_length)
        return cls(*args, **kwargs)

    def _get_value(self) -> list[Any]:
        if self.last_step == 0 or self.last_step % self.step_size != 0:
            return self._unchanged()
        return [group[self.param_name] * self.gamma for group in self.optimizer.param_groups]


@PARAM_SCHEDULERS.register_module()
class MultiStepParamScheduler(_ParamScheduler):
    """Multiply a setting by ``gamma`` at each milestone.

    Args:
        optimizer (OptimWrapper or Optimizer): Whose parameter groups to change.
        param_name (str): Name of the setting, such as ``lr`` or ``momentum``.
        milestones (list[int]): Steps, counted from ``begin``. One that is there twice counts twice.
        gamma (float): The factor.
        last_step (int): Steps taken before, to resume without a state dict; -1 for none.
        begin (int): First step at which the setting changes.
        end (int): Step from which on it does not change any more.
        by_epoch (bool): Whether a step is an epoch; otherwise it is an iteration.
        verbose (bool): Whether to log each new value.

    Raises:
        TypeError: If ``milestones`` are no whole numbers, or ``gamma`` is no number.
        ValueError: If one of them is negative.

    Example:
        >>> import torch
        >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
        >>> scheduler = MultiStepParamScheduler(sgd, "lr", milestones=[1, 3], gamma=0.5)
        >>> for _ in range(4):
        ...     _ = sgd.step(), scheduler.step()
        >>> scheduler.get_last_value()
        [0.25]
    """

    def __init__(
        self,
        optimizer: BaseOptimWrapper | Optimizer,
        param_name: str,
        milestones: list[int],
        gamma: float = 0.1,
        last_step: int = -1,
        begin: int = 0,
        end: int = INF,
        by_epoch: bool = True,
        verbose: bool = False,
    ) -> None:
        steps = whole_numbers("milestones", milestones)
        if any(step < 0 for step in steps):
            raise ValueError(f"milestones must not be negative, but got {milestones}")
        if not steps:
            print_log(
                f"{type(self).__name__}(milestones={milestones}): without one nothing changes",
                logger="current",
                level=logging.WARNING,
            )
        number(self, least=0, gamma=gamma)
        self.milestones = Counter(steps)
        self.gamma = gamma
        super().__init__(optimizer, param_name, begin, end, last_step, by_epoch, verbose)

    @classmethod
    def build_iter_from_epoch(
        cls,
        *args: Any,
        milestones: list[int],
        begin: int = 0,
        end: int = INF,
        by_epoch: bool = True,
        epoch_length: int | None = None,
        **kwargs: Any,
    ) -> Any:
        """Build a scheduler that steps by iteration from arguments in epochs.

        Args:
            *args: Arguments of the class.
            milestones (list[int]): Epochs, counted from ``begin``.
            begin (int): First epoch.
            end (int): Epoch after the last one.
            by_epoch (bool): Must be True.
            epoch_length (int): Iterations in an epoch.
            **kwargs: Further arguments of the class.

        Returns:
            _ParamScheduler: The scheduler.

        Raises:
            AssertionError: If ``by_epoch`` is False or ``epoch_length`` is not positive.
        """
        begin, end, epoch_length = iter_based(begin, end, by_epoch, epoch_length)
        milestones = [milestone * epoch_length for milestone in milestones]
        kwargs.update(begin=begin, end=end, by_epoch=False, milestones=milestones)
        return cls(*args, **kwargs)

    def _get_value(self) -> list[Any]:
        times = self.milestones.get(self.last_step)
        if times is None:
            return self._unchanged()
        gamma = self.gamma**times
        return [group[self.param_name] * gamma for group in self.optimizer.param_groups]
