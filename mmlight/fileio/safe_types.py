"""The types, beside tensors, that reading a checkpoint may create, and stand-ins for MMEngine's."""

from __future__ import annotations

import codecs
import collections
import datetime
import pathlib
import pickle
from typing import Any

import numpy as np


class ForeignHistoryBuffer:
    """What a log buffer that MMEngine saved becomes where MMEngine is not installed."""

    _log_history: np.ndarray
    _count_history: np.ndarray
    _max_length: int


def _named(thing: Any, module: str, name: str) -> Any:
    """Give a type or function the name by which torch will find it in a file."""
    thing.__module__ = module
    thing.__name__ = thing.__qualname__ = name
    return thing


def _stand_in(base: type, module: str, name: str) -> type:
    return _named(type(name, (base,), {}), module, name)


_HISTORY_BUFFER = _stand_in(
    ForeignHistoryBuffer, "mmengine.logging.history_buffer", "HistoryBuffer"
)


_ONE_CYCLE = _stand_in(object, "mmengine.optim.scheduler.param_scheduler", "OneCycleParamScheduler")


def _method_name(owner: Any, name: str) -> str:
    """Stand in for ``getattr``: history buffers and 1cycle schedulers are saved with methods.

    Raises:
        pickle.UnpicklingError: If anything else is looked up.
    """
    if owner is not _HISTORY_BUFFER and owner is not _ONE_CYCLE:
        raise pickle.UnpicklingError(f"Unsupported attribute {name} of {owner!r}")
    return name


def _array_functions(module: str) -> list[Any]:
    """What a pickled array and a pickled NumPy number call; the module depends on the version."""

    def reconstruct(kind: type, shape: tuple, dtype: Any) -> np.ndarray:
        if kind is not np.ndarray:
            raise pickle.UnpicklingError(f"Unsupported kind of array {kind!r}")
        return np.empty(shape, np.int8)

    def scalar(dtype: np.dtype, data: bytes) -> Any:
        if dtype.hasobject:
            raise pickle.UnpicklingError("Unsupported NumPy scalar of dtype object")
        return np.frombuffer(data, dtype)[0]

    return [_named(reconstruct, module, "_reconstruct"), _named(scalar, module, "scalar")]


SAFE_TYPES: list[Any] = [
    _HISTORY_BUFFER,
    _ONE_CYCLE,
    _named(_method_name, "builtins", "getattr"),
    *_array_functions("numpy.core.multiarray"),
    *_array_functions("numpy._core.multiarray"),
    np.ndarray,
    np.dtype,
    *{type(np.dtype(kind)) for kind in "?bBhHiIlLqQefdFDSUMm"},
    codecs.encode,
    bytes,
    collections.defaultdict,
    frozenset,
    slice,
    range,
    dict,
    list,
    datetime.datetime,
    datetime.timedelta,
    pathlib.PosixPath,
    pathlib.PurePosixPath,
]
"""The listed set: plain data, NumPy's arrays and numbers, and two of MMEngine's classes."""
