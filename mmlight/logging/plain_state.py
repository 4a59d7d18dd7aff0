"""Turn what a message hub holds into plain types and tensors, and back."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
import torch

from .history_buffer import HistoryBuffer
from .packing import pack, unpack

# Marks a numpy array that travels as a tensor.
_NDARRAY = "__ndarray__"


def to_plain(value: Any) -> Any:
    """Return a copy of ``value`` that a checkpoint may hold without any code of ours to load it.

    Args:
        value (Any): Numbers, strings, tensors, numpy arrays and scalars, and dicts, lists, tuples
            and sets of them.

    Returns:
        Any: The copy, made of plain types and tensors.

    Raises:
        TypeError: If there is anything else in it.

    Example:
        >>> to_plain({"mean": np.array([0.5]), "names": ("a", "b")})["names"]
        ('a', 'b')
    """
    if value is None or type(value) in (str, bytes, bool, int, float, complex):
        return value
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, np.generic) and not isinstance(value, (np.void, np.datetime64)):
        return value.item()
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return {_NDARRAY: torch.from_numpy(np.array(value))}
    if isinstance(value, dict):
        items = ((to_plain(key), to_plain(item)) for key, item in value.items())
        return OrderedDict(items) if isinstance(value, OrderedDict) else dict(items)
    if type(value) in (list, tuple, set):
        return type(value)(to_plain(item) for item in value)
    raise TypeError(f"{type(value).__name__} is not a plain type, a tensor or a numpy array")


def from_plain(state: Any) -> Any:
    """Return what :func:`to_plain` was given.

    Args:
        state (Any): What it returned.

    Returns:
        Any: A copy with numpy arrays where they were.

    Example:
        >>> from_plain(to_plain([np.array([0.5])]))
        [array([0.5])]
    """
    if isinstance(state, dict):
        if set(state) == {_NDARRAY}:
            return state[_NDARRAY].cpu().numpy().copy()
        return type(state)((key, from_plain(item)) for key, item in state.items())
    if type(state) in (list, tuple, set):
        return type(state)(from_plain(item) for item in state)
    return state.clone() if isinstance(state, torch.Tensor) else state


def history_to_state(buffer: HistoryBuffer) -> dict[str, Any]:
    """Return a history as plain types and few tensors.

    Args:
        buffer (HistoryBuffer): The history.

    Returns:
        dict: With ``log_history`` and ``count_history`` as :func:`~mmlight.logging.packing.pack`
        returns them, and ``max_length``.

    Example:
        >>> history_to_state(HistoryBuffer([1.5], [2]))["count_history"]
        {'dtype': 'int64', 'values': tensor([2], dtype=torch.int8)}
    """
    logs, counts = buffer.data
    return {
        "log_history": pack(logs),
        "count_history": pack(counts),
        "max_length": buffer.max_length,
    }


def history_from_state(state: Any) -> HistoryBuffer | None:
    """Return the history that a state describes.

    Args:
        state (Any): What :func:`history_to_state` returned, now or in older files, which hold both
            as 1-d tensors, or an object with the attributes ``_log_history``, ``_count_history``
            and ``max_length`` of MMEngine's ``HistoryBuffer``.

    Returns:
        HistoryBuffer | None: The history, or None if ``state`` is neither.

    Example:
        >>> history_from_state({"log_history": [1.0], "count_history": [1]}).data
        (array([1.]), array([1]))
    """
    if isinstance(state, dict) and {"log_history", "count_history"} <= set(state):
        logs, counts = state["log_history"], state["count_history"]
        max_length = state.get("max_length", 1000000)
    elif hasattr(state, "_log_history") and hasattr(state, "_count_history"):
        logs, counts = state._log_history, state._count_history
        max_length = getattr(state, "max_length", getattr(state, "_max_length", 1000000))
    else:
        return None
    max_length = int(max_length)
    try:
        return HistoryBuffer(_array(logs, max_length), _array(counts, max_length), max_length)
    except ValueError:
        return None


def _array(values: Any, most: int) -> np.ndarray:
    if isinstance(values, dict):
        return unpack(values, most)
    return values.cpu().numpy() if isinstance(values, torch.Tensor) else np.asarray(values)
