"""What all parameter schedulers share."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from mmlight.logging import print_log
from mmlight.utils.checks import flags, is_whole, number

from ..optimizer.base import BaseOptimWrapper, tell_lightning
from ..optimizer.optimizer_wrapper_dict import OptimWrapperDict

INF = int(1e9)
_NOT_IN_STATE = ("optimizer", "_first_step")


class _ParamScheduler(LRScheduler):
    """Change one setting of all parameter groups of an optimizer, step by step.

    A subclass says in ``_get_value`` what the setting becomes. It starts from what the setting
    is, so that several schedulers may work on the same one; outside ``begin`` and ``end`` a
    scheduler leaves it alone.

    A plain LightningModule returns it from ``configure_optimizers``, as in ``return [optimizer],
    [scheduler]``. With automatic optimization Lightning then steps it after each epoch or, with
    ``by_epoch=False``, after each step of the optimizer (an ``interval`` beside it overrides
    this); with manual optimization a :class:`~mmlight.hooks.ParamSchedulerHook` does, or the
    module itself.

    It counts as one of torch's ``LRScheduler``, so that Lightning accepts it. Nothing of that
    class runs: torch's would wrap ``optimizer.step`` and take every step of the training, not
    only those between ``begin`` and ``end``.

    Args:
        optimizer (OptimWrapper or Optimizer): Whose parameter groups to change.
        param_name (str): Name of the setting, such as ``lr`` or ``momentum``.
        begin (int): First step at which the setting changes.
        end (int): Step from which on it does not change any more.
        last_step (int): Steps taken before, to resume without a state dict; -1 for none.
        by_epoch (bool): Whether a step is an epoch; otherwise it is an iteration.
        verbose (bool): Whether to log each new value.

    Raises:
        TypeError: If ``optimizer`` is neither an optimizer nor a wrapper of one, or another
            argument is of the wrong type.
        KeyError: If the parameter groups lack the setting, or when resuming its first value.
        ValueError: If ``begin`` is negative, or ``end`` is not larger.

    Example:
        >>> import torch
        >>> class Halve(_ParamScheduler):
        ...     def _get_value(self):
        ...         share = 1.0 if self.last_step == 0 else 0.5
        ...         return [group["lr"] * share for group in self.optimizer.param_groups]
        >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
        >>> scheduler = Halve(sgd, "lr", end=3)
        >>> for _ in range(4):
        ...     _ = sgd.step(), scheduler.step()
        >>> scheduler.get_last_value()
        [0.25]
    """

    def __init__(
        self,
        optimizer: BaseOptimWrapper | Optimizer,
        param_name: str,
        begin: int = 0,
        end: int = INF,
        last_step: int = -1,
        by_epoch: bool = True,
        verbose: bool = False,
    ) -> None:
        _check_optimizer(optimizer)
        span(begin, end)
        flags(self, by_epoch=by_epoch, verbose=verbose)
        self.optimizer: Any = optimizer
        self.param_name = param_name
        self.begin = begin
        self.end = end
        self.by_epoch = by_epoch
        self.base_values = self._remember_first_values(resuming=last_step != -1)
        self.last_step = last_step
        self.verbose = verbose
        self._global_step = -1
        self._last_value = self._unchanged()
        self._first_step: _FirstStep | None = None
        self._take_first_step()
        tell_lightning()

    def _remember_first_values(self, resuming: bool) -> list[Any]:
        initial = f"initial_{self.param_name}"
        for index, group in enumerate(self.optimizer.param_groups):
            if self.param_name not in group:
                raise KeyError(
                    f"param_groups[{index}] of the optimizer has no {self.param_name!r} to "
                    f"schedule; it has {[name for name in group if name != 'params']}"
                )
            if resuming and initial not in group:
                raise KeyError(
                    f"param {initial!r} is not specified in param_groups[{index}] when resuming "
                    "an optimizer: load its state before, or leave last_step at -1"
                )
            group.setdefault(initial, group[self.param_name])
        return [group[initial] for group in self.optimizer.param_groups]

    def _take_first_step(self) -> None:
        self.step()
        self._first_step = _FirstStep(self.optimizer)

    def state_dict(self) -> dict[str, Any]:
        """Collect the scheduler's state.

        Returns:
            dict: Everything but the optimizer.
        """
        return {key: value for key, value in vars(self).items() if key not in _NOT_IN_STATE}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` returned.

        Args:
            state_dict (dict): The state.
        """
        vars(self).update(state_dict)
        self._forget_first_step()

    def get_last_value(self) -> list[Any]:
        """Read what the scheduler set last.

        Returns:
            list: The value of each parameter group.
        """
        return self._last_value

    def get_last_lr(self) -> list[Any]:
        """Read what the scheduler set last, under the name that torch's schedulers have for it.

        Returns:
            list: The value of each parameter group.
        """
        return self._last_value

    def _get_value(self) -> list[Any]:
        """Compute the value of each parameter group at ``last_step`` from its present value."""
        raise NotImplementedError(f"{type(self).__name__} must define _get_value")

    def _unchanged(self) -> list[Any]:
        return [group[self.param_name] for group in self.optimizer.param_groups]

    def print_value(self, is_verbose: bool, group: int, value: float) -> None:
        """Log a new value.

        Args:
            is_verbose (bool): Whether to do so.
            group (int): Index of the parameter group.
            value (float): The value.
        """
        if is_verbose:
            print_log(
                f"Adjusting parameter value of group {group} to {value:.4e}.", logger="current"
            )

    def step(self) -> None:  # type: ignore[override]
        """Take one step, and change the setting if it lies between ``begin`` and ``end``."""
        self._global_step += 1
        if self._first_step is not None:
            self._first_step.warn_if_missing()
            self._forget_first_step()
        if self.begin <= self._global_step < self.end:
            self.last_step += 1
            self._set_values(self._get_value())
        else:
            self._last_value = self._unchanged()

    def _set_values(self, values: list[Any]) -> None:
        name = self.param_name
        for group, value in zip(self.optimizer.param_groups, values, strict=False):
            group[name] = value
        self._last_value = values
        if self.verbose:
            for index, value in enumerate(values):
                self.print_value(True, index, value)

    def _forget_first_step(self) -> None:
        if self._first_step is not None:
            self._first_step.close()
            self._first_step = None


