"""Where a run is: the counters of Lightning's own loops, moved as the documented loops move."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl
import pytest

from mmlight.bridge.progress import LoopProgress, OwnCounters

NAMES = ("ready", "started", "processed", "completed")


@pytest.fixture
def trainer() -> pl.Trainer:
    return pl.Trainer(logger=False, enable_checkpointing=False, accelerator="cpu")


def counted(tracker: Any) -> list[int]:
    return [getattr(tracker, name) for name in NAMES]


def batches(trainer: pl.Trainer) -> tuple[list[int], list[int]]:
    """Of the whole run and of its epoch."""
    progress = trainer.fit_loop.epoch_loop.batch_progress
    return counted(progress.total), counted(progress.current)


def epochs(trainer: pl.Trainer) -> tuple[list[int], list[int]]:
    progress = trainer.fit_loop.epoch_progress
    return counted(progress.total), counted(progress.current)


def steps(trainer: pl.Trainer) -> tuple[int, int]:
    """What ``trainer.global_step`` is with a module of ours."""
    tracker = trainer.fit_loop.epoch_loop.manual_optimization.optim_step_progress.total
    return tracker.ready, tracker.completed


def test_batches_are_counted_as_begun_and_as_done(trainer: pl.Trainer) -> None:
    progress = LoopProgress(trainer)
    for done in range(3):
        progress.start_batch()
        assert batches(trainer) == ([done + 1, done + 1, done, done],) * 2
        assert progress.in_batch and progress.iter == progress.batch_in_epoch == done
        progress.end_batch()
        assert batches(trainer) == ([done + 1] * 4,) * 2
        assert not progress.in_batch and progress.iter == done + 1
    assert steps(trainer) == (3, 3)
    assert trainer.fit_loop.epoch_loop._batches_that_stepped == 3  # the step of its loggers


def test_a_new_epoch_begins_with_no_batch(trainer: pl.Trainer) -> None:
    progress = LoopProgress(trainer)
    for _ in range(2):
        progress.start_batch()
        progress.end_batch()
    progress.batch_in_epoch = 0
    progress.start_batch()
    assert batches(trainer) == ([3, 3, 2, 2], [1, 1, 0, 0])


def test_epochs_are_begun_processed_and_completed(trainer: pl.Trainer) -> None:
    progress = LoopProgress(trainer)
    for done in range(2):
        assert not progress.in_epoch
        progress.start_epoch()
        assert epochs(trainer) == ([done + 1, done + 1, done, done],) * 2
        assert progress.in_epoch and progress.epoch == done
        progress.process_epoch()
        assert epochs(trainer) == ([done + 1, done + 1, done + 1, done],) * 2
        assert not progress.in_epoch and progress.epoch == done + 1
        progress.complete_epoch()
        assert epochs(trainer) == ([done + 1] * 4,) * 2


def test_counters_are_set_as_a_whole(trainer: pl.Trainer) -> None:
    progress = LoopProgress(trainer)
    progress.batch_in_epoch = 2
    progress.iter = 5
    progress.epoch = 4
    assert batches(trainer) == ([5] * 4, [7] * 4)
    assert epochs(trainer) == ([4] * 4, [4] * 4)
    assert (progress.iter, progress.epoch) == (5, 4)
    assert steps(trainer) == (5, 5)
    progress.iter = 1
    assert batches(trainer) == ([1] * 4, [3] * 4)
    progress.iter, progress.batch_in_epoch = 3, 1
    progress.iter = 0  # the epoch cannot have fewer batches than none
    assert batches(trainer) == ([0] * 4, [0] * 4)


def test_what_lightning_counts_later_is_over_already(trainer: pl.Trainer) -> None:
    progress = LoopProgress(trainer)
    progress.batch_is_over = progress.epoch_is_over = 1
    assert (progress.iter, progress.batch_in_epoch, progress.epoch) == (1, 1, 1)


def test_a_loop_that_counts_itself(trainer: pl.Trainer) -> None:
    class Loop:
        _iter = 3

        @property
        def iter(self) -> int:
            return self._iter

    loop = Loop()
    progress = OwnCounters(trainer, loop)
    assert progress.iter == 3
    progress.iter = 8
    assert loop._iter == 8
    progress.start_epoch()
    progress.process_epoch()
    assert progress.epoch == 1 and epochs(trainer) == ([1, 1, 1, 0],) * 2
    assert OwnCounters(trainer, object()).iter == 0
