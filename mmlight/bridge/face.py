"""The part of the documented ``runner`` that is read off a Lightning Trainer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property
from typing import Any

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.profilers import PassThroughProfiler
from lightning.pytorch.trainer import call

from mmlight.bridge.callbacks import CallbackEvents
from mmlight.bridge.events import POINTS, Dispatcher
from mmlight.bridge.progress import LoopProgress
from mmlight.bridge.progress_bar import for_the_bar
from mmlight.bridge.schedule import Schedule, limited
from mmlight.bridge.stepper import BatchConversion, is_plain
from mmlight.registry import HOOKS
from mmlight.registry.place import current_section
from mmlight.utils.priority import Priority, get_priority

_POINTS = frozenset(POINTS)  # asked at every event


class RunnerFace:
    """A Trainer under the names that hooks, loops and log processors know.

    ``Runner`` extends it, and :class:`~mmlight.bridge.trainer_face.TrainerFace` fills it in for a
    Trainer and a LightningModule that know nothing of mmlight.
    """

    cfg: Any
    model: Any
    optim_wrapper: Any
    numbers_all_batches: bool = False
    """Whether the ``batch_idx`` of a training counts the iterations of all epochs."""

    def __init__(self) -> None:
        self._dispatcher = Dispatcher()
        self.hook_keys: list[tuple[Any, tuple[str, ...]]] = []
        """Hooks of the config, each with its config key."""
        self._trainer: Trainer | None = None
        self._progress: LoopProgress | None = None
        self._events: CallbackEvents | None = None
        self._plain_steps = True
        self._conversion: BatchConversion | None = None
        self.profiles = False
        """Whether the Trainer has a profiler that looks."""
        self.schedule: Schedule | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_events": None, "_conversion": None}  # of a Trainer that runs

    def bind(self, trainer: Trainer) -> None:
        """Read everything off ``trainer`` from now on."""
        self._trainer = trainer
        self._progress = LoopProgress(trainer)
        # A rehearsal leaves nothing behind.
        self._dispatcher.leave_out_writers(self.is_rehearsal)

    @property
    def trainer(self) -> Trainer:
        """The Lightning Trainer underneath."""
        assert self._trainer is not None
        return self._trainer

    @cached_property
    def config_text(self) -> str:
        """The config as Python, made once in a run for all of its checkpoints."""
        result: str = self.cfg.pretty_text
        return result

    @property
    def is_rehearsal(self) -> bool:
        """Whether this is a ``fast_dev_run``, which must leave nothing behind."""
        return bool(self.trainer.fast_dev_run)  # type: ignore[attr-defined]  # set by a connector

    @property
    def _profiler(self) -> Any:
        return self.trainer.profiler  # type: ignore[attr-defined]  # set by a connector

    @property
    def progress(self) -> LoopProgress:
        """The counters of the Trainer."""
        if self._progress is None:
            self.bind(self.trainer)
        return self._progress  # type: ignore[return-value]

    @property
    def iter(self) -> int:
        """Iterations done: the 0-based index of the running one."""
        progress = self._progress
        return self.progress.iter if progress is None else progress.iter

    @property
    def epoch(self) -> int:
        """Epochs done: the 0-based index of the running one."""
        return self.progress.epoch

    @property
    def rank(self) -> int:
        """Index of this process among all processes."""
        return self.trainer.global_rank

    @property
    def world_size(self) -> int:
        """Number of processes."""
        return self.trainer.world_size

    @property
    def distributed(self) -> bool:
        """Whether there are several processes."""
        return self.world_size > 1

    @property
    def hooks(self) -> list[Any]:
        """The hooks in the order in which they are called."""
        return self._dispatcher.hooks

    @property
    def point(self) -> str:
        """Name of the point that hooks were called at last."""
        return self._dispatcher.point

    def call_hook(self, fn_name: str, **kwargs: Any) -> None:
        """Call the hooks at a point.

        Args:
            fn_name: One of the 22 points, or the name of a method that some hooks have.
            **kwargs: What the point passes on beside the runner.
        """
        if fn_name in _POINTS:
            self._dispatcher.call(fn_name, self, kwargs)
            return
        for hook in self.hooks:
            if hasattr(hook, fn_name):
                getattr(hook, fn_name)(self, **kwargs)

    def call_after(self, point: str, call: Callable[..., None]) -> None:
        """Have ``call(runner, **kwargs)`` follow all others at a point until the training ends."""
        self._dispatcher.add_after(point, call)

    @contextmanager
    def hooks_left_out(self) -> Iterator[None]:
        """Let Lightning's callbacks alone take part, in a try that hooks know nothing of."""
        self._dispatcher.leave_out_hooks(True)
        try:
            yield
        finally:
            self._dispatcher.leave_out_hooks(False)

    def publish(self, values: dict[str, Any]) -> None:
        """Let callbacks such as EarlyStopping see logged values, and progress bars a few of them.

        Args:
            values: Names to numbers on the host; anything else is left out.
        """
        numbers = {name: value for name, value in values.items() if isinstance(value, int | float)}
        # Only `LightningModule.log`, inside Lightning's own loop, could write them publicly.
        connector: Any = self.trainer._logger_connector
        connector._progress_bar_metrics.update(for_the_bar(numbers, self.hooks))
        connector._logged_metrics.update(numbers)
        connector._callback_metrics.update(
            {name: torch.tensor(float(value)) for name, value in numbers.items()}
        )

    def refresh_callbacks(self) -> None:
        """Let the Trainer's callbacks follow the hooks at each point."""
        trainer = self.trainer
        self._events = CallbackEvents(trainer, self.progress)
        self._dispatcher.set_after(self._events.calls())
        self.profiles = not isinstance(self._profiler, PassThroughProfiler)
        self._plain_steps = is_plain(trainer)
        if self._conversion is not None:
            self._conversion.remove()
        self._conversion = BatchConversion(trainer, self.model)

    def train_step(self, data_batch: Any, batch_idx: int) -> Any:
        """Update the model on a batch and return its outputs.

        That is ``model.train_step``, reached through the Trainer's strategy where several
        processes or a precision plugin take part.
        """
        if self.profiles:
            with self._profiler.profile("run_training_batch"):
                return call._call_strategy_hook(
                    self.trainer, "training_step", data_batch, batch_idx
                )
        if self._plain_steps:
            return self.model.train_step(data_batch, optim_wrapper=self.optim_wrapper)
        return self.trainer.strategy.training_step(data_batch, batch_idx)

    @contextmanager
    def _profiled_evaluation(self, mode: str) -> Iterator[None]:
        strategy = type(self.trainer.strategy).__name__
        name = "validation_step" if mode == "val" else "test_step"
        with (
            self.trainer.precision_plugin.val_step_context(),
            self._profiler.profile(f"[Strategy]{strategy}.{name}"),
        ):
            yield

    def evaluation_context(self, mode: str) -> AbstractContextManager[Any]:
        """Give the context of a validation or test step in the Trainer's precision."""
        if self.profiles:
            return self._profiled_evaluation(mode)
        if self._plain_steps:
            return nullcontext()
        return self.trainer.precision_plugin.val_step_context()

    def fetched(self, batches: Iterator[Any], mode: str) -> Iterator[Any]:
        """Return ``batches`` so that a profiler of the Trainer's sees how long each takes."""
        return self._profiled(batches, mode) if self.profiles else batches

    def _profiled(self, batches: Iterator[Any], mode: str) -> Iterator[Any]:
        end = object()
        while (batch := self.profiled_next(batches, mode, end)) is not end:
            yield batch

    def profiled_next(self, batches: Iterator[Any], mode: str = "train", *default: Any) -> Any:
        """Return the next of ``batches``, timed under the name that Lightning's loops give it."""
        loop = "[_TrainingEpochLoop].train" if mode == "train" else f"[_EvaluationLoop].{mode}"
        with self._profiler.profile(f"{loop}_dataloader_next"):
            return next(batches, *default)

    def limit(self, mode: str, length: float) -> int | None:
        """Return how many batches of a validation or test the Trainer allows; None for all."""
        batches = limited(self.trainer, mode, length)
        return None if batches == length else int(batches)

    def finish_epoch(self) -> None:
        """Let callbacks know that an epoch is over, its validation included."""
        if self._events is not None:
            self._events.close_epoch(self)

    def register_hook(
        self,
        hook: Any,
        priority: str | int | Priority | None = None,
    ) -> None:
        """Add a hook behind those of the same or a higher priority.

        Args:
            hook: A hook, or the config of one (its ``priority`` key counts before the class's); for
                a Runner also a Lightning callback, which goes to the Trainer.
            priority: Overrides both.

        Raises:
            TypeError: If ``hook`` is no hook.
        """
        if isinstance(hook, dict):
            config = {**hook}
            of_config = config.pop("priority", None)
            hook = HOOKS.build(config)
            priority = of_config if priority is None else priority
            self.hook_keys.append((hook, current_section()))
        if not hasattr(hook, "get_triggered_stages"):
            self._take_callback(hook)
            return
        if priority is not None:
            hook.priority = priority
        self._dispatcher.add(hook, get_priority(hook.priority))

    def _take_callback(self, callback: Any) -> None:
        """Refuse what is no hook; a Runner has a Trainer of its own for callbacks."""
        raise TypeError(
            f"hook must be a Hook or the config of one, but got {type(callback).__name__}"
        )
