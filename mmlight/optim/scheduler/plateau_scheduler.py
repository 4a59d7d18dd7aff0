"""A scheduler that waits for a metric to stop improving."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any

import numpy as np
import torch
from torch.optim import Optimizer

from mmlight.logging import print_log
from mmlight.registry import PARAM_SCHEDULERS
from mmlight.utils.checks import number, of_type, whole

from ..optimizer.base import BaseOptimWrapper
from .base_scheduler import INF, _ParamScheduler, unwrapped

_IS_BETTER: dict[tuple[str, str], Callable[[float, float, float], bool]] = {
    ("less", "rel"): lambda value, best, threshold: value < best * (1.0 - threshold),
    ("less", "abs"): lambda value, best, threshold: value < best - threshold,
    ("greater", "rel"): lambda value, best, threshold: value > best * (threshold + 1.0),
    ("greater", "abs"): lambda value, best, threshold: value > best + threshold,
}


@PARAM_SCHEDULERS.register_module()
class ReduceOnPlateauParamScheduler(_ParamScheduler):
    """Multiply a setting by ``factor`` when a metric has stopped improving.

    ``step()`` counts a step; ``step(metrics)`` looks at the metrics of a validation.

    Returned from the ``configure_optimizers`` of a plain LightningModule, with automatic
    optimization, it is shown the logged value of ``monitor`` after each epoch; a ``monitor``
    beside it in the dict that is returned goes first.

    Args:
        optimizer (OptimWrapper or Optimizer): Whose parameter groups to change.
        param_name (str): Name of the setting, such as ``lr`` or ``momentum``.
        monitor (str): Name of the metric.
        rule (str): ``less`` or ``greater``: which metric is better.
        factor (float): The factor, below 1.
        patience (int): Validations without improvement that are tolerated.
        threshold (float): Improvement that is too small to count.
        threshold_rule (str): ``rel`` if the threshold is a share of the best metric, or ``abs``.
        cooldown (int): Validations to wait after a change.
        min_value (float or Sequence[float]): Lower bound of all or of each parameter group of the
            optimizer; the base settings that a wrapper adds to several groups get the last one.
        eps (float): Changes smaller than this are not made.
        begin (int): First step at which the setting changes.
        end (int): Step from which on it does not change any more.
        last_step (int): Steps taken before, to resume without a state dict; -1 for none.
        by_epoch (bool): Whether a step is an epoch; otherwise it is an iteration.
        verbose (bool): Whether to log each new value.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If an argument is out of its range.

    Example:
        >>> import torch
        >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
        >>> scheduler = ReduceOnPlateauParamScheduler(sgd, "lr", patience=0, factor=0.5)
        >>> for loss in (3.0, 2.0, 2.0):
        ...     scheduler.step({"loss": loss})
        >>> scheduler.get_last_value()
        [0.5]
    """

    need_val_args = True

    def __init__(
        self,
        optimizer: BaseOptimWrapper | Optimizer,
        param_name: str,
        monitor: str = "loss",
        rule: str = "less",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_rule: str = "rel",
        cooldown: int = 0,
        min_value: float | Sequence[float] = 0.0,
        eps: float = 1e-8,
        begin: int = 0,
        end: int = INF,
        last_step: int = -1,
        by_epoch: bool = True,
        verbose: bool = False,
    ) -> None:
        of_type(self, str, "the name of a metric", monitor=monitor)
        number(self, least=0, factor=factor, threshold=threshold, eps=eps)
        whole(self, least=0, patience=patience, cooldown=cooldown)
        for low in min_value if isinstance(min_value, (list, tuple)) else [min_value]:
            number(self, min_value=low)
        if factor >= 1.0:
            raise ValueError(f"Factor should be < 1.0, but got {factor}")
        if rule not in ("less", "greater"):
            raise ValueError(f'rule must be "less" or "greater", but got {rule!r}')
        if threshold_rule not in ("rel", "abs"):
            raise ValueError(f'threshold_rule must be "rel" or "abs", but got {threshold_rule!r}')
        self.monitor = monitor
        self.rule = rule
        self.factor = factor
        self.patience = patience
        self.threshold = threshold
        self.threshold_rule = threshold_rule
        self.cooldown = cooldown
        self.eps = eps
        self.rule_worse = INF if rule == "less" else -INF
        self.best: Any = self.rule_worse
        self.num_bad_epochs = 0
        self.cooldown_counter = 0
        super().__init__(optimizer, param_name, begin, end, last_step, by_epoch, verbose)
        groups, own_groups = optimizer.param_groups, unwrapped(optimizer).param_groups
        if not isinstance(min_value, (list, tuple)):
            self.min_values = [min_value] * len(groups)
        elif len(min_value) == len(own_groups):
            self.min_values = [*min_value, *[min_value[-1]] * (len(groups) - len(own_groups))]
        else:
            raise ValueError(
                f"expected {len(own_groups)} values for min_value, got {len(min_value)}"
            )

    def _take_first_step(self) -> None:
        self._global_step = 0

    def print_value(self, is_verbose: bool, group: int, value: float) -> None:
        if is_verbose:
            unit = "epoch" if self.by_epoch else "iter"
            print_log(
                f"Adjusting parameter value of group {group} to {value:.4e} "
                f"in {unit} {self.last_step}.",
                logger="current",
            )

    def step(self, metrics: Any = None) -> None:  # type: ignore[override]
        """Count a step or, with metrics, change the setting if they have stopped improving.

        Args:
            metrics (dict or float or Tensor, optional): Metrics of a validation by name. Or the
                monitored one alone, which is what Lightning passes after an epoch: where epochs
                count, that is a step too.

        Raises:
            KeyError: If the metrics lack the monitored one.
            TypeError: If the metrics or the monitored one are of another type.
        """
        if metrics is None or (self.by_epoch and not isinstance(metrics, dict)):
            self._global_step += 1
        if metrics is not None and self.begin <= self._global_step < self.end:
            self.last_step += 1
            self._look_at(monitored_value(metrics, self.monitor))

    def _look_at(self, value: float) -> None:
        if _IS_BETTER[self.rule, self.threshold_rule](value, self.best, self.threshold):
            self.best = value
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
            self._set_values(self._get_value())

    def _get_value(self) -> list[Any]:
        old = [group[self.param_name] for group in self.optimizer.param_groups]
        new = [max(v * self.factor, low) for v, low in zip(old, self.min_values, strict=False)]
        return [n if o - n > self.eps else o for o, n in zip(old, new, strict=False)]


def monitored_value(metrics: Any, monitor: str | None) -> float:
    """Get the value that a scheduler watches.

    Args:
        metrics (dict or float or Tensor): Metrics of a validation by name, or the value alone.
        monitor (str): Name of the metric.

    Returns:
        float: The value.

    Raises:
        KeyError: If the metrics lack the monitored one.
        TypeError: If the metrics or the monitored one are of another type.

    Example:
        >>> monitored_value({"loss": 0.5, "acc": 1.0}, "loss")
        0.5
    """
    value = metrics
    if isinstance(metrics, dict):
        if monitor not in metrics:
            raise KeyError(f"the metric {monitor!r} is not among {list(metrics)}")
        value = metrics[monitor]
    if isinstance(value, (torch.Tensor, np.ndarray)) and math.prod(value.shape) == 1:
        value = value.item()
    if not isinstance(value, Real):
        raise TypeError(
            "metrics should be a dict of numbers, or the monitored number, "
            f"but {monitor!r} is {value!r} of type {type(value).__name__}"
        )
    return float(value)
