"""Lightning's progress bar for a run whose loop is the Runner's."""

from __future__ import annotations

import time
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import TQDMProgressBar


class RunnerProgressBar(TQDMProgressBar):
    """Shows the values of the last log point beside the progress.

    The losses of the other iterations are still on the device: reading them for the bar would
    make every step wait for it.

    Args:
        seconds: Least time between two drawings of the bar, which take as long as many a step.
    """

    def __init__(self, seconds: float = 0.1) -> None:
        super().__init__(refresh_rate=1)
        self.seconds = seconds
        self._drawn = 0.0

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Draw the bar if it is time, or behind the last batch."""
        now = time.monotonic()
        if now - self._drawn >= self.seconds or batch_idx + 1 == trainer.num_training_batches:
            self._drawn = now
            super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)
