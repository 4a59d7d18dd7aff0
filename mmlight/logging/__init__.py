"""Messages, logged values and what components of a run tell each other.

The logger is ready at once; what needs torch is imported when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .logger import MMLogger, print_log

if TYPE_CHECKING:
    from .history_buffer import HistoryBuffer
    from .message_hub import MessageHub

__all__ = ["HistoryBuffer", "MMLogger", "MessageHub", "print_log"]

_LAZY = {"HistoryBuffer": "history_buffer", "MessageHub": "message_hub"}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_LAZY[name]}", __name__), name)
    globals()[name] = value
    return value
