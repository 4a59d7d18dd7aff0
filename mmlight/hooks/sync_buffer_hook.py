"""Keeps the buffers of all processes equal."""

from __future__ import annotations

from mmlight.dist import all_reduce_params
from mmlight.hooks.hook import Hook
from mmlight.hooks.runner_protocol import RunnerLike
from mmlight.registry import HOOKS


@HOOKS.register_module()
class SyncBuffersHook(Hook):
    """Average the model's buffers (running means and variances, say) over all processes.

    This happens after each epoch of training and before each validation that is in the middle of
    an epoch. A run with a single process has nothing to average.

    Example:
        >>> SyncBuffersHook().get_triggered_stages()
        ['after_train_epoch', 'before_val_epoch']
    """

    priority = "NORMAL"

    def __init__(self) -> None:
        self.called_in_train = False
        self._iter = -1

    def before_val_epoch(self, runner: RunnerLike) -> None:
        """Average the buffers unless the epoch of training that just ended has done so."""
        if not self.called_in_train or self._iter != runner.iter:
            all_reduce_params(runner.model.buffers(), op="mean")
        self.called_in_train = False

    def after_train_epoch(self, runner: RunnerLike) -> None:
        """Average the buffers."""
        all_reduce_params(runner.model.buffers(), op="mean")
        self.called_in_train = True
        self._iter = runner.iter
