"""Timing with the right totals for generative evaluation."""

from __future__ import annotations

from mmlight.hooks import RunnerLike, iter_timer_hook
from mmlight.registry import HOOKS


@HOOKS.register_module()
class GenIterTimerHook(iter_timer_hook.IterTimerHook):
    """Times iterations, also those of :class:`GenValLoop` and :class:`GenTestLoop`.

    In validation and test, the time that is left counts the batches that the loop generates
    (``total_length``), which have nothing to do with the dataloader of real images.

    Example:
        >>> GenIterTimerHook().priority
        'NORMAL'
    """

    def _batches(self, runner: RunnerLike, mode: str) -> float:
        loop = runner.val_loop if mode == "val" else runner.test_loop
        total = getattr(loop, "total_length", None)
        return super()._batches(runner, mode) if total is None else total


IterTimerHook = GenIterTimerHook  # its name in MMagic
