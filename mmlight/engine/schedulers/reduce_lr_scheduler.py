"""A learning rate that falls when training makes no progress."""

from __future__ import annotations

import math
from typing import Any

from torch.optim import Optimizer

from mmlight.optim import _ParamScheduler
from mmlight.optim.optimizer.base import BaseOptimWrapper
from mmlight.optim.scheduler.plateau_scheduler import monitored_value
from mmlight.registry import PARAM_SCHEDULERS
from mmlight.utils.checks import number, of_type, whole


@PARAM_SCHEDULERS.register_module()
class ReduceLR(_ParamScheduler):
    """Multiply the learning rate by a factor when a value has stopped improving.

    :class:`~mmlight.engine.ReduceLRSchedulerHook` gives it the value, a loss or a metric. With
    ``monitor`` it does without that hook: it sees that metric of each validation.

    Returned from the ``configure_optimizers`` of a plain LightningModule, with automatic
    optimization, it is shown the logged value of ``monitor`` after each epoch; a ``monitor``
    beside it in the dict that is returned goes first.

    Args:
        optimizer (OptimWrapper | Optimizer): Whose learning rate to change.
        mode (str): ``min`` if smaller values are better, or ``max``. Defaults to ``min``.
        factor (float): The factor, below 1. Defaults to 0.1.
        patience (int): Values without improvement that are tolerated. Defaults to 10.
        threshold (float): Improvement that is too small to count. Defaults to 1e-4.
        threshold_mode (str): ``rel`` if the threshold is a share of the best value, or ``abs``.
            Defaults to ``rel``.
        cooldown (int): Values to wait for after a change. Defaults to 0.
        min_lr (float): Lower bound of the learning rate. Defaults to 0.
        eps (float): Changes smaller than this are not made. Defaults to 1e-8.
        monitor (str, optional): Name of the metric to watch. Defaults to None: it waits for
            :meth:`observe`.
        **kwargs (Any): ``begin``, ``end``, ``last_step``, ``by_epoch`` and ``verbose`` of every
            scheduler.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If an argument is out of its range.

    Example:
        >>> import torch
        >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
        >>> scheduler = ReduceLR(sgd, factor=0.5, patience=0)
        >>> for loss in (3.0, 2.0, 2.0):
        ...     scheduler.observe(loss)
        ...     _ = sgd.step(), scheduler.step()
        >>> scheduler.get_last_value()
        [0.5]
    """

    def __init__(
        self,
        optimizer: BaseOptimWrapper | Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float = 0.0,
        eps: float = 1e-8,
        monitor: str | None = None,
        **kwargs: Any,
    ) -> None:
        number(self, least=0, factor=factor, threshold=threshold, min_lr=min_lr, eps=eps)
        whole(self, least=0, patience=patience, cooldown=cooldown)
        of_type(self, (str, type(None)), "the name of a metric or None", monitor=monitor)
        if not 0 < factor < 1:
            raise ValueError(f"factor should be between 0 and 1, but got {factor}")
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(f"threshold_mode should be 'rel' or 'abs', but got {threshold_mode!r}")
        self.mode = mode
        self.factor = factor
        self.patience = patience
        self.threshold = threshold
        self.threshold_mode = threshold_mode
        self.cooldown = cooldown
        self.min_lr = min_lr
        self.eps = eps
        self.monitor = monitor
        self.best = math.inf
        self.cooldown_counter = self.num_bad_epochs = 0
        self._init_is_better(mode)
        self._reset()
        super().__init__(optimizer, "lr", **kwargs)

    @property
    def need_val_args(self) -> bool:
        """bool: Whether it wants the metrics of each validation."""
        return self.monitor is not None

    @property
    def in_cooldown(self) -> bool:
        """bool: Whether the scheduler waits after a change."""
        return self.cooldown_counter > 0

    def step(self, metrics: Any = None) -> None:
        """Take one step; with metrics, take note of the monitored one first.

        Args:
            metrics (dict or float or Tensor, optional): Metrics of a validation by name, which
                are not counted as a step. Or the monitored one alone, which is what Lightning
                passes after an epoch: where epochs count, that is a step too.

        Raises:
            KeyError: If the metrics lack the monitored one.
            TypeError: If the metrics or the monitored one are of another type.
        """
        if metrics is not None:
            self.observe(monitored_value(metrics, self.monitor))
            if isinstance(metrics, dict) or not self.by_epoch:
                if self.begin <= self._global_step < self.end:
                    self._set_values(self._get_value())
                return
        super().step()

    def observe(self, value: float) -> None:
        """Take note of a value; the next :meth:`step` acts on it.

        Args:
            value (float): The loss or metric.
        """
        if self.is_better(value, self.best):
            self.best = value
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0

    def is_better(self, a: float, best: float) -> bool:
        """Tell whether a value is an improvement.

        Args:
            a (float): The value.
            best (float): The best one so far.

        Returns:
            bool: Whether it is better by more than the threshold.
        """
        sign = 1 if self.mode == "min" else -1
        margin = self.threshold
        if self.threshold_mode == "rel":
            # No share of an infinite value means anything: every value beats it.
            margin *= abs(best) if math.isfinite(best) else 0.0
        return sign * a < sign * best - margin

    def _init_is_better(self, mode: str) -> None:
        """Find the value that any other one beats.

        Args:
            mode (str): ``min`` or ``max``.

        Raises:
            ValueError: If the mode is another.
        """
        if mode not in ("min", "max"):
            raise ValueError(f"mode should be 'min' or 'max', but got {mode!r}")
        self.mode_worse = math.inf if mode == "min" else -math.inf

    def _reset(self) -> None:
        """Forget all values."""
        self.best = self.mode_worse
        self.cooldown_counter = 0
        self.num_bad_epochs = 0

    def _get_value(self) -> list[Any]:
        """Compute the learning rates from the present ones.

        Returns:
            list: The rate of each parameter group.
        """
        old = self._unchanged()
        if self.num_bad_epochs <= self.patience:
            return old
        self.cooldown_counter = self.cooldown
        self.num_bad_epochs = 0
        new = [max(rate * self.factor, self.min_lr) for rate in old]
        return [n if o - n > self.eps else o for o, n in zip(old, new, strict=True)]
