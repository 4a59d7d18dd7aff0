"""The order of events, and the dispatcher that calls hooks in it.

Every run, whoever owns the loop, gives the hooks this sequence (the documented one, which is not
Lightning's own)::

    before_run
    # weights are initialised, then loaded or resumed:
    after_load_checkpoint
    before_train
    for epoch in epochs:                  # exactly one in an iteration-based run
        before_train_epoch
        for batch in train_dataloader:
            before_train_iter
            outputs = model.train_step(batch, optim_wrapper)
            after_train_iter
            runner.iter += 1              # iteration-based: validation may run here
        after_train_epoch
        runner.epoch += 1                 # epoch-based runs alone
        # epoch-based: validation may run here
    after_train
    after_run

    # a validation (the same with `test`):
    before_val
    before_val_epoch
    for batch in val_dataloader:
        before_val_iter
        outputs = model.val_step(batch)
        after_val_iter
    after_val_epoch(metrics)
    after_val

    before_save_checkpoint                # whenever a checkpoint is about to be written

At each point the hooks run from the highest priority to the lowest, equals in the order in which
they were registered. Then, where the module is ours, the Lightning callbacks of the Trainer get the
event of theirs that corresponds (`bridge.callbacks`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

POINTS: tuple[str, ...] = (
    "before_run",
    "after_load_checkpoint",
    "before_train",
    "before_train_epoch",
    "before_train_iter",
    "after_train_iter",
    "after_train_epoch",
    "before_val",
    "before_val_epoch",
    "before_val_iter",
    "after_val_iter",
    "after_val_epoch",
    "after_val",
    "before_save_checkpoint",
    "after_train",
    "before_test",
    "before_test_epoch",
    "before_test_iter",
    "after_test_iter",
    "after_test_epoch",
    "after_test",
    "after_run",
)
"""The 22 points of a hook."""


class HookLike(Protocol):
    """What the dispatcher needs of a hook."""

    priority: Any
    writes: bool

    def get_triggered_stages(self) -> list[str]:
        """Names of the points at which the hook does something."""


class Dispatcher:
    """Hooks in order of priority, and for each point the calls that are really needed.

    The calls of a point are looked up once, at the first event after a hook was added, so that a
    point at which nobody does anything costs one dictionary lookup.

    Example:
        >>> from mmlight.hooks import Hook
        >>> class Greeter(Hook):
        ...     def before_run(self, runner):
        ...         print("hello,", runner)
        >>> dispatcher = Dispatcher()
        >>> dispatcher.add(Greeter(), priority=50)
        >>> dispatcher.call("before_run", "runner", {})
        hello, runner
    """

    def __init__(self) -> None:
        self._ranked: list[tuple[int, HookLike]] = []
        self._after_hooks: dict[str, list[Callable[..., None]]] = {point: [] for point in POINTS}
        self._calls: dict[str, list[Callable[..., None]]] = {point: [] for point in POINTS}
        self._without_writers = self._without_hooks = False
        self._settled = True
        self.point = ""

    def __getstate__(self) -> dict[str, Any]:
        # What follows the hooks belongs to a Trainer that runs; the next run sets it anew.
        after_hooks: dict[str, list[Any]] = {point: [] for point in POINTS}
        calls: dict[str, list[Any]] = {point: [] for point in POINTS}
        return {**vars(self), "_after_hooks": after_hooks, "_calls": calls, "_settled": False}

    @property
    def hooks(self) -> list[HookLike]:
        """The hooks, the highest priority first."""
        return [hook for _, hook in self._ranked]

    def add(self, hook: HookLike, priority: int) -> None:
        """Insert ``hook`` behind all hooks of the same or a higher priority (a lower number)."""
        at = len(self._ranked)
        while at > 0 and self._ranked[at - 1][0] > priority:
            at -= 1
        self._ranked.insert(at, (priority, hook))
        self._settled = False

    def clear(self) -> None:
        """Forget all hooks; the calls that follow hooks stay."""
        self._ranked.clear()
        self._settled = False

    def leave_out_writers(self, leave_out: bool) -> None:
        """Do not call hooks that write files."""
        self._without_writers = leave_out
        self._settled = False

    def leave_out_hooks(self, leave_out: bool) -> None:
        """Call nobody but those who follow the hooks."""
        self._without_hooks = leave_out
        self._settled = False

    def set_after(self, calls: Mapping[str, Iterable[Callable[..., None]]]) -> None:
        """Replace the calls ``fn(runner, **kwargs)`` that follow the hooks at each point."""
        self._after_hooks = {point: list(calls.get(point, ())) for point in POINTS}
        self._settled = False

    def add_after(self, point: str, call: Callable[..., None]) -> None:
        """Add a call that follows all others at a point, even if that is being called now."""
        self._after_hooks[point].append(call)
        self._calls[point].append(call)

    def call(self, point: str, runner: Any, kwargs: Mapping[str, Any]) -> None:
        """Call everybody who does something at ``point`` with the runner and ``kwargs``.

        Raises:
            KeyError: If there is no such point.
        """
        self.point = point
        if not self._settled:
            self._settle()
        for fn in self._calls[point]:
            fn(runner, **kwargs)

    def _settle(self) -> None:
        of_hooks: dict[str, list[Callable[..., None]]] = {point: [] for point in POINTS}
        for hook in () if self._without_hooks else self.hooks:
            if self._without_writers and hook.writes:
                continue
            for point in hook.get_triggered_stages():
                of_hooks[point].append(getattr(hook, point))
        for point in POINTS:
            self._calls[point] = [*of_hooks[point], *self._after_hooks[point]]
        self._settled = True
