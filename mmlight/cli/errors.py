"""Which errors are the user's to mend, told in a sentence, and which need a traceback."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

EXPLAINED = (
    AssertionError,
    ImportError,
    KeyError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)
PACKAGE = Path(__file__).parents[1]


def diagnosis(error: BaseException) -> str | None:
    """Return what is wrong with the user's input, None if this is no such error.

    mmlight raises on purpose, with a message that stands for itself, where it finds a mistake in a
    config or a file. What is raised elsewhere (in the user's model, in torch) needs its traceback.

    Example:
        >>> print(diagnosis(ZeroDivisionError()))
        None
    """
    if not isinstance(error, EXPLAINED) or not _raised_by_mmlight(error.__traceback__):
        return None
    if isinstance(error, SyntaxError):
        return f"{error.msg}\n    {error.text.strip()}" if error.text else error.msg
    # str() of a KeyError is the repr of its message.
    said = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    return "\n".join([said, *getattr(error, "__notes__", [])])


def _raised_by_mmlight(traceback: TracebackType | None) -> bool:
    if traceback is None:
        return False
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return PACKAGE in Path(traceback.tb_frame.f_code.co_filename).parents
