"""How large a structure is that shares parts of itself, before anything walks through it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

MAX_DEPTH = 100
MAX_REPEATED = 1_000_000

Parts = Callable[[Any], tuple[int, Sequence[Any]]]


class ExtentError(ValueError):
    """A structure that is nested too deeply, contains itself, or repeats its parts too often."""


def check_extent(root: Any, parts_of: Parts) -> None:
    """Refuse a structure that is far larger, walked through, than it is in memory.

    A few hundred bytes of references to references stand for billions of parts. Here each part is
    looked at once, whatever it stands for.

    Args:
        root: The structure.
        parts_of: Returns how many parts a part has, and those of them that may have parts
            themselves, which must stay alive for as long as ``root`` does.

    Raises:
        ExtentError: If it is nested deeper than :data:`MAX_DEPTH`, contains itself, or stands for
            more than a million parts, and ten times as many as it has.

    Example:
        >>> laughs = ["ha"]
        >>> for _ in range(30):
        ...     laughs = [laughs, laughs]
        >>> check_extent(laughs, lambda part: (len(part), [p for p in part if p != "ha"]))
        Traceback (most recent call last):
        mmlight.fileio.extent.ExtentError: it stands for 3221225471 parts, but has only 62
    """
    number, inner = parts_of(root)
    has = 1 + number
    known: dict[int, tuple[int, int]] = {}  # what each part stands for, and how deep it is
    path = [_Open(root, number, inner)]
    above = {id(root)}
    while path:
        current = path[-1]
        if not current.rest:
            path.pop()
            above.discard(id(current.part))
            known[id(current.part)] = (current.stands_for, current.depth)
            if path:
                path[-1].add(*known[id(current.part)])
            continue
        part = current.rest.pop()
        if id(part) in above:
            raise ExtentError("a part of it contains itself")
        if id(part) in known:
            current.add(*known[id(part)])
            continue
        number, inner = parts_of(part)
        has += number
        path.append(_Open(part, number, inner))
        above.add(id(part))
        if len(path) > MAX_DEPTH:
            raise ExtentError(f"it is nested deeper than {MAX_DEPTH} levels")
    stands_for, depth = known[id(root)]
    if depth > MAX_DEPTH:
        raise ExtentError(f"it is nested deeper than {MAX_DEPTH} levels")
    if stands_for > max(MAX_REPEATED, 10 * has):
        raise ExtentError(f"it stands for {stands_for} parts, but has only {has}")


class _Open:
    """A part whose own parts are being looked at."""

    def __init__(self, part: Any, number: int, inner: Sequence[Any]) -> None:
        self.part = part
        self.rest = list(inner)
        # Parts without parts count here, the others when they are known.
        self.stands_for = 1 + number - len(inner)
        self.depth = 1

    def add(self, stands_for: int, depth: int) -> None:
        self.stands_for += stands_for
        self.depth = max(self.depth, depth + 1)


_LEAVES = frozenset({str, bytes, int, float, bool, type(None), complex})


def parts_of_data(value: Any) -> tuple[int, Sequence[Any]]:
    """Return the parts of dicts, lists, tuples and sets, as :func:`check_extent` asks for them."""
    if isinstance(value, dict):
        held = [*dict.keys(value), *dict.values(value)]
    elif isinstance(value, (list, tuple, set, frozenset)):
        held = list(value)
    else:
        return 0, ()
    return len(held), [part for part in held if type(part) not in _LEAVES]
