"""The base class of all hooks: 22 points of a run at which a subclass may act."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from mmlight.bridge.events import POINTS
from mmlight.bridge.lightning_events import attach_hooks
from mmlight.hooks.runner_protocol import RunnerLike

DataBatch = dict[str, Any] | tuple[Any, ...] | list[Any] | None


def _joining(setup: Callable[..., None]) -> Callable[..., None]:
    """Let a hook join the others of its Trainer before it sets itself up."""

    @wraps(setup)
    def join_and_setup(self: Any, trainer: Trainer, *args: Any, **kwargs: Any) -> None:
        attach_hooks(trainer)
        setup(self, trainer, *args, **kwargs)

    join_and_setup.joins = True  # type: ignore[attr-defined]
    return join_and_setup


# A point falls back on one of these when a subclass overrides the general method alone.
_GENERAL = {
    f"{when}_{mode}_{unit}": f"_{when}_{unit}"
    for when in ("before", "after")
    for mode in ("train", "val", "test")
    for unit in ("epoch", "iter")
}


class Hook(Callback):
    """Base of all hooks, and a Lightning callback.

    A subclass overrides the points that it needs; only these are ever called. In a ``Runner`` a
    hook is named in ``default_hooks`` or ``custom_hooks``. In a Lightning project it goes to
    ``Trainer(callbacks=[...])`` as it is: the first hook that Lightning sets up gathers all hooks
    of that Trainer and has them called in order of priority (:mod:`mmlight.bridge.events` has the
    order of the points). ``runner`` is then a read-only view of the Trainer with the same names.
    There ``batch_idx`` of a training counts the iterations of all epochs, and that of a validation
    or test the batches of all its dataloaders, so that an interval may be longer than an epoch.

    What a subclass overrides of Lightning's callbacks is called as well, once, by the Trainer:
    events, ``setup``, and ``state_dict`` with ``load_state_dict``, whose state every checkpoint
    holds. Several hooks of one class each have their own state, in the order of the callbacks.

    Example:
        >>> class CountBatches(Hook):
        ...     priority = "LOW"
        ...     def before_run(self, runner):
        ...         self.seen = 0
        ...     def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        ...         self.seen += 1
        >>> CountBatches().get_triggered_stages()
        ['before_run', 'after_train_iter']
    """

    priority: str | int = "NORMAL"
    stages: tuple[str, ...] = POINTS
    companions: tuple[str, ...] = ()
    """Types of hooks that this one reads from; added in a bare Trainer where they are missing."""
    writes: bool = False
    """Whether it writes files, so that a ``fast_dev_run`` goes without it."""
    training_only: bool = False
    """Whether ``Trainer.validate``, ``test`` and ``predict`` of a Lightning project are none of its
    business: they must not overwrite what a training has left."""
    state_number: int | None = None
    """Which hook of its class it is in its Trainer; None before it is in one."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not hasattr(cls.setup, "joins"):  # one of the subclass's own, which need not call ours
            cls.setup = _joining(cls.setup)  # type: ignore[method-assign]

    @property
    def state_key(self) -> str:
        """Name of its state in a checkpoint."""
        name = super().state_key
        if self.state_number is None:  # a new Trainer refuses callbacks of one name
            return f"{name}-{id(self)}"
        return f"{name}-{self.state_number}" if self.state_number else name

    @_joining
    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Act when the Trainer sets up, as in any callback."""

    def before_run(self, runner: RunnerLike) -> None:
        """Act once, before weights are initialised or loaded."""

    def after_run(self, runner: RunnerLike) -> None:
        """Act once, at the very end."""

    def before_train(self, runner: RunnerLike) -> None:
        """Act before the first epoch, with the weights in place."""

    def after_train(self, runner: RunnerLike) -> None:
        """Act after the last epoch."""

    def before_val(self, runner: RunnerLike) -> None:
        """Act before a validation."""

    def after_val(self, runner: RunnerLike) -> None:
        """Act after a validation."""

    def before_test(self, runner: RunnerLike) -> None:
        """Act before a test."""

    def after_test(self, runner: RunnerLike) -> None:
        """Act after a test."""

    def before_save_checkpoint(self, runner: RunnerLike, checkpoint: dict[str, Any]) -> None:
        """Change ``checkpoint``, the dictionary that is about to be written."""

    def after_load_checkpoint(self, runner: RunnerLike, checkpoint: dict[str, Any]) -> None:
        """Change ``checkpoint``, the dictionary just read, before anything takes from it."""

    def before_train_epoch(self, runner: RunnerLike) -> None:
        """Act before each epoch of training."""
        self._before_epoch(runner, mode="train")

    def before_val_epoch(self, runner: RunnerLike) -> None:
        """Act before each pass over the validation data."""
        self._before_epoch(runner, mode="val")

    def before_test_epoch(self, runner: RunnerLike) -> None:
        """Act before each pass over the test data."""
        self._before_epoch(runner, mode="test")

    def after_train_epoch(self, runner: RunnerLike) -> None:
        """Act after each epoch of training, before a validation that is due."""
        self._after_epoch(runner, mode="train")

    def after_val_epoch(self, runner: RunnerLike, metrics: dict[str, float] | None = None) -> None:
        """Act after each pass over the validation data, with its ``metrics`` by name."""
        self._after_epoch(runner, mode="val")

    def after_test_epoch(self, runner: RunnerLike, metrics: dict[str, float] | None = None) -> None:
        """Act after each pass over the test data, with its ``metrics`` by name."""
        self._after_epoch(runner, mode="test")

    def before_train_iter(
        self, runner: RunnerLike, batch_idx: int, data_batch: DataBatch = None
    ) -> None:
        """Act before each training step on ``data_batch``, number ``batch_idx`` of the loop."""
        self._before_iter(runner, batch_idx=batch_idx, data_batch=data_batch, mode="train")

    def before_val_iter(
        self, runner: RunnerLike, batch_idx: int, data_batch: DataBatch = None
    ) -> None:
        """Act before each validation step."""
        self._before_iter(runner, batch_idx=batch_idx, data_batch=data_batch, mode="val")

    def before_test_iter(
        self, runner: RunnerLike, batch_idx: int, data_batch: DataBatch = None
    ) -> None:
        """Act before each test step."""
        self._before_iter(runner, batch_idx=batch_idx, data_batch=data_batch, mode="test")

    def after_train_iter(
        self,
        runner: RunnerLike,
        batch_idx: int,
        data_batch: DataBatch = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Act after each training step, with its ``outputs`` (names to 0-d tensors)."""
        self._after_iter(
            runner, batch_idx=batch_idx, data_batch=data_batch, outputs=outputs, mode="train"
        )

    def after_val_iter(
        self,
        runner: RunnerLike,
        batch_idx: int,
        data_batch: DataBatch = None,
        outputs: Sequence[Any] | None = None,
    ) -> None:
        """Act after each validation step, with its ``outputs`` (a list of data samples)."""
        self._after_iter(
            runner, batch_idx=batch_idx, data_batch=data_batch, outputs=outputs, mode="val"
        )

    def after_test_iter(
        self,
        runner: RunnerLike,
        batch_idx: int,
        data_batch: DataBatch = None,
        outputs: Sequence[Any] | None = None,
    ) -> None:
        """Act after each test step, with its ``outputs`` (a list of data samples)."""
        self._after_iter(
            runner, batch_idx=batch_idx, data_batch=data_batch, outputs=outputs, mode="test"
        )

    def _before_epoch(self, runner: RunnerLike, mode: str = "train") -> None:
        """Act before an epoch of any mode."""

    def _after_epoch(self, runner: RunnerLike, mode: str = "train") -> None:
        """Act after an epoch of any mode."""

    def _before_iter(
        self, runner: RunnerLike, batch_idx: int, data_batch: DataBatch = None, mode: str = "train"
    ) -> None:
        """Act before a step of any mode."""

    def _after_iter(
        self,
        runner: RunnerLike,
        batch_idx: int,
        data_batch: DataBatch = None,
        outputs: Sequence[Any] | dict[str, Any] | None = None,
        mode: str = "train",
    ) -> None:
        """Act after a step of any mode."""

    def every_n_epochs(self, runner: RunnerLike, n: int, start: int = 0) -> bool:
        """Tell whether the running epoch is every ``n``-th one, counted from epoch ``start``."""
        done = runner.epoch + 1 - start
        return n > 0 and done >= 0 and done % n == 0

    def every_n_inner_iters(self, batch_idx: int, n: int) -> bool:
        """Tell whether batch ``batch_idx`` is every ``n``-th one of its epoch."""
        return n > 0 and (batch_idx + 1) % n == 0

    def every_n_train_iters(self, runner: RunnerLike, n: int, start: int = 0) -> bool:
        """Tell whether the running iteration is every ``n``-th one, counted from ``start``."""
        done = runner.iter + 1 - start
        return n > 0 and done >= 0 and done % n == 0

    def end_of_epoch(self, dataloader: Any, batch_idx: int) -> bool:
        """Tell whether batch ``batch_idx`` is the last one of a pass over ``dataloader``."""
        return (batch_idx + 1) % len(dataloader) == 0

    def is_last_train_epoch(self, runner: RunnerLike) -> bool:
        """Tell whether the running epoch is the last one."""
        return runner.epoch + 1 == runner.max_epochs

    def is_last_train_iter(self, runner: RunnerLike) -> bool:
        """Tell whether the running iteration is the last one."""
        return runner.iter + 1 == runner.max_iters

    def get_triggered_stages(self) -> list[str]:
        """Names of the points at which this hook does something, in the order of a run."""
        return [point for point in POINTS if self._overrides(point)]

    def _overrides(self, point: str) -> bool:
        names = [point]
        if point in _GENERAL:
            names.append(_GENERAL[point])
        return any(
            name in vars(self) or getattr(type(self), name) is not getattr(Hook, name)
            for name in names
        )
