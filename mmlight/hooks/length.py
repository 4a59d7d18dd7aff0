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

    Example:
        >>> from types import SimpleNamespace
        >>> batches_of(SimpleNamespace(dataloader=range(3)))
        3
        >>> batches_of(SimpleNamespace(dataloader=range(3), dataloaders=[range(3), range(4)]))
        7
    """
    return sum(map(length_of, getattr(loop, "dataloaders", [loop.dataloader])))
