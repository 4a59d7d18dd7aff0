"""How many batches there are, where anybody knows."""

from __future__ import annotations

import math
from collections.abc import Sized
from typing import Any


def length_of(dataloader: Sized) -> float:
    """Return the number of batches of a dataloader, infinity for a stream, which does not know it.

    Example:
        >>> import torch
        >>> length_of(torch.utils.data.DataLoader(range(5), batch_size=2))
        3
    """
    try:
        return len(dataloader)
    except TypeError:
        return math.inf


def batches_of(loop: Any) -> float:
    """Return the number of batches of a validation or test, over all of its dataloaders.

    A loop may know better than its dataloaders, by ``lengths()``.

    Example:
        >>> from types import SimpleNamespace
        >>> batches_of(SimpleNamespace(dataloader=range(3)))
        3
        >>> batches_of(SimpleNamespace(dataloader=range(3), dataloaders=[range(3), range(4)]))
        7
    """
    if hasattr(loop, "lengths"):
        result: float = sum(loop.lengths())
        return result
    return sum(map(length_of, dataloaders_of(loop)))


def dataloaders_of(loop: Any) -> list[Any]:
    """Return the dataloaders of a loop, which may have ``dataloaders`` in place of a single one.

    Example:
        >>> from types import SimpleNamespace
        >>> dataloaders_of(SimpleNamespace(dataloaders=["a", "b"]))
        ['a', 'b']
    """
    return list(loop.dataloaders) if hasattr(loop, "dataloaders") else [loop.dataloader]
