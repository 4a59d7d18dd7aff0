"""Lightning's progress bar for a run whose loop is the Runner's."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterable
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import TQDMProgressBar
from lightning.pytorch.callbacks.progress.tqdm_progress import Tqdm
from tqdm.std import tqdm as TextBar

from mmlight.utils.notebook import LiveText, in_notebook

_LEAST_CELLS = 10
_NOTEBOOK_CELLS = 100


def for_the_bar(values: dict[str, Any], hooks: Iterable[Any]) -> dict[str, Any]:
    """Choose what a progress bar shows: the metrics of ``save_best``, or else the first value.

    Args:
        values: What was logged, losses or metrics; of several losses the sum is shown.
        hooks: The hooks of the run.

    Example:
        >>> for_the_bar({"loss_cls": 0.1, "loss_bbox": 0.2, "loss": 0.3}, hooks=[])
        {'loss': 0.3}
    """
    named = {metric for hook in hooks for metric in getattr(hook, "key_indicators", ())}
    names = [name for name in values if name in named]
    if not names:
        names = ["loss"] if "loss" in values else list(values)[:1]
    return {name: values[name] for name in names}


class CellBar(TextBar):
    """A bar of text that writes numbers as Lightning's does, also where there are widgets."""

    format_num = staticmethod(Tqdm.format_num)


class RunnerProgressBar(TQDMProgressBar):
    """Shows the values of the last log point beside the progress, as many as there is room for.

    The losses of the other iterations are still on the device: reading them for the bar would
    make every step wait for it. In a notebook bars are lines of text, each in an output of its own
    that stays with the cell: widgets are lost when the notebook is stored. Output that nobody
    watches, such as a file, is left to the log, where a bar would be thousands of lines in one.

    Args:
        seconds: Least time between two drawings of the bar, which take as long as many a step.
        everywhere: Whether to draw it also where the output is no terminal.
    """

    def __init__(self, seconds: float = 0.1, everywhere: bool = False) -> None:
        super().__init__(refresh_rate=1)
        self.seconds = seconds
        self.everywhere = everywhere
        self._drawn = 0.0
        self._lines: dict[str, LiveText] = {}

    @property
    def is_disabled(self) -> bool:
        """bool: Whether nothing is drawn, as in all processes but the first."""
        watched = self.everywhere or in_notebook() or sys.stdout.isatty()
        return super().is_disabled or not watched

    def init_train_tqdm(self) -> Any:
        """Return the bar of a training."""
        if in_notebook():
            return self._in_cell(self.train_description)
        return super().init_train_tqdm()

    def init_validation_tqdm(self) -> Any:
        """Return the bar of a validation."""
        if in_notebook():
            return self._in_cell(self.validation_description)
        return super().init_validation_tqdm()

    def init_test_tqdm(self) -> Any:
        """Return the bar of a test."""
        if in_notebook():
            return self._in_cell(self.test_description)
        return super().init_test_tqdm()

    def _in_cell(self, description: str) -> CellBar:
        return CellBar(
            desc=description,
            disable=self.is_disabled,
            file=self._lines.setdefault(description, LiveText()),
            position=0,
            ncols=_NOTEBOOK_CELLS,
            ascii=False,
            bar_format=self.BAR_FORMAT,
        )

    def on_train_epoch_start(self, trainer: Trainer, *_: Any) -> None:
        """Begin the bar of an epoch, behind what a resumed run has done of it."""
        super().on_train_epoch_start(trainer)
        bar: Any = self.train_progress_bar
        runner = getattr(trainer.fit_loop, "runner", None)  # none in a training that is not ours
        if not getattr(getattr(runner, "train_loop", None), "by_epoch", True):
            bar.set_description("Training", refresh=False)
        done = trainer.fit_loop.epoch_loop.batch_progress.current.completed
        bar.initial = bar.n = bar.last_print_n = done  # or all of it would be this second's work
        bar.refresh()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Draw the bar if it is time, or behind the last batch."""
        if self._is_due(batch_idx + 1, trainer.num_training_batches):
            super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)

    def on_train_end(self, trainer: Trainer, *_: Any) -> None:
        """Leave the bar where the training has ended."""
        self._leave_train_bar(trainer)

    def on_exception(self, trainer: Trainer, *_: Any) -> None:
        """Leave the bars where the run was broken off, so that an error has a line of its own."""
        for bar in (self._val_progress_bar, self._test_progress_bar):
            if bar is not None:
                bar.close()
        self._leave_train_bar(trainer)

    def _leave_train_bar(self, trainer: Trainer) -> None:
        bar = self._train_progress_bar
        if bar is not None and not bar.disable:
            bar.n = trainer.fit_loop.epoch_loop.batch_progress.current.completed
            bar.refresh()
            bar.close()

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Draw the bar if it is time, or behind the last batch."""
        if self._is_due(batch_idx + 1, self.total_val_batches_current_dataloader):
            super().on_validation_batch_end(trainer, pl_module, outputs, batch, batch_idx)

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Draw the bar if it is time, or behind the last batch."""
        if self._is_due(batch_idx + 1, self.total_test_batches_current_dataloader):
            super().on_test_batch_end(trainer, pl_module, outputs, batch, batch_idx)

    def _is_due(self, done: int, total: float) -> bool:
        now = time.monotonic()
        if now - self._drawn < self.seconds and done != total:
            return False
        self._drawn = now
        return True

    def get_metrics(self, trainer: Trainer, pl_module: LightningModule) -> dict[str, Any]:
        """Return the values to show, without the last ones where the bar has no room for them."""
        metrics = super().get_metrics(trainer, pl_module)
        bar = self._train_progress_bar
        while metrics and bar is not None and _cells(bar, metrics) < _LEAST_CELLS:
            metrics.popitem()
        return metrics


def _cells(bar: Any, metrics: dict[str, Any]) -> float:
    """Return how wide the bar itself is beside ``metrics``; infinite where there is no terminal."""
    meter = bar.format_dict
    if not meter["ncols"]:
        return math.inf
    postfix = ", ".join(
        f"{name}={value if isinstance(value, str) else Tqdm.format_num(value)}"
        for name, value in metrics.items()
    )
    beside = TQDMProgressBar.BAR_FORMAT.replace("{bar}", "")
    text = Tqdm.format_meter(**{**meter, "postfix": postfix, "bar_format": beside})
    result: float = meter["ncols"] - len(text)
    return result
