"""Right names that are near a wrong one, for every message that tells of one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> list[str]:
    """Return the known names closest to a wrong one, best first.

    Args:
        name (str): The wrong name.
        known (Iterable[str]): Right names.
        cutoff (float): How alike they must be, from 0 to 1. Defaults to 0.6.

    Returns:
        list[str]: At most three names.

    Example:
        >>> nearest("EmaHok", ["EMAHook", "LoggerHook"])
        ['EMAHook']
    """
    by_folded: dict[str, str] = {}
    for right in known:
        by_folded.setdefault(right.lower(), right)
    return [by_folded[hit] for hit in difflib.get_close_matches(name.lower(), by_folded, 3, cutoff)]


def did_you_mean(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Return a sentence with the nearest right names, empty when none is near."""
    hits = nearest(name, known, cutoff)
    return f" Did you mean {' or '.join(repr(hit) for hit in hits)}?" if hits else ""
