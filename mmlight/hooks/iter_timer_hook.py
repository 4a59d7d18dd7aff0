"""Times the iterations."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

from mmlight.hooks.hook import DataBatch, Hook
from mmlight.hooks.length import batches_of
from mmlight.hooks.runner_protocol import RunnerLike
from mmlight.registry import HOOKS


@HOOKS.register_module()
class IterTimerHook(Hook):
    """Record how long each iteration waits for its data and takes in all, and when the run ends.

    The message hub gets the scalars ``<mode>/data_time`` and ``<mode>/time`` (seconds) and the
    runtime information ``eta`` (seconds until the end of the training, validation or test, where
    that is known).

    Example:
        >>> IterTimerHook().priority
        'NORMAL'
    """

    priority = "NORMAL"

    def __init__(self) -> None:
        self.time_sec_tot = 0.0
        self.time_sec_test_val = 0.0
        self.start_iter = 0
        self.t = time.time()

    def before_train(self, runner: RunnerLike) -> None:
        """Note the iteration at which this process starts; those before it took no time here."""
        self.start_iter = runner.iter
        self.time_sec_tot = 0.0

    def _before_epoch(self, runner: RunnerLike, mode: str = "train") -> None:
        self.t = time.time()

    def _after_epoch(self, runner: RunnerLike, mode: str = "train") -> None:
        self.time_sec_test_val = 0.0

    def _before_iter(
        self, runner: RunnerLike, batch_idx: int, data_batch: DataBatch = None, mode: str = "train"
    ) -> None:
        runner.message_hub.update_scalar(
            "train/data_time" if mode == "train" else f"{mode}/data_time", time.time() - self.t
        )

    def _after_iter(
        self,
        runner: RunnerLike,
        batch_idx: int,
        data_batch: DataBatch = None,
        outputs: Sequence[Any] | dict[str, Any] | None = None,
        mode: str = "train",
    ) -> None:
        now = time.time()
        elapsed = now - self.t
        self.t = now
        if mode == "train":
            runner.message_hub.update_scalar("train/time", elapsed)
            self.time_sec_tot += elapsed
            done = runner.iter + 1
            self._foretell(
                runner, self.time_sec_tot / (done - self.start_iter), runner.max_iters - done
            )
            return
        runner.message_hub.update_scalar(f"{mode}/time", elapsed)
        self.time_sec_test_val += elapsed
        done = batch_idx + 1
        self._foretell(runner, self.time_sec_test_val / done, self._batches(runner, mode) - done)

    def _batches(self, runner: RunnerLike, mode: str) -> float:
        """Batches of a whole validation or test."""
        return batches_of(runner.val_loop if mode == "val" else runner.test_loop)

    @staticmethod
    def _foretell(runner: Any, average: float, left: float) -> None:
        """Tell when the end will be, unless there is none in sight."""
        if left == math.inf:
            runner.message_hub.pop_info("eta")
        else:
            runner.message_hub.update_info("eta", average * left)
