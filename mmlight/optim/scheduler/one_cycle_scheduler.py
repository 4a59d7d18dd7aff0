"""The 1cycle policy."""

from __future__ import annotations

import math
from typing import Any

from torch.optim import Optimizer

from mmlight.registry import PARAM_SCHEDULERS
from mmlight.utils.checks import number

from ..optimizer.base import BaseOptimWrapper
from .base_scheduler import INF, _check_optimizer, _ParamScheduler, iter_based, span


@PARAM_SCHEDULERS.register_module()
class OneCycleParamScheduler(_ParamScheduler):
    """Raise the learning rate to ``eta_max`` and then lower it far below its first value.

    As in *Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates*
    (https://arxiv.org/abs/1708.07120), by default in two phases instead of the paper's three. It
    sets values by itself and cannot be chained with other schedulers.

    Args:
        optimizer (OptimWrapper or Optimizer): Whose parameter groups to change.
        param_name (str): Must be ``lr``.
        eta_max (float or list[float]): The highest value, of all or of each parameter group.
        total_steps (int, optional): Steps of the cycle; ``end - begin`` if not given.
        pct_start (float): Share of the steps in which the value rises.
        anneal_strategy (str): ``cos`` or ``linear``.
        div_factor (float): How much smaller than ``eta_max`` the first value is.
        final_div_factor (float): How much smaller than the first value the last one is.
        three_phase (bool): Whether to return to the first value in as many steps as it rose, and
            to lower it in a third phase.
        begin (int): First step at which the setting changes.
        end (int): Step from which on it does not change any more.
        last_step (int): Steps taken before, to resume without a state dict; -1 for none.
        by_epoch (bool): Whether a step is an epoch; otherwise it is an iteration.
        verbose (bool): Whether to log each new value.

    Raises:
        AssertionError: If ``param_name`` is not ``lr``.
        ValueError: If another argument is out of its range.

    Example:
        >>> import torch
        >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
        >>> scheduler = OneCycleParamScheduler(
        ...     sgd, "lr", eta_max=1.0, total_steps=5, pct_start=0.6, anneal_strategy="linear")
        >>> for _ in range(4):
        ...     _ = sgd.step(), scheduler.step()
        ...     print(round(scheduler.get_last_value()[0], 6))
        0.52
        1.0
        0.500002
        4e-06
    """

    def __init__(
        self,
        optimizer: BaseOptimWrapper | Optimizer,
        param_name: str,
        eta_max: float = 0,
        total_steps: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        begin: int = 0,
        end: int = INF,
        last_step: int = -1,
        by_epoch: bool = True,
        verbose: bool = False,
    ) -> None:
        if param_name != "lr":
            raise AssertionError(
                f"OneCycle only works for the learning rate, but got param_name={param_name!r}"
            )
        _check_optimizer(optimizer)
        for maximum in eta_max if isinstance(eta_max, list | tuple) else [eta_max]:
            number(self, least=0, eta_max=maximum)
        number(self, above=0, div_factor=div_factor, final_div_factor=final_div_factor)
        self.eta_max = eta_max
        self.div_factor = div_factor
        self.final_div_factor = final_div_factor
        self.total_steps = _total_steps(total_steps, span(begin, end))
        if not isinstance(pct_start, float) or not 0 <= pct_start <= 1:
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        if anneal_strategy not in _ANNEAL_FUNCTIONS:
            raise ValueError(
                f'anneal_strategy must by one of "cos" or "linear", instead got {anneal_strategy}'
            )
        self._anneal_strategy = anneal_strategy
        self._schedule_phases = self._phases(pct_start, three_phase)
        if last_step == -1:
            self._set_bounds(optimizer)
        super().__init__(optimizer, param_name, begin, end, last_step, by_epoch, verbose)

    def _phases(self, pct_start: float, three_phase: bool) -> list[dict[str, Any]]:
        rise = pct_start * self.total_steps - 1
        bounds = [(rise, "initial_lr", "max_lr")]
        if three_phase:
            bounds.append((2 * pct_start * self.total_steps - 2, "max_lr", "initial_lr"))
            bounds.append((self.total_steps - 1, "initial_lr", "min_lr"))
        else:
            bounds.append((self.total_steps - 1, "max_lr", "min_lr"))
        return [{"end_step": end, "start_lr": low, "end_lr": high} for end, low, high in bounds]

    def _set_bounds(self, optimizer: BaseOptimWrapper | Optimizer) -> None:
        groups = optimizer.param_groups
        if not isinstance(self.eta_max, (list, tuple)):
            maxima = [self.eta_max] * len(groups)
        elif len(self.eta_max) == len(groups):
            maxima = list(self.eta_max)
        else:
            raise ValueError(f"expected {len(groups)} values for eta_max, got {len(self.eta_max)}")
        for group, maximum in zip(groups, maxima, strict=True):
            group["initial_lr"] = maximum / self.div_factor
            group["max_lr"] = maximum
            group["min_lr"] = group["initial_lr"] / self.final_div_factor

    @classmethod
    def build_iter_from_epoch(
        cls,
        *args: Any,
        begin: int = 0,
        end: int = INF,
        total_steps: int | None = None,
        by_epoch: bool = True,
        epoch_length: int | None = None,
        **kwargs: Any,
    ) -> Any:
        """Build a scheduler that steps by iteration from arguments in epochs.

        Args:
            *args: Arguments of the class.
            begin (int): First epoch.
            end (int): Epoch after the last one.
            total_steps (int, optional): Epochs of the cycle.
            by_epoch (bool): Must be True.
            epoch_length (int): Iterations in an epoch.
            **kwargs: Further arguments of the class.

        Returns:
            _ParamScheduler: The scheduler.

        Raises:
            AssertionError: If ``by_epoch`` is False or ``epoch_length`` is not positive.
        """
        begin, end, epoch_length = iter_based(begin, end, by_epoch, epoch_length)
        if total_steps is not None:
            total_steps *= epoch_length
        kwargs.update(begin=begin, end=end, by_epoch=False, total_steps=total_steps)
        return cls(*args, **kwargs)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` returned, here or in MMEngine.

        Args:
            state_dict (dict): The state. MMEngine's names its annealing by a function.
        """
        state = dict(state_dict)
        function = state.pop("anneal_func", None)
        if function is not None:
            name = getattr(function, "__name__", function)
            state["_anneal_strategy"] = "linear" if name.endswith("linear") else "cos"
        super().load_state_dict(state)

    def _get_value(self) -> list[Any]:
        step = self.last_step
        if step > self.total_steps:
            raise ValueError(
                f"Tried to step {step + 1} times. "
                f"The specified number of total steps is {self.total_steps}"
            )
        last = len(self._schedule_phases) - 1
        start_step = 0.0
        for index, phase in enumerate(self._schedule_phases):
            if step <= phase["end_step"] or index == last:
                break
            start_step = phase["end_step"]
        share = (step - start_step) / (phase["end_step"] - start_step)
        anneal = _ANNEAL_FUNCTIONS[self._anneal_strategy]
        start, end = phase["start_lr"], phase["end_lr"]
        return [anneal(group[start], group[end], share) for group in self.optimizer.param_groups]


def _total_steps(total_steps: int | None, default: int) -> int:
    if total_steps is None:
        return default
    if not isinstance(total_steps, int) or total_steps <= 0:
        raise ValueError(f"Expected positive integer total_steps, but got {total_steps}")
    return total_steps


def _anneal_cos(start: float, end: float, share: float) -> float:
    wave = math.cos(math.pi * share) + 1
    return end + (start - end) / 2.0 * wave


def _anneal_linear(start: float, end: float, share: float) -> float:
    return (end - start) * share + start


_ANNEAL_FUNCTIONS = {"cos": _anneal_cos, "linear": _anneal_linear}
