"""What both training loops share."""

from __future__ import annotations

import bisect
from typing import Any

from torch.utils.data import DataLoader

from mmlight.utils.checks import whole

from .base_loop import BaseLoop
from .utils import calc_dynamic_intervals

Intervals = list[tuple[int, int]]


class TrainLoop(BaseLoop):
    """Counters, the validation schedule and the training step of a training loop."""

    by_epoch: bool
    _max_epochs: Any
    _max_iters: Any

    def __init__(
        self,
        runner: Any,
        dataloader: DataLoader[Any] | dict[str, Any],
        val_begin: int,
        val_interval: int,
        dynamic_intervals: Intervals | None,
    ) -> None:
        whole(self, val_interval=val_interval)
        whole(self, least=0, val_begin=val_begin)
        super().__init__(runner, dataloader)
        self.val_begin = val_begin
        self.val_interval = val_interval
        self.stop_training = False
        self.dynamic_milestones, self.dynamic_intervals = calc_dynamic_intervals(
            val_interval, dynamic_intervals
        )

    @property
    def iter(self) -> int:
        """Iterations done: the 0-based index of the running one."""
        result: int = self.runner.progress.iter
        return result

    @property
    def _iter(self) -> int:
        return self.iter

    @_iter.setter
    def _iter(self, value: int) -> None:
        self.runner.progress.iter = value

    def _step(self, idx: int, data_batch: Any) -> None:
        runner = self._runner
        progress = runner.progress
        progress.start_batch()
        runner.call_hook("before_train_iter", batch_idx=idx, data_batch=data_batch)
        outputs = runner.train_step(data_batch, idx)
        runner.call_hook("after_train_iter", batch_idx=idx, data_batch=data_batch, outputs=outputs)
        progress.end_batch()

    @property
    def max_epochs(self) -> int:
        """Epochs in all; an iteration-based training counts as one."""
        result: int = self._max_epochs
        return result

    @property
    def max_iters(self) -> int:
        """Iterations in all."""
        result: int = self._max_iters
        return result

    def limit(self, max_epochs: float, max_iters: float) -> None:
        """Train so far and no farther, whatever the config says."""
        self._max_epochs, self._max_iters = max_epochs, max_iters

    def documented_length(self) -> float:
        """Return the batches of an epoch without a limit of the Trainer's."""
        raise NotImplementedError

    def use(self, dataloader: DataLoader[Any]) -> None:
        """Train on other data from the next epoch on."""
        raise NotImplementedError

    def _must_stop(self) -> bool:
        """Tell whether somebody wants the training to stop, and it may."""
        runner = self._runner
        result: bool = (
            self.stop_training or runner.trainer.should_stop
        ) and runner.schedule.may_stop
        return result

    def _validate(self, resumed: bool = False) -> None:
        if resumed:
            self.runner.logger.info(
                "The checkpoint was written just before a validation, which comes first, whether "
                "or not it was carried out then"
            )
        self.runner.val_loop.run()

    def val_due(self, done: int, end: int) -> bool:
        """Tell whether a validation follows ``done`` epochs (or iterations) of ``end``."""
        self._decide_current_val_interval(done)
        if self.runner.val_loop is None or done < self.val_begin:
            return False
        return done % self.val_interval == 0 or done == end

    def _restore_validation(self, exact: dict[str, Any]) -> None:
        """Let the next validation use random numbers as if this were still the saved process."""
        stream, state = getattr(self.runner.val_loop, "stream", None), exact.get("val_loader")
        if stream is not None and state is not None:
            stream.next_pass(state)

    def _decide_current_val_interval(self, done: int) -> None:
        """Take the interval that the milestones give for what comes after ``done``."""
        step = bisect.bisect(self.dynamic_milestones, done + 1)
        self.val_interval = self.dynamic_intervals[step - 1]

    epoch: Any
    stream: Any
