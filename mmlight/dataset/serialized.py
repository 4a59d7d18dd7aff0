"""Annotations as one block of bytes, which forked workers share instead of copying."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np


def serialize(data_list: list[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Pickle the items of a list one behind the other, and empty the list meanwhile.

    Reading a Python object writes to its reference count, and so copies its memory page in each
    worker; bytes are not touched by reading them.

    Args:
        data_list (list): Items; empty afterwards.

    Returns:
        tuple[np.ndarray, np.ndarray]: The bytes (uint8), and where each item ends in them (int64).

    Example:
        >>> block, ends = serialize([{"n": 1}, {"n": 2}])
        >>> read(block, ends, 1)
        {'n': 2}
    """
    block = bytearray()
    ends = np.empty(len(data_list), dtype=np.int64)
    data_list.reverse()
    for index in range(len(data_list)):
        block += pickle.dumps(data_list.pop(), protocol=4)
        ends[index] = len(block)
    return np.frombuffer(block, dtype=np.uint8), ends


def read(block: np.ndarray, ends: np.ndarray, index: int) -> Any:
    """Read one item.

    Args:
        block (np.ndarray): Bytes of the items.
        ends (np.ndarray): Where each item ends.
        index (int): Which item, from 0.

    Returns:
        Any: A new copy of the item.

    Example:
        >>> read(*serialize(["a", "b"]), 0)
        'a'
    """
    start = ends[index - 1] if index else 0
    return pickle.loads(block[start : ends[index]].data)


def select(
    block: np.ndarray, ends: np.ndarray, indices: slice | Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Take some items of a block.

    Args:
        block (np.ndarray): Bytes of the items.
        ends (np.ndarray): Where each item ends.
        indices (slice | Sequence[int]): Which items, from 0, or a slice of step 1.

    Returns:
        tuple[np.ndarray, np.ndarray]: Block and ends of these items; for a slice, the block is a
        view.

    Example:
        >>> block, ends = serialize(["a", "b", "c"])
        >>> read(*select(block, ends, [2, 0]), 0)
        'c'
    """
    starts = np.concatenate([np.zeros(1, dtype=np.int64), ends[:-1]]) if len(ends) else ends
    if isinstance(indices, slice):
        chosen = ends[indices]
        if not len(chosen):
            return block[:0], chosen
        first = starts[indices][0]
        return block[first : chosen[-1]], chosen - first
    if not len(indices):
        return block[:0], ends[:0]
    parts = [block[starts[index] : ends[index]] for index in indices]
    return np.concatenate(parts), np.cumsum([len(part) for part in parts], dtype=np.int64)
