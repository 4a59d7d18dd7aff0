"""What a process has once and every run needs for itself: who executes now has it."""

from __future__ import annotations

import time
import weakref
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch

from mmlight.bridge.rng import rng_state, set_rng_state
from mmlight.bridge.switches import Changes, changed_switches, read_switches, redo, undo
from mmlight.dist import broadcast
from mmlight.logging import MessageHub, MMLogger
from mmlight.registry import DefaultScope
from mmlight.utils import InstanceMarks, current_instances
from mmlight.visualization import Visualizer

_NAMED = ("message_hub", "logger", "visualizer", "_default_scope")
_CLASSES = (MessageHub, MMLogger, Visualizer, DefaultScope)
_latest_start = 0


def new_timestamp() -> str:
    """Return the start time, the same on all ranks and another for each run of a process.

    Logger, message hub and log folder are named after it: two runs that start within a second would
    share them, and the second would compare its scores with the best of the first.
    """
    global _latest_start
    now = torch.tensor(max(int(time.time()), _latest_start + 1))
    broadcast(now)
    _latest_start = int(now)
    return time.strftime("%Y%m%d_%H%M%S", time.localtime(_latest_start))


class CurrentRun:
    """Makes what a run owns the current one of the process while the run executes.

    Message hub, logger, visualizer and default scope become those that ``get_current_instance()``
    returns. Where another run was built or executed since, the random generators go on where this
    run left them, and the switches are as this run set them; a run that is alone in its process
    shares them with the script around it, as ever. At the end files are closed; what the same run
    writes later opens them again. Entering again inside itself does nothing. Runs may interrupt
    each other, but not execute in several threads at once.

    Args:
        face: The ``runner`` that hooks see.
        own_randomness: Whether the run seeds the generators and sets the switches when it is built.
            Otherwise both are left to the script.

    Example:
        >>> from types import SimpleNamespace
        >>> hubs = [MessageHub.get_instance(name) for name in ("first", "second")]
        >>> with CurrentRun(SimpleNamespace(message_hub=hubs[0]), own_randomness=False):
        ...     MessageHub.get_current_instance().instance_name
        'first'
        >>> MessageHub.get_current_instance().instance_name
        'second'
    """

    def __init__(self, face: Any, own_randomness: bool = True) -> None:
        self._face = face
        self.own_randomness = own_randomness
        self.left_rng: dict[str, Any] | None = None
        """Where the generators stood when the run was left."""
        self.changes: Changes = {}
        """Switches that the run has set."""
        self._exits: list[ExitStack] = []

    def enter(self) -> None:
        """Begin to execute; :meth:`leave` must follow."""
        exits = ExitStack()
        if not _process.executes(self):
            # First: a TrainerFace creates its objects when it is asked for them.
            exits.callback(InstanceMarks(*_CLASSES).make_current)
            exits.enter_context(current_instances(*self._instances()))
            exits.callback(self._release_files)
            exits.enter_context(_process.lent_to(self))
        self._exits.append(exits)

    def leave(self) -> None:
        """End what :meth:`enter` began; nothing happens where that did not come so far."""
        if self._exits:
            self._exits.pop().close()

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_exits": []}  # a copy does not execute

    def __enter__(self) -> None:
        self.enter()

    def __exit__(self, *exception: Any) -> None:
        self.leave()

    @contextmanager
    def building(self) -> Generator[None, None, None]:
        """Build the run inside the block: what it creates stays current, unless another executes.

        If the block fails, what was current before is current again and nothing is left open.
        """
        marks = InstanceMarks(*_CLASSES)
        try:
            with _process.lent_to(self):
                yield
        except BaseException:
            self._release_files()
            marks.make_current()
            marks.forget_newer()
            raise
        # Those of the visualizer stay open: TensorBoard would begin another for the training.
        self._release_files("logger")
        if _process.is_busy:
            marks.make_current()

    @property
    def is_executing(self) -> bool:
        """Whether the run has been entered and not left."""
        return bool(self._exits)

    def _instances(self) -> list[Any]:
        found = (getattr(self._face, name, None) for name in _NAMED)
        return [instance for instance in found if instance is not None]

    def _release_files(self, *names: str) -> None:
        for name in names or ("visualizer", "logger"):
            holder: Any = getattr(self._face, name, None)
            if hasattr(holder, "release_files"):  # a user's own logger may be of another kind
                holder.release_files()


class _Process:
    """Who has the random generators and the switches of this process."""

    def __init__(self) -> None:
        self._executing: list[CurrentRun] = []
        # Only compared: it is not held here.
        self._last: weakref.ReferenceType[CurrentRun] | None = None
        self._changes: Changes = {}

    @property
    def is_busy(self) -> bool:
        """Whether a run executes."""
        return bool(self._executing)

    def executes(self, run: CurrentRun) -> bool:
        """Tell whether it is this run that executes now."""
        return self.is_busy and self._executing[-1] is run

    @contextmanager
    def lent_to(self, run: CurrentRun) -> Generator[None, None, None]:
        """Give generators and switches to a run, and back to the one that it interrupts."""
        interrupted = rng_state() if self.is_busy else None
        self._hand_to(run)
        before = read_switches()
        self._executing.append(run)
        try:
            yield
        finally:
            self._executing.pop()
            if run.own_randomness:
                run.left_rng = rng_state()
                first = {name: was for name, (was, _) in run.changes.items()}
                run.changes = self._changes = changed_switches({**before, **first})
            if interrupted is not None:
                self._hand_to(self._executing[-1])
                set_rng_state(interrupted)

    def _hand_to(self, run: CurrentRun) -> None:
        if self._last is not None and self._last() is run:
            return
        self._last = weakref.ref(run)
        if not run.own_randomness:
            return
        if run.left_rng is not None:
            set_rng_state(run.left_rng)
        undo(self._changes)
        redo(run.changes)
        self._changes = run.changes


_process = _Process()
