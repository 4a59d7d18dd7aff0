"""The reader of pickles in a checkpoint: torch's way of reading, with a list of its own.

Every version of torch takes it in the place of its own reader. It knows the few instructions that
:func:`torch.save` writes, looks each function up in :data:`SAFE_TYPES`, and lets a file change
objects in known ways alone.
"""

from __future__ import annotations

import collections
import pickle
from collections.abc import Mapping, Sequence
from typing import IO, Any

import numpy as np
import torch

from mmlight.fileio.extent import ExtentError, check_extent, parts_of_data
from mmlight.fileio.safe_arrays import RefusedError, is_natural, set_array, set_dtype
from mmlight.fileio.safe_tensors import NEEDS_DATA
from mmlight.fileio.safe_types import (
    HISTORY_BUFFER,
    SAFE_TYPES,
    check_key,
    set_attributes,
)

_MAPPINGS = (dict, collections.OrderedDict, collections.defaultdict, collections.Counter)
# What torch adds to the user's list by itself, with no look at what it is given.
_ADDED_BY_TORCH = ("torch.nested.", "torch.distributed.", "torch._dynamo.")
_FUNCTIONS = frozenset(id(value) for value in SAFE_TYPES.values() if callable(value))
_INSTRUCTIONS = (
    *("PROTO", "GLOBAL", "NEWOBJ", "REDUCE", "BUILD", "BINPERSID", "MARK", "STOP"),
    *("APPEND", "APPENDS", "SETITEM", "SETITEMS", "EMPTY_LIST", "EMPTY_DICT", "EMPTY_SET"),
    *("EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "NONE", "NEWFALSE", "NEWTRUE"),
    *("BININT", "BININT1", "BININT2", "BINFLOAT", "LONG1", "BINUNICODE", "SHORT_BINSTRING"),
    *("BINGET", "LONG_BINGET", "BINPUT", "LONG_BINPUT"),
)


class SafePickles:
    """Takes the place of the module ``pickle`` in :func:`torch.load`.

    Args:
        bound: How many bytes the tensors of the file may have together.
        records: Sizes in bytes of the parts of the file by name, where it has such.
    """

    __name__ = "mmlight.fileio.safe_pickle"

    def __init__(self, bound: int, records: Mapping[str, int] | None = None) -> None:
        self.Unpickler = type(
            "SafeUnpickler", (_SafeUnpickler,), {"bound": bound, "records": records}
        )

    def load(self, file: IO[bytes], **kwargs: Any) -> Any:
        """Read one pickle of a file, which torch's former format has several of."""
        return self.Unpickler(file, **kwargs).load()


class _Instructions(dict[str, Any]):
    def __missing__(self, code: int) -> Any:
        raise pickle.UnpicklingError(f"unknown instruction {bytes([code])!r}")


# The class in Python, since the one in C does not let its instructions be replaced.
_Unpickler: Any = pickle._Unpickler  # type: ignore[attr-defined]


class _SafeUnpickler(_Unpickler):
    bound: int
    records: Mapping[str, int] | None

    dispatch: Any = _Instructions(
        {
            getattr(pickle, name)[0]: _Unpickler.dispatch[getattr(pickle, name)[0]]
            for name in _INSTRUCTIONS
        }
    )

    def __init__(self, file: IO[bytes], **kwargs: Any) -> None:
        super().__init__(file, **kwargs)
        self._own_types = _types_of_the_user()
        self._claimed: dict[Any, int] = {}
        self._total = 0

    def load(self) -> Any:
        value = super().load()
        try:
            check_extent(value, _parts_of)
        except ExtentError as error:
            raise RefusedError(f"data that is not sensible: {error}") from None
        return value

    def find_class(self, module: str, name: str) -> Any:
        path = f"{'builtins' if module == '__builtin__' else module}.{name}"
        if path in SAFE_TYPES:
            return SAFE_TYPES[path]
        if path in self._own_types:
            return self._own_types[path]
        raise RefusedError(path)

    def _is_own(self, value: Any) -> bool:
        return any(value is own for own in self._own_types.values())

    def load_newobj(self) -> None:
        args = self.stack.pop()
        kind = self.stack.pop()
        if kind is not HISTORY_BUFFER and not self._is_own(kind):
            raise RefusedError(f"an object of {kind!r:.60}")
        self.append(kind.__new__(kind, *args))

    def load_reduce(self) -> None:
        args = self.stack.pop()
        function = self.stack[-1]
        is_listed = id(function) in _FUNCTIONS or self._is_own(function)
        if type(args) is not tuple or not is_listed:
            raise RefusedError(f"a call of {function!r:.60}")
        if self.records is None and function in NEEDS_DATA:
            raise RefusedError("a sparse tensor in the format of torch before version 1.6")
        self.stack[-1] = function(*args)

    def load_build(self) -> None:
        value = self.stack[-2]
        if self._is_own(type(value)):
            super().load_build()
            return
        state = self.stack.pop()
        if type(value) is np.ndarray:
            set_array(value, state)
        elif isinstance(value, np.dtype):
            set_dtype(value, state)
        elif type(value) in (collections.OrderedDict, HISTORY_BUFFER):
            set_attributes(value, state)
        else:
            raise RefusedError(f"a changed {type(value).__name__}")

    def load_append(self) -> None:
        value = self.stack.pop()
        self._list().append(value)

    def load_appends(self) -> None:
        values = self.pop_mark()
        self._list().extend(values)

    def _list(self) -> list[Any]:
        value = self.stack[-1]
        if not isinstance(value, list):
            raise RefusedError(f"a {type(value).__name__} with items of a list")
        return value

    def load_setitem(self) -> None:
        value = self.stack.pop()
        key = self.stack.pop()
        self._set_items([key, value])

    def load_setitems(self) -> None:
        self._set_items(self.pop_mark())

    def _set_items(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) not in _MAPPINGS and not self._is_own(type(target)):
            raise RefusedError(f"a {type(target).__name__} with items of a dict")
        for key, value in zip(items[::2], items[1::2], strict=True):
            check_key(key)
            target[key] = value

    def load_binpersid(self) -> None:
        reference = self.stack.pop()
        self._check_storage(reference)
        self.append(self.persistent_load(reference))

    def _check_storage(self, reference: Any) -> None:
        """Refuse a storage that has more bytes than the file, or than its part of the file."""
        if type(reference) is not tuple or len(reference) not in (5, 6):
            raise RefusedError("a reference that is none to a storage")
        what, kind, key, place, number, *view = reference
        if what not in ("storage", b"storage") or not isinstance(
            getattr(kind, "dtype", None), torch.dtype
        ):
            raise RefusedError(f"a reference to {what!r:.40}, which is no storage")
        if not is_natural(number) or type(key) not in (str, int) or type(place) not in (str, bytes):
            raise RefusedError("a forged reference to a storage")
        for one in view:
            if one is not None and not (type(one) is tuple and len(one) == 3):
                raise RefusedError("a forged view of a storage")
        size = number * kind.dtype.itemsize
        if self.records is not None and self.records.get(str(key)) != size:
            raise RefusedError(
                f"a storage of {size} bytes, in a part of {self.records.get(str(key), 'no')} bytes"
            )
        self._total += max(0, size - self._claimed.get(key, 0))
        self._claimed[key] = max(size, self._claimed.get(key, 0))
        if self._total > self.bound:
            # What an older format looks like that was cut off.
            raise EOFError("storages with more bytes than the file")

    for _name in ("newobj", "reduce", "build", "append", "appends", "setitem", "setitems"):
        dispatch[getattr(pickle, _name.upper())[0]] = locals()[f"load_{_name}"]
    dispatch[pickle.BINPERSID[0]] = load_binpersid


def _parts_of(value: Any) -> tuple[int, Sequence[Any]]:
    return parts_of_data(value.__dict__ if type(value) is HISTORY_BUFFER else value)


def _types_of_the_user() -> dict[str, Any]:
    """What the user has told torch to be safe, by the names that are in files."""
    own = {}
    for entry in torch.serialization.get_safe_globals():
        kind, name = entry if isinstance(entry, tuple) else (entry, None)
        path = name or f"{kind.__module__}.{kind.__qualname__}"
        if not path.startswith(_ADDED_BY_TORCH):
            own[path] = kind
    return own
