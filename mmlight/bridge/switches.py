"""The switches of the process that a run sets, and that the next run must not inherit."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import torch
import torch.multiprocessing as mp

Changes = dict[str, tuple[Any, Any]]
"""By name what a switch was before a run, and what the run has made of it."""


def _set_benchmark(on: bool) -> None:
    torch.backends.cudnn.benchmark = on


def _set_deterministic(on: bool) -> None:
    torch.backends.cudnn.deterministic = on


def _opencv_threads() -> int | None:
    cv2 = sys.modules.get("cv2")
    return None if cv2 is None else cv2.getNumThreads()


def _set_opencv_threads(threads: int | None) -> None:
    sys.modules["cv2"].setNumThreads(-1 if threads is None else threads)  # -1: OpenCV's default


_SWITCHES: dict[str, tuple[Callable[[], Any], Callable[[Any], None]]] = {
    "cudnn.benchmark": (lambda: torch.backends.cudnn.benchmark, _set_benchmark),
    "cudnn.deterministic": (lambda: torch.backends.cudnn.deterministic, _set_deterministic),
    "deterministic": (torch.get_deterministic_debug_mode, torch.set_deterministic_debug_mode),
    "start_method": (
        lambda: mp.get_start_method(allow_none=True),
        lambda method: mp.set_start_method(method, force=True),
    ),
    "opencv_threads": (_opencv_threads, _set_opencv_threads),
}


def read_switches() -> dict[str, Any]:
    """Return all switches by name.

    Example:
        >>> read_switches()["cudnn.deterministic"]
        False
    """
    return {name: read() for name, (read, _) in _SWITCHES.items()}


def changed_switches(before: dict[str, Any]) -> Changes:
    """Return what has changed since :func:`read_switches` returned ``before``.

    Example:
        >>> changed_switches(read_switches())
        {}
    """
    now = read_switches()
    return {name: (before[name], now[name]) for name in now if before[name] != now[name]}


def undo(changes: Changes) -> None:
    """Take changes back, except where somebody has set the switch anew since."""
    redo({name: (after, before) for name, (before, after) in changes.items()})


def redo(changes: Changes) -> None:
    """Make changes again, except where somebody has set the switch anew since.

    Example:
        >>> changes = {"cudnn.deterministic": (False, True)}
        >>> redo(changes)
        >>> undo(changes)
        >>> torch.backends.cudnn.deterministic
        False
    """
    for name, (before, after) in changes.items():
        read, write = _SWITCHES[name]
        if read() == before:
            write(after)
