"""Arrays of logged values in few bytes, to the last bit: equal neighbours once, narrow types."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

_TYPES = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64")
# A tensor takes some hundred bytes in a file however short it is: less is not worth another one.
_WORTH_A_TENSOR = 256


def pack(values: np.ndarray) -> dict[str, Any]:
    """Return an array as a dict of a type's name and tensors, for :func:`unpack`.

    Args:
        values (np.ndarray): Numbers, of one dimension.

    Returns:
        dict: ``dtype``, and ``values`` in the narrowest type that has them; with ``lengths``, each
        is to be repeated so often; ``exact`` are those that a narrower type does not have, and
        ``at`` where they belong.

    Example:
        >>> pack(np.ones(1000, dtype=np.int64))
        {'dtype': 'int64', 'lengths': tensor([1000], dtype=torch.int16), \
'values': tensor([1], dtype=torch.int8)}
    """
    if values.dtype.name not in _TYPES:
        values = values.astype(np.float64)
    state: dict[str, Any] = {"dtype": values.dtype.name}
    bits = values.view(f"u{values.itemsize}")  # to tell -0.0 from 0.0, and no NaN from another
    begins = np.flatnonzero(np.concatenate([[len(bits) > 0], bits[1:] != bits[:-1]]))
    if 2 * len(begins) + _WORTH_A_TENSOR < len(bits):
        state["lengths"] = torch.from_numpy(_narrow_whole(np.diff(begins, append=len(bits))))
        values = values[begins]
    if values.dtype == np.float64:
        state.update(_narrow_real(values))
    else:
        narrow = _narrow_whole(values) if values.dtype.kind == "i" else values.copy()
        state["values"] = torch.from_numpy(narrow)
    return state


def _narrow_whole(values: np.ndarray) -> np.ndarray:
    least, most = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    for name in ("int8", "int16", "int32"):
        if np.iinfo(name).min <= least and most <= np.iinfo(name).max:
            return values.astype(name)
    return values.astype(np.int64)


def _narrow_real(values: np.ndarray) -> dict[str, Any]:
    """Losses are float32 by birth; of times and rates a few or all are not."""
    with np.errstate(over="ignore", invalid="ignore"):
        narrow = values.astype(np.float32)
        lost = narrow.astype(np.float64).view(np.uint64) != values.view(np.uint64)
    at = np.flatnonzero(lost)
    if not len(at):
        return {"values": torch.from_numpy(narrow)}
    if 4 * len(at) + _WORTH_A_TENSOR > len(values):
        return {"values": torch.from_numpy(values.copy())}
    return {
        "values": torch.from_numpy(narrow),
        "exact": torch.from_numpy(values[at]),
        "at": torch.from_numpy(_narrow_whole(at)),
    }


def unpack(state: dict[str, Any], most: int) -> np.ndarray:
    """Return the array that :func:`pack` was given.

    Args:
        state (dict): What it returned.
        most (int): More values than that are refused before there is memory for them.

    Raises:
        ValueError: If :func:`pack` cannot have returned ``state``.

    Example:
        >>> unpack(pack(np.array([0.1, 0.5])), most=2)
        array([0.1, 0.5])
    """
    if state.get("dtype") not in _TYPES or not isinstance(state.get("values"), torch.Tensor):
        raise ValueError(f"no packed values of a type among {', '.join(_TYPES)}")
    values = state["values"].cpu().numpy().astype(state["dtype"])
    if "exact" in state:
        values[state["at"].cpu().numpy()] = state["exact"].cpu().numpy()
    lengths = state["lengths"].cpu().numpy().astype(np.int64) if "lengths" in state else None
    if lengths is not None and (lengths.shape != values.shape or (lengths < 1).any()):
        raise ValueError("there is not one length for each of the values")
    # As Python's numbers, which do not overflow.
    if (count := len(values) if lengths is None else sum(lengths.tolist())) > most:
        raise ValueError(f"there are {count} values, but {most} at most can be meant")
    return values if lengths is None else np.repeat(values, lengths)
