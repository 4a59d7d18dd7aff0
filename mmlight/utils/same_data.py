"""Comparison of plain data with arrays in it."""

from __future__ import annotations

from typing import Any


def same_data(one: Any, other: Any) -> bool:
    """Tell whether two values are equal, where a comparison of arrays has no single answer.

    Args:
        one: Dicts, lists and tuples of anything, arrays and tensors included.
        other: Another.

    Example:
        >>> import numpy as np
        >>> same_data({"palette": np.arange(3)}, {"palette": np.arange(3)})
        True
        >>> same_data({"palette": np.arange(3)}, {"palette": np.arange(4)})
        False
    """
    if one is other:
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_data(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)) and type(one) is type(other):
        return len(one) == len(other) and all(map(same_data, one, other))
    if hasattr(one, "tolist") and hasattr(other, "tolist"):
        return one.shape == other.shape and bool((one == other).all())
    return bool(type(one) is type(other) and one == other)
