"""Steps schedulers that watch a loss or a metric."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from mmlight.dist import all_reduce
from mmlight.engine.schedulers import ReduceLR
from mmlight.hooks import ParamSchedulerHook, RunnerLike
from mmlight.hooks.monitored import refuse_unknown_metric
from mmlight.registry import HOOKS
from mmlight.utils.checks import flags, of_type, whole

DATA_BATCH = dict[str, Any] | tuple[Any, ...] | list[Any] | None
_STATE = "reduce_lr_scheduler_hook"


@HOOKS.register_module()
class ReduceLRSchedulerHook(ParamSchedulerHook):
    """Give :class:`~mmlight.engine.ReduceLR` what it watches, and step it.

    Without ``val_metric`` that is the mean of ``outputs["loss"]``, over all processes, since the
    last time; with it, that metric of each validation. It takes the place of
    ``ParamSchedulerHook`` among the default hooks (``param_scheduler``): schedulers of other kinds
    are stepped as usual.

    Args:
        val_metric (str, optional): Name of the metric. Defaults to None.
        by_epoch (bool): Without a metric, step after epochs; otherwise after iterations.
            Defaults to True.
        interval (int): Epochs or iterations between two steps, or validations with a metric.
            Defaults to 1.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If ``interval`` is not positive.

    Example:
        >>> ReduceLRSchedulerHook(by_epoch=False, interval=100).interval
        100
    """

    def __init__(
        self, val_metric: str | None = None, by_epoch: bool = True, interval: int = 1
    ) -> None:
        of_type(self, (str, type(None)), "the name of a metric or None", val_metric=val_metric)
        flags(self, by_epoch=by_epoch)
        whole(self, interval=interval)
        self.val_metric = val_metric
        self.by_epoch = by_epoch
        self.interval = interval
        self._sum: Tensor | None = None
        self._count = 0
        self._validations = 0

    def before_train(self, runner: RunnerLike) -> None:
        """Look for what will never come.

        Raises:
            KeyError: If no validation can give the metric.
        """
        super().before_train(runner)
        if self.val_metric is not None:
            refuse_unknown_metric(runner, "val_metric", self.val_metric)

    def _check(self, runner: Any, scheduler: Any) -> None:
        if not _is_fed(scheduler):
            super()._check(runner, scheduler)

    def after_train_iter(
        self,
        runner: RunnerLike,
        batch_idx: int,
        data_batch: DATA_BATCH = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Note the loss, and step if iterations count.

        Raises:
            KeyError: If the loss is watched and there is none.
        """
        for scheduler in _schedulers(runner):
            if not scheduler.by_epoch and not _is_fed(scheduler):
                scheduler.step()
        if self.val_metric is not None:
            return
        if not outputs or "loss" not in outputs:
            raise KeyError(
                "ReduceLRSchedulerHook watches outputs['loss'], but a training step returned "
                f"{list(outputs or {})}; set val_metric to watch a metric instead"
            )
        loss = torch.as_tensor(outputs["loss"]).detach()
        self._sum = loss.clone() if self._sum is None else self._sum + loss
        self._count += 1
        if not self.by_epoch and self.every_n_train_iters(runner, self.interval):
            self._step(runner, self._calculate_average_value())

    def after_train_epoch(self, runner: RunnerLike) -> None:
        """Step if epochs count."""
        for scheduler in _schedulers(runner):
            if scheduler.by_epoch and not _is_fed(scheduler):
                scheduler.step()
        if self.val_metric is None and self.by_epoch and self.every_n_epochs(runner, self.interval):
            self._step(runner, self._calculate_average_value())

    def after_val_epoch(self, runner: RunnerLike, metrics: dict[str, float] | None = None) -> None:
        """Step on the metric, if one is watched.

        Raises:
            KeyError: If the metric is not among them.
        """
        super().after_val_epoch(runner, metrics)
        if self.val_metric is None or metrics is None:
            return
        if self.val_metric not in metrics:
            raise KeyError(
                f"val_metric={self.val_metric!r} is not among the metrics {list(metrics)}"
            )
        self._validations += 1
        if self._validations % self.interval == 0:
            self._step(runner, float(metrics[self.val_metric]))

    def before_save_checkpoint(self, runner: RunnerLike, checkpoint: dict[str, Any]) -> None:
        """Keep what has been noted since the last step."""
        checkpoint[_STATE] = {
            "sum": self._sum,
            "count": self._count,
            "validations": self._validations,
        }

    def after_load_checkpoint(self, runner: RunnerLike, checkpoint: dict[str, Any]) -> None:
        """Go on with what had been noted."""
        state = checkpoint.get(_STATE)
        if state is not None:
            self._sum, self._count = state["sum"], state["count"]
            self._validations = state["validations"]

    def missing_parts(self, runner: RunnerLike, checkpoint: dict[str, Any]) -> list[str]:
        """Name what has been noted if a checkpoint lacks it.

        Args:
            runner (Runner): The runner.
            checkpoint (dict): The checkpoint that is resumed.

        Returns:
            list[str]: The part, or nothing.
        """
        if _STATE in checkpoint:
            return []
        return [f"what {type(self).__name__} has noted since its last step"]

    def _calculate_average_value(self) -> float:
        """Average the losses since the last time, and forget them.

        Returns:
            float: The mean over iterations and processes.
        """
        if self._sum is None:
            return float("nan")
        average = self._sum / self._count
        all_reduce(average, "mean")
        self._sum, self._count = None, 0
        return average.item()

    def _step(self, runner: RunnerLike, value: float) -> None:
        for scheduler in _schedulers(runner):
            if _is_fed(scheduler):
                scheduler.observe(value)
                scheduler.step()


def _is_fed(scheduler: Any) -> bool:
    """Whether a scheduler waits for this hook; one with a ``monitor`` takes care of itself."""
    return isinstance(scheduler, ReduceLR) and scheduler.monitor is None


def _schedulers(runner: RunnerLike) -> Iterator[Any]:
    groups = runner.param_schedulers or []
    for group in groups.values() if isinstance(groups, dict) else [groups]:
        yield from group
