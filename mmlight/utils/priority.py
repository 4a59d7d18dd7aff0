"""Priorities of hooks (documented as ``mmengine.runner.priority``)."""

from __future__ import annotations

from enum import Enum

from mmlight.utils.near_names import did_you_mean


class Priority(Enum):
    """Named levels of a hook's priority; the lower the number, the earlier the hook is called.

    Example:
        >>> Priority.VERY_HIGH.value < Priority.NORMAL.value
        True
    """

    HIGHEST = 0
    VERY_HIGH = 10
    HIGH = 30
    ABOVE_NORMAL = 40
    NORMAL = 50
    BELOW_NORMAL = 60
    LOW = 70
    VERY_LOW = 90
    LOWEST = 100


def get_priority(priority: int | str | Priority) -> int:
    """Return the number of a priority.

    Args:
        priority: A number from 0 to 100, the name of a level in upper or lower case, or a level.

    Returns:
        A number from 0 (called first) to 100 (called last).

    Raises:
        ValueError: If a number is out of range.
        KeyError: If no level has that name.
        TypeError: If ``priority`` is of another type.

    Example:
        >>> get_priority("low"), get_priority(35), get_priority(Priority.HIGHEST)
        (70, 35, 0)
    """
    if isinstance(priority, Priority):
        return priority.value
    if isinstance(priority, int):
        if not 0 <= priority <= 100:
            raise ValueError(f"priority must be between 0 and 100, got {priority}")
        return priority
    if isinstance(priority, str):
        name = priority.upper()
        if name not in Priority.__members__:
            raise KeyError(
                f"no priority level is called {priority!r} (levels: "
                f"{', '.join(Priority.__members__)}).{did_you_mean(name, Priority.__members__)}"
            )
        return Priority[name].value
    raise TypeError(
        f"priority must be an int, a str or a Priority, got {type(priority).__name__}: {priority!r}"
    )
