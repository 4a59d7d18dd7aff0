"""How many batches there are, where anybody knows."""

from __future__ import annotations

import math
from collections.abc import Sized


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
