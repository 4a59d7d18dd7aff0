"""Which errors are the user's to mend, told in a sentence, and which need a traceback."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import FrameType, TracebackType

import yaml

from mmlight.registry.place import names_place

EXPLAINED = (
    AssertionError,
    ImportError,
    KeyError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    yaml.YAMLError,
)
PACKAGE = Path(__file__).parents[1]
# What mmlight hands settings to. Their words stand for themselves where they name a setting.
LIBRARIES = sys.stdlib_module_names | {"lightning", "torch"}


def diagnosis(error: BaseException) -> str | None:
    """Return what is wrong with the user's input, None if this is no such error.

    mmlight raises on purpose, with a message that stands for itself, where it finds a mistake in a
    config or a file; so does a library that it gives a setting to, whose key the error then names.
    A config that fails as it is run is told by its line. What is raised elsewhere (in the user's
    model, in torch as it runs) needs its traceback.

    Example:
        >>> print(diagnosis(ZeroDivisionError()))
        None
    """
    trace = [*_frames(error.__traceback__)]
    if not isinstance(error, EXPLAINED) or not (_raised_by_us(trace) or _of_setting(error, trace)):
        return _line_of_config(error, trace)
    if isinstance(error, SyntaxError):
        return f"{error.msg}\n    {error.text.strip()}" if error.text else error.msg
    # str() of a KeyError is the repr of its message.
    said = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    if isinstance(error, yaml.YAMLError):  # of several lines, whose text is of no name
        said = " ".join(said.split()).replace('in "<unicode string>", ', "at ")
    for note in getattr(error, "__notes__", []):
        said += f" {note}" if note.startswith("(") else f"\n{note}"
    return said


def _frames(traceback: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    while traceback is not None:
        yield traceback.tb_frame, traceback.tb_lineno
        traceback = traceback.tb_next


def _raised_by_us(trace: list[tuple[FrameType, int]]) -> bool:
    return bool(trace) and _is_below(PACKAGE, trace[-1][0])


def _of_setting(error: BaseException, trace: list[tuple[FrameType, int]]) -> bool:
    """Tell whether a library refuses what mmlight has handed it, without code of the user's."""
    # A KeyError is no refusal in words: it says nothing but what was looked for.
    if isinstance(error, KeyError) or not names_place(error):
        return False
    for frame, _ in reversed(trace):
        if _is_below(PACKAGE, frame):
            return True
        if not _is_of_library(frame):
            return False
    return False


def _line_of_config(error: BaseException, trace: list[tuple[FrameType, int]]) -> str | None:
    """Tell which line of a config fails, if a config does and no module that it imports."""
    for (caller, _), (frame, _) in pairwise(trace):
        if _is_below(PACKAGE / "config", caller) and frame.f_code.co_name == "<module>":
            return _last_line_in(frame.f_code.co_filename, error, trace)
    return None


def _last_line_in(
    config: str, error: BaseException, trace: list[tuple[FrameType, int]]
) -> str | None:
    for frame, line in reversed(trace):
        if frame.f_code.co_filename == config:
            kind, text = type(error).__name__, linecache.getline(config, line).strip()
            return f"{config}, line {line}: {kind}: {error}" + (f"\n    {text}" if text else "")
        if not _is_of_library(frame):
            return None
    return None


def _is_below(folder: Path, frame: FrameType) -> bool:
    return folder in Path(frame.f_code.co_filename).parents


def _is_of_library(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__")).partition(".")[0] in LIBRARIES
