"""Where a run is: iterations and epochs done, kept in Lightning's own progress trackers."""

from __future__ import annotations

from typing import Any

from lightning.pytorch import Trainer
from lightning.pytorch.utilities.exceptions import SIGTERMException


class LoopProgress:
    """The counters of ``trainer.fit_loop``, read and moved as the documented loops need them.

    ``trainer.global_step`` counts iterations, not the steps of all optimizers.

    Args:
        trainer: The Trainer whose counters are used.

    Example:
        >>> trainer = Trainer(logger=False, enable_checkpointing=False, accelerator="cpu")
        >>> progress = LoopProgress(trainer)
        >>> progress.start_batch()
        >>> progress.end_batch()
        >>> progress.iter, progress.batch_in_epoch, progress.epoch
        (1, 1, 0)
    """

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        # No public name leads to the counters; `global_step` and `current_epoch` only read them.
        self._epoch_loop: Any = trainer.fit_loop.epoch_loop
        self._epochs: Any = trainer.fit_loop.epoch_progress.current
        self._all_epochs: Any = trainer.fit_loop.epoch_progress.total
        self._batches: Any = self._epoch_loop.batch_progress.total
        self._batches_of_epoch: Any = self._epoch_loop.batch_progress.current
        self._steps = self._epoch_loop.manual_optimization.optim_step_progress.total
        self.batch_is_over = 0
        """1 between the last event of a batch and Lightning's own count of that batch."""
        self.epoch_is_over = 0
        """1 between the last batch of an epoch and Lightning's own count of that epoch."""

    @property
    def iter(self) -> int:
        """Iterations done (the 0-based index of the running one)."""
        result: int = self._batches.completed + self.batch_is_over
        return result

    @iter.setter
    def iter(self, value: int) -> None:
        done = value - self._batches.completed
        for tracker in (self._batches, self._batches_of_epoch):
            now = tracker.completed + done
            tracker.ready = tracker.started = tracker.processed = tracker.completed = max(now, 0)
        self.count_step(value)

    @property
    def epoch(self) -> int:
        """Epochs done (the 0-based index of the running one)."""
        result: int = self._epochs.processed + self.epoch_is_over
        return result

    @epoch.setter
    def epoch(self, value: int) -> None:
        for tracker in (self._epochs, self._all_epochs):
            tracker.ready = tracker.started = tracker.processed = tracker.completed = value

    @property
    def in_batch(self) -> bool:
        """Whether a batch has begun and is not counted as done."""
        result: bool = self._batches.ready > self.iter
        return result

    @property
    def in_epoch(self) -> bool:
        """Whether an epoch has begun and is not counted as done."""
        result: bool = self._epochs.ready > self.epoch
        return result

    @property
    def batch_in_epoch(self) -> int:
        """Batches done in the running epoch."""
        result: int = self._batches_of_epoch.completed + self.batch_is_over
        return result

    @batch_in_epoch.setter
    def batch_in_epoch(self, value: int) -> None:
        tracker = self._batches_of_epoch
        tracker.ready = tracker.started = tracker.processed = tracker.completed = value

    def start_epoch(self) -> None:
        """Count an epoch as begun."""
        for tracker in (self._epochs, self._all_epochs):
            tracker.ready = tracker.started = tracker.processed + 1

    def process_epoch(self) -> None:
        """Count an epoch as done with its batches, its validation still to come."""
        self._epochs.processed += 1
        self._all_epochs.processed += 1

    def complete_epoch(self) -> None:
        """Count everything of the epoch as done."""
        self._epochs.completed = self._epochs.processed
        self._all_epochs.completed = self._all_epochs.processed

    def start_batch(self) -> None:
        """Count a batch as begun."""
        self._batches.ready += 1
        self._batches_of_epoch.ready += 1
        self._batches.started += 1
        self._batches_of_epoch.started += 1

    def count_step(self, done: int) -> None:
        """Let ``trainer.global_step`` be ``done``."""
        self._steps.ready = self._steps.completed = done

    def end_batch(self) -> None:
        """Count a batch as done.

        Raises:
            SIGTERMException: If the process has been told to terminate.
        """
        self._batches.processed += 1
        self._batches_of_epoch.processed += 1
        self._batches_of_epoch.completed += 1
        done = self._batches.completed + 1
        self._batches.completed = self._steps.ready = self._steps.completed = done
        # Lightning's loggers and LearningRateMonitor take their step from this counter.
        self._epoch_loop._batches_that_stepped = done
        if self._trainer.received_sigterm:
            raise SIGTERMException


class OwnCounters(LoopProgress):
    """The progress of a training loop that counts its iterations itself, as ``iter``.

    Args:
        trainer: The Trainer, whose other counters are used.
        loop: The loop; a resumed run sets its ``_iter``.
    """

    def __init__(self, trainer: Trainer, loop: Any) -> None:
        super().__init__(trainer)
        self._loop = loop

    @property
    def iter(self) -> int:
        """Iterations done, as far as the loop tells."""
        return getattr(self._loop, "iter", 0)

    @iter.setter
    def iter(self, value: int) -> None:
        self._loop._iter = value
