"""Steps the parameter schedulers."""

from __future__ import annotations

import warnings
from typing import Any

from mmlight.bridge.lr_schedulers import why_none_is_left
from mmlight.bridge.trainer_face import TrainerFace
from mmlight.hooks.hook import DataBatch, Hook
from mmlight.hooks.monitored import refuse_unknown_metric
from mmlight.hooks.never import NO_VALIDATION
from mmlight.hooks.runner_protocol import RunnerLike
from mmlight.optim import _ParamScheduler
from mmlight.registry import HOOKS


def _all_schedulers(runner: RunnerLike) -> list[Any]:
    schedulers = runner.param_schedulers
    if isinstance(schedulers, dict):
        # A single config, or configs by optimizer, where nothing is trained: not built then.
        groups = [group for group in schedulers.values() if isinstance(group, list)]
        schedulers = [scheduler for group in groups for scheduler in group]
    if not isinstance(schedulers, list | tuple | None):
        raise TypeError(
            "runner.param_schedulers should be a list of schedulers, or a dict of such lists by "
            f"optimizer, but is {schedulers!r}"
        )
    return [one for one in schedulers or () if not isinstance(one, dict)]


def _why_late(scheduler: Any, end: float, unit: str) -> str | None:
    # 0 is the end of a training of nothing, or of one whose loop does not tell.
    late = end and scheduler.begin >= end
    return f"begin={scheduler.begin}, and there are {end} {unit}" if late else None


@HOOKS.register_module()
class ParamSchedulerHook(Hook):
    """Step the parameter schedulers (learning rate, momentum) of a run.

    Those with ``by_epoch=False`` step after each iteration, the others after each epoch. Those
    that depend on a metric step once more after each validation, with its metrics.

    In a Trainer of one's own these are the schedulers that ``configure_optimizers`` returns, where
    the module has manual optimization and does not step them itself. With automatic optimization
    Lightning steps them, and the hook does nothing. If there is no scheduler it says so.

    Example:
        >>> ParamSchedulerHook().priority
        'LOW'
    """

    priority = "LOW"
    training_only = True

    def before_train(self, runner: RunnerLike) -> None:
        """Look for schedulers that will never do anything, and say so.

        Raises:
            KeyError: If no validation can give the metric that one watches.
        """
        if not isinstance(runner, TrainerFace):
            for scheduler in _all_schedulers(runner):
                if isinstance(scheduler, _ParamScheduler):
                    self._check(runner, scheduler)
        if isinstance(runner, TrainerFace) and runner.param_schedulers is None:
            reason = why_none_is_left(runner.trainer)
            if reason is not None:
                warnings.warn(
                    f"{type(self).__name__} has no scheduler to step: {reason}. Return them, as in "
                    "`return [optimizer], [scheduler]`, or leave the hook out",
                    stacklevel=2,
                )

    def _check(self, runner: Any, scheduler: Any) -> None:
        kind = type(scheduler).__name__
        why = None
        if getattr(scheduler, "need_val_args", False):
            why = None if getattr(runner, "validates", True) else NO_VALIDATION
            if hasattr(scheduler, "monitor"):
                refuse_unknown_metric(runner, f"monitor of {kind}", scheduler.monitor)
        elif not scheduler.by_epoch:
            why = _why_late(scheduler, runner.max_iters, "iterations")
        elif not runner.train_loop.by_epoch:
            why = (
                "it counts epochs, and an iteration-based training is a single one; "
                "give it by_epoch=False"
            )
        else:
            why = _why_late(scheduler, runner.max_epochs, "epochs")
        if why is not None:
            runner.logger.warning(
                f"{kind} will never change the {scheduler.param_name} after its first step: {why}"
            )

    def after_train_iter(
        self,
        runner: RunnerLike,
        batch_idx: int,
        data_batch: DataBatch = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Step the schedulers that count iterations."""
        if runner.param_schedulers is None:
            return
        for scheduler in _all_schedulers(runner):
            if not scheduler.by_epoch:
                scheduler.step()

    def after_train_epoch(self, runner: RunnerLike) -> None:
        """Step the schedulers that count epochs."""
        for scheduler in _all_schedulers(runner):
            if scheduler.by_epoch:
                scheduler.step()

    def after_val_epoch(self, runner: RunnerLike, metrics: dict[str, float] | None = None) -> None:
        """Give the ``metrics`` to the schedulers that depend on one."""
        if metrics is None:
            return
        for scheduler in _all_schedulers(runner):
            if getattr(scheduler, "need_val_args", False):
                scheduler.step(metrics)
