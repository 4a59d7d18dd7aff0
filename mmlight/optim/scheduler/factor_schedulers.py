"""Schedulers that multiply a setting by a factor."""

from __future__ import annotations

from typing import Any

from torch.optim import Optimizer

from mmlight.registry import PARAM_SCHEDULERS
from mmlight.utils.checks import number

from ..optimizer.base import BaseOptimWrapper
from .base_scheduler import INF, _ParamScheduler, iter_based, span


class _EpochsToIters(_ParamScheduler):
    """A scheduler whose only arguments in epochs are ``begin`` and ``end``."""

    @classmethod
    def build_iter_from_epoch(
        cls,
        *args: Any,
        begin: int = 0,
        end: int = INF,
        by_epoch: bool = True,
        epoch_length: int | None = None,
        **kwargs: Any,
    ) -> Any:
        """Build a scheduler that steps by iteration from arguments in epochs.

        Args:
            *args: Arguments of the class.
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
        begin, end, _ = iter_based(begin, end, by_epoch, epoch_length)
        kwargs.update(begin=begin, end=end, by_epoch=False)
        return cls(*args, **kwargs)


@PARAM_SCHEDULERS.register_module()
class ConstantParamScheduler(_EpochsToIters):
    """Multiply a setting by a factor until ``end``.

    Args:
        optimizer (OptimWrapper or Optimizer): Whose parameter groups to change.
        param_name (str): Name of the setting, such as ``lr`` or ``momentum``.
        factor (float): The factor, from 0 to 1.
        begin (int): First step at which the setting changes.
        end (int): Step from which on it does not change any more.
        last_step (int): Steps taken before, to resume without a state dict; -1 for none.
        by_epoch (bool): Whether a step is an epoch; otherwise it is an iteration.
        verbose (bool): Whether to log each new value.

    Raises:
        ValueError: If ``factor`` is not between 0 and 1, or is 0 and is to be undone at ``end``.

    Example:
        >>> import torch
        >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
        >>> scheduler = ConstantParamScheduler(sgd, "lr", factor=0.5, end=3)
        >>> for _ in range(2):
        ...     print(scheduler.get_last_value())
        ...     _ = sgd.step(), scheduler.step()
        [0.5]
        [0.5]
        >>> scheduler.get_last_value()
        [1.0]
    """

    def __init__(
        self,
        optimizer: BaseOptimWrapper | Optimizer,
        param_name: str,
        factor: float = 1.0 / 3,
        begin: int = 0,
        end: int = INF,
        last_step: int = -1,
        by_epoch: bool = True,
        verbose: bool = False,
    ) -> None:
        number(self, factor=factor)
        if not 0 <= factor <= 1:
            raise ValueError(
                f"Constant multiplicative factor should between 0 and 1, but got {factor}"
            )
        if factor == 0 and end != INF:
            raise ValueError(
                f"factor 0 cannot be undone at end={end}: choose a larger one, or leave out the end"
            )
        self.factor = factor
        self.total_iters = span(begin, end) - 1
        super().__init__(optimizer, param_name, begin, end, last_step, by_epoch, verbose)

    def _get_value(self) -> list[Any]:
        if self.last_step == 0:
            factor = self.factor
        elif self.last_step == self.total_iters:
            factor = 1.0 / self.factor
        else:
            return self._unchanged()
        return [group[self.param_name] * factor for group in self.optimizer.param_groups]


@PARAM_SCHEDULERS.register_module()
class ExponentialParamScheduler(_EpochsToIters):
    """Multiply a setting by ``gamma`` at every step.

    Args:
        optimizer (OptimWrapper or Optimizer): Whose parameter groups to change.
        param_name (str): Name of the setting, such as ``lr`` or ``momentum``.
        gamma (float): The factor.
        begin (int): First step at which the setting changes.
        end (int): Step from which on it does not change any more.
        last_step (int): Steps taken before, to resume without a state dict; -1 for none.
        by_epoch (bool): Whether a step is an epoch; otherwise it is an iteration.
        verbose (bool): Whether to log each new value.

    Example:
        >>> import torch
        >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
        >>> scheduler = ExponentialParamScheduler(sgd, "lr", gamma=0.5)
        >>> _ = sgd.step(), scheduler.step()
        >>> scheduler.get_last_value()
        [0.5]
    """

    def __init__(
        self,
        optimizer: BaseOptimWrapper | Optimizer,
        param_name: str,
        gamma: float,
        begin: int = 0,
        end: int = INF,
        last_step: int = -1,
        by_epoch: bool = True,
        verbose: bool = False,
    ) -> None:
        number(self, least=0, gamma=gamma)
        self.gamma = gamma
        super().__init__(optimizer, param_name, begin, end, last_step, by_epoch, verbose)

    def _get_value(self) -> list[Any]:
        if self.last_step == 0:
            return self._unchanged()
        return [group[self.param_name] * self.gamma for group in self.optimizer.param_groups]


@PARAM_SCHEDULERS.register_module()
class LinearParamScheduler(_EpochsToIters):
    """Change a setting linearly, from one multiple of it to another at ``end``.

    Args:
        optimizer (OptimWrapper or Optimizer): Whose parameter groups to change.
        param_name (str): Name of the setting, such as ``lr`` or ``momentum``.
        start_factor (float): The first multiple, above 0 and at most 1.
        end_factor (float): The last multiple, from 0 to 1.
        begin (int): First step at which the setting changes.
        end (int): Step from which on it does not change any more.
        last_step (int): Steps taken before, to resume without a state dict; -1 for none.
        by_epoch (bool): Whether a step is an epoch; otherwise it is an iteration.
        verbose (bool): Whether to log each new value.

    Raises:
        ValueError: If a factor is not between 0 and 1, or ``start_factor`` is 0, from which no
            factor leads on.

    Example:
        >>> import torch
        >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
        >>> scheduler = LinearParamScheduler(sgd, "lr", start_factor=0.5, end=3)
        >>> for _ in range(2):
        ...     _ = sgd.step(), scheduler.step()
        ...     print(scheduler.get_last_value())
        [0.75]
        [1.0]
    """

    def __init__(
        self,
        optimizer: BaseOptimWrapper | Optimizer,
        param_name: str,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        begin: int = 0,
        end: int = INF,
        last_step: int = -1,
        by_epoch: bool = True,
        verbose: bool = False,
    ) -> None:
        number(self, start_factor=start_factor, end_factor=end_factor)
        if not 0 < start_factor <= 1:
            raise ValueError(
                "Starting multiplicative factor should between 0 and 1, and not be 0, "
                f"but got {start_factor}"
            )
        if not 0 <= end_factor <= 1:
            raise ValueError(
                f"Ending multiplicative factor should between 0 and 1, but got {end_factor}"
            )
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = span(begin, end) - 1
        super().__init__(optimizer, param_name, begin, end, last_step, by_epoch, verbose)

    def _get_value(self) -> list[Any]:
        if self.last_step == 0:
            factor = self.start_factor
        else:
            rise = self.end_factor - self.start_factor
            before = self.total_iters * self.start_factor + (self.last_step - 1) * rise
            factor = 1.0 + rise / before
        return [group[self.param_name] * factor for group in self.optimizer.param_groups]


@PARAM_SCHEDULERS.register_module()
class PolyParamScheduler(_EpochsToIters):
    """Change a setting to ``eta_min`` along a polynomial.

    Args:
        optimizer (OptimWrapper or Optimizer): Whose parameter groups to change.
        param_name (str): Name of the setting, such as ``lr`` or ``momentum``.
        eta_min (float): The last value.
        power (float): The power of the polynomial.
        begin (int): First step at which the setting changes.
        end (int): Step from which on it does not change any more.
        last_step (int): Steps taken before, to resume without a state dict; -1 for none.
        by_epoch (bool): Whether a step is an epoch; otherwise it is an iteration.
        verbose (bool): Whether to log each new value.

    Example:
        >>> import torch
        >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
        >>> scheduler = PolyParamScheduler(sgd, "lr", power=2, end=3)
        >>> for _ in range(2):
        ...     _ = sgd.step(), scheduler.step()
        ...     print(scheduler.get_last_value())
        [0.25]
        [0.0]
    """

    def __init__(
        self,
        optimizer: BaseOptimWrapper | Optimizer,
        param_name: str,
        eta_min: float = 0,
        power: float = 1.0,
        begin: int = 0,
        end: int = INF,
        last_step: int = -1,
        by_epoch: bool = True,
        verbose: bool = False,
    ) -> None:
        number(self, least=0, eta_min=eta_min, power=power)
        self.eta_min = eta_min
        self.power = power
        self.total_iters = span(begin, end) - 1
        super().__init__(optimizer, param_name, begin, end, last_step, by_epoch, verbose)

    def _get_value(self) -> list[Any]:
        if self.last_step == 0:
            return self._unchanged()
        name, low = self.param_name, self.eta_min
        share = (1 - 1 / (self.total_iters - self.last_step + 1)) ** self.power
        return [(group[name] - low) * share + low for group in self.optimizer.param_groups]
