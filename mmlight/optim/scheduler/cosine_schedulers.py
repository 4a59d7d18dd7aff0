"""Schedulers that follow a cosine."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from torch.optim import Optimizer

from mmlight.registry import PARAM_SCHEDULERS
from mmlight.utils.checks import number

from ..optimizer.base import BaseOptimWrapper
from .base_scheduler import INF, _ParamScheduler, iter_based, span, whole_numbers


@PARAM_SCHEDULERS.register_module()
class CosineAnnealingParamScheduler(_ParamScheduler):
    r"""Change a setting to ``eta_min`` along half a cosine wave of ``T_max`` steps, and back.

    .. math:: \eta_t = \eta_{min} + \frac{1}{2}(\eta_{max} - \eta_{min})
        \left(1 + \cos\left(\frac{t}{T_{max}}\pi\right)\right)

    This is the annealing of *SGDR: Stochastic Gradient Descent with Warm Restarts*
    (https://arxiv.org/abs/1608.03983), without the restarts.

    Args:
        optimizer (OptimWrapper or Optimizer): Whose parameter groups to change.
        param_name (str): Name of the setting, such as ``lr`` or ``momentum``.
        T_max (int, optional): Steps of half a wave; ``end - begin`` if not given.
        eta_min (float, optional): The lowest value; 0 if neither it nor ``eta_min_ratio`` is given.
        begin (int): First step at which the setting changes.
        end (int): Step from which on it does not change any more.
        last_step (int): Steps taken before, to resume without a state dict; -1 for none.
        by_epoch (bool): Whether a step is an epoch; otherwise it is an iteration.
        verbose (bool): Whether to log each new value.
        eta_min_ratio (float, optional): Instead of ``eta_min``, the lowest value as a share of
            the first one.

    Raises:
        AssertionError: If both ``eta_min`` and ``eta_min_ratio`` are given.

    Example:
        >>> import torch
        >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
        >>> scheduler = CosineAnnealingParamScheduler(sgd, "lr", T_max=2)
        >>> for _ in range(3):
        ...     _ = sgd.step(), scheduler.step()
        ...     print(round(scheduler.get_last_value()[0], 6))
        0.5
        0.0
        0.5
    """

    def __init__(
        self,
        optimizer: BaseOptimWrapper | Optimizer,
        param_name: str,
        T_max: int | None = None,
        eta_min: float | None = None,
        begin: int = 0,
        end: int = INF,
        last_step: int = -1,
        by_epoch: bool = True,
        verbose: bool = False,
        eta_min_ratio: float | None = None,
    ) -> None:
        self.T_max = span(begin, end) if T_max is None else T_max
        number(self, above=0, finite=False, T_max=self.T_max)
        self.eta_min = _eta_min(eta_min, eta_min_ratio)
        self.eta_min_ratio = eta_min_ratio
        super().__init__(optimizer, param_name, begin, end, last_step, by_epoch, verbose)

    @classmethod
    def build_iter_from_epoch(
        cls,
        *args: Any,
        T_max: int | None = None,
        begin: int = 0,
        end: int = INF,
        by_epoch: bool = True,
        epoch_length: int | None = None,
        **kwargs: Any,
    ) -> Any:
        """Build a scheduler that steps by iteration from arguments in epochs.

        Args:
            *args: Arguments of the class.
            T_max (int, optional): Epochs of half a wave.
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
        if T_max is not None:
            T_max *= epoch_length
        kwargs.update(begin=begin, end=end, by_epoch=False, T_max=T_max)
        return cls(*args, **kwargs)

    def _get_value(self) -> list[Any]:
        name, step, period = self.param_name, self.last_step, self.T_max
        if step == 0:
            return self._unchanged()
        groups = self.optimizer.param_groups
        lows = _lows(self.base_values, self.eta_min, self.eta_min_ratio)
        if (step - 1 - period) % (2 * period) == 0:
            rise = 1 - math.cos(math.pi / period)
            return [
                group[name] + (base - low) * rise / 2
                for group, base, low in zip(groups, self.base_values, lows, strict=False)
            ]
        return _next_on_wave(self._unchanged(), lows, step, period)


@PARAM_SCHEDULERS.register_module()
class CosineRestartParamScheduler(_ParamScheduler):
    """Change a setting to ``eta_min`` along a cosine, and start again at each period.

    As in *SGDR: Stochastic Gradient Descent with Warm Restarts*
    (https://arxiv.org/abs/1608.03983).

    Args:
        optimizer (OptimWrapper or Optimizer): Whose parameter groups to change.
        param_name (str): Name of the setting, such as ``lr`` or ``momentum``.
        periods (list[int]): Steps of each period.
        restart_weights (Sequence[float]): What the first value is multiplied by in each period.
        eta_min (float, optional): The lowest value.
        eta_min_ratio (float, optional): Instead of ``eta_min``, the lowest value as a share of
            the first one.
        begin (int): First step at which the setting changes.
        end (int): Step from which on it does not change any more.
        last_step (int): Steps taken before, to resume without a state dict; -1 for none.
        by_epoch (bool): Whether a step is an epoch; otherwise it is an iteration.
        verbose (bool): Whether to log each new value.

    Raises:
        AssertionError: If not exactly one of ``eta_min`` and ``eta_min_ratio`` is given, or
            ``periods`` and ``restart_weights`` differ in length.
        TypeError: If ``periods`` are no whole numbers.
        ValueError: If there are none, or one is not positive.

    Example:
        >>> import torch
        >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
        >>> scheduler = CosineRestartParamScheduler(
        ...     sgd, "lr", periods=[2, 2], restart_weights=[1, 0.5], eta_min=0)
        >>> for _ in range(3):
        ...     _ = sgd.step(), scheduler.step()
        ...     print(round(scheduler.get_last_value()[0], 6))
        0.5
        0.5
        0.25
    """

    def __init__(
        self,
        optimizer: BaseOptimWrapper | Optimizer,
        param_name: str,
        periods: list[int],
        restart_weights: Sequence[float] = (1,),
        eta_min: float | None = None,
        eta_min_ratio: float | None = None,
        begin: int = 0,
        end: int = INF,
        last_step: int = -1,
        by_epoch: bool = True,
        verbose: bool = False,
    ) -> None:
        if (eta_min is None) == (eta_min_ratio is None):
            raise AssertionError(
                "exactly one of eta_min and eta_min_ratio must be given, "
                f"but got eta_min={eta_min}, eta_min_ratio={eta_min_ratio}"
            )
        _eta_min(eta_min, eta_min_ratio)
        whole_numbers("periods", periods)
        if not periods or min(periods) <= 0:
            raise ValueError(f"periods should be positive integers, but got {periods}")
        if len(periods) != len(restart_weights):
            raise AssertionError(
                "periods and restart_weights should have the same length, "
                f"but got {len(periods)} and {len(restart_weights)}"
            )
        for weight in restart_weights:
            number(self, least=0, restart_weights=weight)
        self.periods = periods
        self.eta_min = eta_min
        self.eta_min_ratio = eta_min_ratio
        self.restart_weights = restart_weights
        self.cumulative_periods = list(accumulate(periods))
        super().__init__(optimizer, param_name, begin, end, last_step, by_epoch, verbose)

    @classmethod
    def build_iter_from_epoch(
        cls,
        *args: Any,
        periods: list[int],
        begin: int = 0,
        end: int = INF,
        by_epoch: bool = True,
        epoch_length: int | None = None,
        **kwargs: Any,
    ) -> Any:
        """Build a scheduler that steps by iteration from arguments in epochs.

        Args:
            *args: Arguments of the class.
            periods (list[int]): Epochs of each period.
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
        periods = [period * epoch_length for period in periods]
        kwargs.update(begin=begin, end=end, by_epoch=False, periods=periods)
        return cls(*args, **kwargs)

    def _get_value(self) -> list[Any]:
        index = bisect_right(self.cumulative_periods, self.last_step)
        if index == len(self.periods):
            return self._unchanged()
        start = self.cumulative_periods[index - 1] if index else 0
        if self.last_step == start:
            return [base * self.restart_weights[index] for base in self.base_values]
        lows = _lows(self.base_values, self.eta_min, self.eta_min_ratio)
        return _next_on_wave(self._unchanged(), lows, self.last_step - start, self.periods[index])


def _eta_min(eta_min: float | None, eta_min_ratio: float | None) -> float | None:
    if eta_min is not None:
        number("a cosine scheduler", least=0, eta_min=eta_min)
    if eta_min_ratio is not None:
        number("a cosine scheduler", least=0, eta_min_ratio=eta_min_ratio)
    if eta_min_ratio is None:
        return 0.0 if eta_min is None else eta_min
    if eta_min is not None:
        raise AssertionError(
            "Either eta_min or eta_min_ratio should be given, not both, "
            f"but got eta_min={eta_min}, eta_min_ratio={eta_min_ratio}"
        )
    return None


def _lows(base_values: list[Any], eta_min: float | None, eta_min_ratio: float | None) -> list[Any]:
    if eta_min_ratio is None:
        return [eta_min] * len(base_values)
    return [base * eta_min_ratio for base in base_values]


def _next_on_wave(values: list[Any], lows: list[Any], step: int, period: int) -> list[Any]:
    """Move values from where ``step - 1`` left them to where ``step`` of ``period`` has them."""
    now = 1 + math.cos(math.pi * step / period)
    before = 1 + math.cos(math.pi * (step - 1) / period)
    share = now / before
    return [share * (value - low) + low for value, low in zip(values, lows, strict=False)]
