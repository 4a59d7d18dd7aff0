"""NumPy's arrays and numbers as a stranger's file may describe them: checked before they are made.

A pickled type of elements can be given any size and any fields, and NumPy believes it; an array of
objects is made of addresses in memory.
"""

from __future__ import annotations

import math
import pickle
import re
from typing import Any

import numpy as np

# What NumPy itself writes as the name of a type of plain numbers, text or times.
_PLAIN = re.compile(r"b1|[iu][1248]|f(2|4|8|12|16)|c(8|16|24|32)|[SU]\d{1,9}|[mM]8")
NDARRAY = "numpy.ndarray"
"""Stands for the class of arrays, which a file names, but has no need to call."""


class RefusedError(pickle.UnpicklingError):
    """What a file holds beside data that is safe to read."""


def is_natural(value: Any) -> bool:
    """Tell whether a value is an int that can be a size."""
    return type(value) is int and 0 <= value < 2**63


def make_dtype(name: Any, align: Any = False, copy: Any = True) -> np.dtype:
    """Make a type of elements of its own, which :func:`set_dtype` may change."""
    if type(name) is not str or not _PLAIN.fullmatch(name):
        raise RefusedError(f"an array of type {name!r:.40}")
    return np.dtype(name, False, True)  # type: ignore[call-overload]


def set_dtype(dtype: np.dtype, state: Any) -> None:
    """Set the byte order of a type, and the unit of times, as NumPy pickles them."""
    fits = type(state) is tuple and len(state) in (8, 9) and state[0] in (3, 4)
    if fits:
        _, order, subtype, names, fields, size, _, _, *unit = state
        fits = (
            order in ("<", ">", "=", "|")
            and (subtype, names, fields) == (None, None, None)
            and size in (-1, dtype.itemsize)
            and len(unit) == (dtype.kind in "mM")
            and all(_is_unit(one) for one in unit)
        )
    if not fits:
        raise RefusedError("a forged type of array elements")
    dtype.__setstate__(state)  # type: ignore[attr-defined]


def _is_unit(value: Any) -> bool:
    if type(value) is not tuple or len(value) != 2 or value[0] not in (None, {}):
        return False
    unit = value[1]
    return (
        type(unit) is tuple
        and len(unit) == 4
        and type(unit[0]) in (bytes, str)
        and all(is_natural(number) and number < 2**31 for number in unit[1:])
    )


def make_array(kind: Any, shape: Any, dtype: Any) -> np.ndarray:
    """Make the empty array that :func:`set_array` fills."""
    if kind is not NDARRAY or shape != (0,):
        raise RefusedError(f"an array of the kind {kind!r:.40} and the shape {shape!r:.40}")
    return np.empty((0,), np.int8)


def set_array(array: np.ndarray, state: Any) -> None:
    """Fill an array with bytes, of which there must be as many as its shape says."""
    if type(state) is not tuple or len(state) != 5 or array.size:
        raise RefusedError("a forged array")
    version, shape, dtype, is_fortran, data = state
    if not isinstance(dtype, np.dtype) or dtype.hasobject or type(data) is not bytes:
        raise RefusedError("an array of objects")
    if type(shape) is not tuple or not all(is_natural(size) for size in shape):
        raise RefusedError("an array of no sensible shape")
    if math.prod(shape) * dtype.itemsize != len(data):
        raise RefusedError(f"an array of shape {shape!r:.40}, made of {len(data)} bytes")
    array.__setstate__((version, shape, dtype, bool(is_fortran), data))  # type: ignore[arg-type]


def make_number(dtype: Any, data: Any) -> Any:
    """Make a single number of NumPy from its bytes."""
    if not isinstance(dtype, np.dtype) or type(data) is not bytes or len(data) != dtype.itemsize:
        raise RefusedError("a forged number of NumPy")
    return np.ndarray((), dtype, data)[()]