def _check_optimizer(optimizer: object) -> None:
    if isinstance(optimizer, OptimWrapperDict):
        raise TypeError(
            "a scheduler works on one optimizer, but got an OptimWrapperDict: build one for each "
            f"of {list(optimizer.keys())}"
        )
    if not isinstance(optimizer, (Optimizer, BaseOptimWrapper)):
        raise TypeError(
            "``optimizer`` should be an Optimizer or an OptimWrapper, "
            f"but got {type(optimizer).__name__}"
        )


def unwrapped(optimizer: BaseOptimWrapper | Optimizer) -> Optimizer:
    """Get the optimizer of a wrapper.

    Args:
        optimizer (OptimWrapper or Optimizer): A wrapper, or an optimizer.

    Returns:
        Optimizer: The optimizer.
    """
    return optimizer.optimizer if isinstance(optimizer, BaseOptimWrapper) else optimizer


def span(begin: int, end: int) -> int:
    """Count the steps from ``begin`` to ``end``.

    Args:
        begin (int): First step.
        end (int): Step after the last one.

    Returns:
        int: How many there are.

    Raises:
        TypeError: If one of them is no number.
        ValueError: If ``begin`` is negative, or there are none.

    Example:
        >>> span(2, 10)
        8
    """
    number("a scheduler", least=0, begin=begin)
    number("a scheduler", finite=False, end=end)
    if end <= begin:
        raise ValueError(f"end should be larger than begin, but got begin={begin}, end={end}")
    return end - begin


def whole_numbers(argument: str, values: Iterable[int]) -> list[int]:
    """Check that an argument holds whole numbers.

    Args:
        argument (str): Its name, for the message.
        values (Iterable[int]): Its values; floats that are whole, as of a division, will do.

    Returns:
        list[int]: The values as they are.

    Raises:
        TypeError: If one is no whole number.

    Example:
        >>> whole_numbers("milestones", [8, 11.0])
        [8, 11.0]
    """
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError(f"{argument} should be a list of integers, but got {values!r}")
    checked = list(values)
    for value in checked:
        if not is_whole(value):
            raise TypeError(f"{argument} should be whole numbers, but got {value!r}")
    return checked


class _FirstStep:
    """Notice the first step of an optimizer, until somebody has asked for it."""

    def __init__(self, optimizer: BaseOptimWrapper | Optimizer) -> None:
        self._wrapper = optimizer
        self._happened = False
        self._handle = unwrapped(optimizer).register_step_post_hook(self._notice)

    def _notice(self, *_: Any) -> None:
        self._happened = True

    def warn_if_missing(self) -> None:
        """Warn if neither a step was taken nor a gradient accumulated for one."""
        if self._happened or getattr(self._wrapper, "inner_count", 0) > 0:
            return
        warnings.warn(
            "Detected call of `scheduler.step()` before `optimizer.step()`: the first value of the "
            "schedule is never used. Call `optimizer.step()` first.",
            stacklevel=4,
        )

    def close(self) -> None:
        """Stop watching the optimizer."""
        self._handle.remove()


def iter_based(
    begin: int, end: int, by_epoch: bool, epoch_length: int | None
) -> tuple[int, int, int]:
    """Convert the bounds of a schedule from epochs to iterations.

    Args:
        begin (int): First epoch.
        end (int): Epoch after the last one; ``INF`` stays as it is.
        by_epoch (bool): Whether the config is based on epochs.
        epoch_length (int, optional): Iterations in an epoch.

    Returns:
        tuple[int, int, int]: ``begin`` and ``end`` in iterations, and ``epoch_length``.

    Raises:
        AssertionError: If the config is not based on epochs or ``epoch_length`` is not positive.

    Example:
        >>> iter_based(1, 3, True, epoch_length=10)
        (10, 30, 10)
    """
    if not by_epoch:
        raise AssertionError(
            "Only epoch-based kwargs whose `by_epoch=True` can be converted to iter-based."
        )
    if epoch_length is None or epoch_length <= 0:
        raise AssertionError(f"`epoch_length` must be a positive integer, but got {epoch_length}.")
    return begin * epoch_length, end if end == INF else end * epoch_length, epoch_length
