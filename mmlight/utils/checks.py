"""Refuse arguments that cannot be meant, in words that say whose they are and what is expected."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any


def whole(owner: object, least: int = 1, **given: Any) -> None:
    """Check that arguments are whole numbers, of a least size.

    Args:
        owner: Whose they are: an object, or its name.
        least: What they must not fall below.
        **given: The arguments by name; a float that is whole, as of a division, will do.

    Raises:
        TypeError: If one is no whole number.
        ValueError: If one is too small.

    Example:
        >>> whole("LoggerHook", interval=0)
        Traceback (most recent call last):
        ...
        ValueError: interval of LoggerHook must be a whole number of 1 or more, but got 0
    """
    for name, value in given.items():
        expected = f"a whole number of {least} or more"
        if not is_whole(value):
            raise TypeError(_message(owner, name, expected, value))
        if value < least:
            raise ValueError(_message(owner, name, expected, value))


def every(owner: object, **given: Any) -> None:
    """Check that arguments are intervals: whole numbers of 1 or more, or -1 for never.

    Args:
        owner: Whose they are: an object, or its name.
        **given: The arguments by name.

    Raises:
        TypeError: If one is no whole number.
        ValueError: If one is 0 or below -1.

    Example:
        >>> every("CheckpointHook", interval=-1)
    """
    for name, value in given.items():
        expected = "a whole number of 1 or more, or -1 for none"
        if not is_whole(value):
            raise TypeError(_message(owner, name, expected, value))
        if value < 1 and value != -1:
            raise ValueError(_message(owner, name, expected, value))


def number(
    owner: object,
    least: float = -math.inf,
    above: float = -math.inf,
    below: float = math.inf,
    finite: bool = True,
    **given: Any,
) -> None:
    """Check that arguments are numbers in a range, and not NaN.

    Args:
        owner: Whose they are: an object, or its name.
        least: The smallest number that is right.
        above: What they must be greater than.
        below: What they must be less than.
        finite: Whether infinity is wrong.
        **given: The arguments by name; a tensor of one number will do.

    Raises:
        TypeError: If one is no number.
        ValueError: If one is out of its range.

    Example:
        >>> number("SGD", least=0, lr="0.1")
        Traceback (most recent call last):
        ...
        TypeError: lr of SGD must be a number of 0 or more, but got '0.1': leave out the quotes
    """
    for name, value in given.items():
        plain = value.item() if getattr(value, "ndim", None) == 0 else value
        expected = _range(least, above, below)
        if not isinstance(plain, Real) or isinstance(plain, bool):
            raise TypeError(_message(owner, name, expected, value))
        plain = float(plain)
        in_range = plain >= least and (plain > above or above == -math.inf)
        in_range = in_range and (plain < below or below == math.inf)
        if math.isnan(plain) or not in_range or (finite and math.isinf(plain)):
            raise ValueError(_message(owner, name, expected, value))


def flags(owner: object, **given: Any) -> None:
    """Check that arguments are True or False, since ``"no"`` would count as True.

    None counts as False, and numbers as ever.

    Args:
        owner: Whose they are: an object, or its name.
        **given: The arguments by name.

    Raises:
        TypeError: If one is something else.

    Example:
        >>> flags("CheckpointHook", by_epoch=True)
    """
    for name, value in given.items():
        if value is not None and value not in (0, 1):
            raise TypeError(_message(owner, name, "True or False", value))


def of_type(owner: object, kinds: type | tuple[type, ...], expected: str, **given: Any) -> None:
    """Check the types of arguments.

    Args:
        owner: Whose they are: an object, or its name.
        kinds: Types that are right.
        expected: These in words.
        **given: The arguments by name.

    Raises:
        TypeError: If one is of another type.

    Example:
        >>> of_type("EarlyStoppingHook", str, "the name of a metric", monitor="acc")
    """
    for name, value in given.items():
        if not isinstance(value, kinds):
            raise TypeError(_message(owner, name, expected, value))


def is_whole(value: Any) -> bool:
    """Tell whether something is a whole number: an integer, or a float without a fraction.

    Example:
        >>> is_whole(3), is_whole(3.0), is_whole(3.5), is_whole(True), is_whole("3")
        (True, True, False, False, False)
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    return isinstance(value, Integral) or float(value).is_integer()


def _range(least: float, above: float, below: float) -> str:
    bounds = []
    if least != -math.inf:
        bounds.append(f"of {least} or more")
    if above != -math.inf:
        bounds.append(f"above {above}")
    if below != math.inf:
        bounds.append(f"below {below}")
    return " ".join(["a number", " and ".join(bounds)]).strip()


def name_of(owner: object) -> str:
    """Return what to call the owner of an argument: the name of its class, or the name given."""
    return owner if isinstance(owner, str) else type(owner).__name__


def _message(owner: object, name: str, expected: str, value: Any) -> str:
    return f"{name} of {name_of(owner)} must be {expected}, but got {value!r}{_hint(value)}"


def _hint(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    try:
        float(value)
    except ValueError:
        return ""
    mantissa, exponent, power = value.lower().partition("e")
    if not exponent or "." in mantissa:
        return ": leave out the quotes"
    return (
        f": leave out the quotes, in YAML write {mantissa}.0e{power}"  # YAML takes 1e-3 for a text
    )
