"""Everything, by name, that reading a checkpoint may create, and stand-ins for MMEngine's classes.

The list is complete: what the installed torch, of whatever version, would read besides is not asked
for. Each function in it looks at its arguments, which a stranger may have written, first.
"""

from __future__ import annotations

import collections
import datetime
import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np

from mmlight.fileio.safe_arrays import (
    NDARRAY,
    RefusedError,
    make_array,
    make_dtype,
    make_number,
)
from mmlight.fileio.safe_tensors import TENSOR_TYPES

# Python's own hashes of greater numbers repeat; a dict of such takes hours to fill.
_MAX_KEY = 2**61 - 1


class ForeignHistoryBuffer:
    """What a log buffer that MMEngine saved becomes where MMEngine is not installed."""

    _log_history: np.ndarray
    _count_history: np.ndarray
    _max_length: int


def _stand_in(base: type, module: str, name: str) -> type:
    kind = type(name, (base,), {})
    kind.__module__ = module
    return kind


HISTORY_BUFFER = _stand_in(ForeignHistoryBuffer, "mmengine.logging.history_buffer", "HistoryBuffer")
_ONE_CYCLE = "mmengine.optim.scheduler.param_scheduler.OneCycleParamScheduler"


def _method_name(owner: Any, name: Any) -> str:
    """Stand in for ``getattr``: history buffers and 1cycle schedulers are saved with methods."""
    if type(name) is not str or (owner is not HISTORY_BUFFER and owner is not _ONE_CYCLE):
        raise RefusedError(f"the attribute {name!r:.40} of {owner!r:.60}")
    return name


def check_key(key: Any) -> None:
    """Refuse what would make a dict or a set slow."""
    if type(key) is int and not -_MAX_KEY < key < _MAX_KEY:
        raise RefusedError("a dict or set of huge numbers")
    if type(key) in (tuple, frozenset):
        for part in key:
            check_key(part)


def _items(kind: Callable[..., Any], name: str) -> Callable[..., Any]:
    """A constructor of a container, from what the file has written out and nothing else."""

    def make(items: Any = ()) -> Any:
        if type(items) not in (list, tuple, set, dict):
            raise RefusedError(f"a {name} of {items!r:.40}")
        for key in items:
            check_key(key)
        return kind(items)

    return make


def _pairs(kind: Callable[..., Any], name: str) -> Callable[..., Any]:
    def make(items: Any = ()) -> Any:
        pairs = list(items.items()) if isinstance(items, dict) else items
        is_plain = type(pairs) in (list, tuple)
        if not is_plain or not all(type(p) in (list, tuple) and len(p) == 2 for p in pairs):
            raise RefusedError(f"a {name} of {items!r:.40}")
        for key, _ in pairs:
            check_key(key)
        return kind(dict(pairs))

    return make


_dict = _pairs(dict, "dict")
_list = _items(list, "list")
_set = _items(set, "set")
_FACTORIES: dict[Any, Any] = {None: None, _dict: dict, _list: list, _set: set}


def _default_dict(factory: Any = None, items: Any = ()) -> Any:
    if (not callable(factory) and factory is not None) or factory not in _FACTORIES:
        raise RefusedError(f"a defaultdict of {factory!r:.40}")
    return collections.defaultdict(_FACTORIES[factory], _dict(items))


def _encode(text: Any, encoding: Any = None) -> bytes:
    """Make bytes, which pickles write as text in this one encoding."""
    if type(text) is not str or encoding not in ("latin1", "latin-1"):
        raise RefusedError(f"text in the encoding {encoding!r:.40}")
    return text.encode("latin1")


def _bytes() -> bytes:
    """Make the empty bytes; others are encoded text."""
    return b""


def _byte_array(*args: Any) -> bytearray:
    return bytearray(_encode(*args) if args and type(args[0]) is not bytes else b"".join(args))


def _plain(kind: Callable[..., Any], *types: type) -> Callable[..., Any]:
    """A constructor of something small from arguments of the types that are given."""

    def make(*args: Any) -> Any:
        if not all(type(arg) in types for arg in args):
            raise RefusedError(f"a {getattr(kind, '__name__', kind)} of {args!r:.60}")
        return kind(*args)

    return make


_int_or_none = (int, type(None))

SAFE_TYPES: dict[str, Any] = {
    **TENSOR_TYPES,
    "mmengine.logging.history_buffer.HistoryBuffer": HISTORY_BUFFER,
    _ONE_CYCLE: _ONE_CYCLE,
    "builtins.getattr": _method_name,
    "numpy.ndarray": NDARRAY,
    "numpy.dtype": make_dtype,
    **dict.fromkeys(
        ("numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct"), make_array
    ),
    **dict.fromkeys(("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar"), make_number),
    "builtins.dict": _dict,
    "builtins.list": _list,
    "builtins.set": _set,
    "builtins.frozenset": _items(frozenset, "frozenset"),
    "builtins.slice": _plain(slice, *_int_or_none),
    **dict.fromkeys(("builtins.range", "builtins.xrange"), _plain(range, int)),
    "builtins.complex": _plain(complex, int, float),
    "builtins.bytes": _bytes,
    "builtins.bytearray": _byte_array,
    "_codecs.encode": _encode,
    "collections.OrderedDict": _pairs(collections.OrderedDict, "OrderedDict"),
    "collections.Counter": _pairs(collections.Counter, "Counter"),
    "collections.defaultdict": _default_dict,
    "datetime.datetime": _plain(datetime.datetime, int, bytes),
    "datetime.timedelta": _plain(datetime.timedelta, int),
    **{
        f"{module}.{kind.__name__}": _plain(kind, str)
        for module in ("pathlib", "pathlib._local")
        for kind in (pathlib.PosixPath, pathlib.PurePosixPath)
    },
}
"""Plain data, NumPy's arrays and numbers, tensors, and two of MMEngine's classes."""


def set_attributes(value: Any, state: Any) -> None:
    """Set what an object of a listed class has beside its items, with no name of Python's own."""
    if type(state) is not dict:
        raise RefusedError(f"a forged {type(value).__name__}")
    for name in state:
        if type(name) is not str or hasattr(type(value), name):
            raise RefusedError(f"a {type(value).__name__} whose attribute {name!r:.40} is replaced")
    value.__dict__.update(state)
