"""Operators whose call differs between versions of torch."""

from __future__ import annotations

import torch
from torch import Tensor


def torch_meshgrid(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Return grids of coordinates with the first tensor along the rows.

    Args:
        *tensors (Tensor): Coordinates along each axis, 1-d or scalar.

    Returns:
        tuple of Tensor: A grid for each axis.

    Example:
        >>> rows, columns = torch_meshgrid(torch.arange(2), torch.arange(3))
        >>> rows
        tensor([[0, 0, 0],
                [1, 1, 1]])
    """
    return torch.meshgrid(*tensors, indexing="ij")
