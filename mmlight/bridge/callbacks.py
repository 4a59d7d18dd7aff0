"""The Lightning callbacks of a Trainer in a run whose loop is a documented one.

The loops announce the documented points; here each point is followed by the event that
Lightning's callbacks know, and by what Lightning's loops would have done to the Trainer there.
Only callbacks that override an event are called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import ProgressBar

from mmlight.bridge.logged import LoggedValues
from mmlight.bridge.progress import LoopProgress

Call = Callable[..., None]


def callbacks_of(trainer: Trainer) -> list[Callback]:
    """Return the list of callbacks that ``trainer`` goes through; changes of it count."""
    result: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]  # set in the Trainer's connector
    return result


def overriding(trainer: Trainer, event: str) -> list[Call]:
    """Return what the callbacks do at an event, on their class or (LambdaCallback) themselves."""
    base = getattr(Callback, event)
    return [
        getattr(callback, event)
        for callback in callbacks_of(trainer)
        if event in vars(callback) or getattr(type(callback), event) is not base
    ]


class CallbackEvents:
    """Calls the Lightning callbacks of a Trainer behind the hooks.

    Args:
        trainer: The Trainer.
        progress: Its counters.
    """

    def __init__(self, trainer: Trainer, progress: LoopProgress) -> None:
        self.trainer = trainer
        self.progress = progress
        self.logged = LoggedValues(trainer)
        self.epoch_open = False
        self.stage: Any = None

    def calls(self) -> dict[str, list[Call]]:
        """Return, for each documented point, the calls ``fn(runner, **kwargs)`` behind hooks."""
        return {
            "before_train": self.plain("on_train_start"),
            "before_train_epoch": [
                self.close_epoch,
                self.open_epoch,
                *self.plain("on_train_epoch_start"),
            ],
            "before_train_iter": self.batch_start("on_train_batch_start"),
            "after_train_iter": self.train_batch_end(),
            "after_train": [self.close_epoch, *self.plain("on_train_end")],
            **self.evaluation("val", "validation"),
            **self.evaluation("test", "test"),
        }

    def _managed(self, event: str) -> list[Call]:
        """Let callbacks use ``self.log`` at an event, as in Lightning's loops."""
        logged = self.logged

        def manage(fn: Call) -> Call:
            def call(*args: Any) -> None:
                logged.begin(event)
                fn(*args)
                logged.end()

            return call

        # A progress bar logs nothing, and is called at every batch.
        return [
            fn if isinstance(getattr(fn, "__self__", None), ProgressBar) else manage(fn)
            for fn in overriding(self.trainer, event)
        ]

    def plain(self, event: str) -> list[Call]:
        trainer = self.trainer

        def call(fn: Call) -> Call:
            return lambda runner, **kwargs: fn(trainer, trainer.lightning_module)

        return [call(fn) for fn in self._managed(event)]

    def batch_start(self, event: str) -> list[Call]:
        trainer = self.trainer
        extra = () if "train" in event else (0,)

        def call(fn: Call) -> Call:
            return lambda runner, batch_idx, data_batch=None: fn(
                trainer, trainer.lightning_module, data_batch, batch_idx, *extra
            )

        return [call(fn) for fn in self._managed(event)]

    def _batch_end(self, event: str) -> list[Call]:
        trainer = self.trainer
        extra = () if "train" in event else (0,)

        def call(fn: Call) -> Call:
            return lambda runner, batch_idx, data_batch=None, outputs=None: fn(
                trainer, trainer.lightning_module, outputs, data_batch, batch_idx, *extra
            )

        return [call(fn) for fn in self._managed(event)]

    def train_batch_end(self) -> list[Call]:
        progress = self.progress
        calls = self._batch_end("on_train_batch_end")
        if calls:
            # Lightning's callbacks expect `global_step` to have counted the step by now.
            calls.insert(0, lambda runner, **kwargs: progress.count_step(progress.iter + 1))
        if self.trainer.loggers:
            calls.append(self.logged.after_train_iter)
        return calls

    def open_epoch(self, runner: Any) -> None:
        self.epoch_open = True
        self.progress.start_epoch()

    def close_epoch(self, runner: Any) -> None:
        # The documented end of an epoch comes before validation, Lightning's event after it. A
        # loop of the user's that does not call this has it called before whatever comes next.
        if not self.epoch_open:
            return
        self.epoch_open = False
        for call in self.plain("on_train_epoch_end"):
            call(runner)
        self.progress.complete_epoch()

    def evaluation(self, mode: str, event: str) -> dict[str, list[Call]]:
        def before(runner: Any) -> None:
            self.stage = self.trainer.state.stage
            if not self.trainer.sanity_checking:
                setattr(self.trainer, "validating" if mode == "val" else "testing", True)

        def after(runner: Any) -> None:
            self.trainer.state.stage = self.stage

        def publish(runner: Any, metrics: dict[str, Any] | None = None) -> None:
            runner.publish(metrics or {})

        def log(runner: Any, metrics: dict[str, Any] | None = None) -> None:
            if not self.trainer.sanity_checking:
                self.logged.after_evaluation(metrics or {})

        return {
            f"before_{mode}": [before, *self.plain(f"on_{event}_start")],
            f"before_{mode}_epoch": self.plain(f"on_{event}_epoch_start"),
            f"before_{mode}_iter": self.batch_start(f"on_{event}_batch_start"),
            f"after_{mode}_iter": self._batch_end(f"on_{event}_batch_end"),
            f"after_{mode}_epoch": [
                publish,
                log,
                *(_without_metrics(call) for call in self.plain(f"on_{event}_epoch_end")),
            ],
            f"after_{mode}": [*self.plain(f"on_{event}_end"), after],
        }


def _without_metrics(call: Call) -> Call:
    return lambda runner, metrics=None: call(runner)
