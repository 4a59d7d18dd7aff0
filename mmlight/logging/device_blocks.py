"""Logged values that wait on their device until somebody looks at them."""

from __future__ import annotations

import numpy as np
import torch

# Blocks are joined when there are this many of them, so that their number stays bounded.
_JOIN = 64


class DeviceBlocks:
    """Values that are still on one device, with the place in the history of each.

    Example:
        >>> blocks = DeviceBlocks()
        >>> blocks.add([0, 2], [torch.tensor(1.0), torch.tensor(3.0)])
        True
        >>> blocks.joined(), blocks.positions()
        (tensor([1., 3.], dtype=torch.float64), array([0, 2]))
    """

    def __init__(self) -> None:
        self._positions: list[np.ndarray] = []
        self._values: list[torch.Tensor] = []

    def add(self, positions: list[int], tensors: list[torch.Tensor]) -> bool:
        """Stack 0-d tensors into one more block, without reading them on the host.

        Args:
            positions (list[int]): The place of each in the history, rising.
            tensors (list[torch.Tensor]): 0-d tensors of this device.

        Returns:
            bool: Whether any of them is of a floating point type.
        """
        wide = _wide_dtype(tensors[0].device)
        dtypes = {tensor.dtype for tensor in tensors}
        if len(dtypes) > 1:
            tensors = [tensor.to(wide) for tensor in tensors]
        self._positions.append(np.asarray(positions, dtype=np.int64))
        self._values.append(torch.stack(tensors).to(wide))
        if len(self._values) >= _JOIN:
            self._positions = [self.positions()]
            self._values = [self.joined()]
        return any(dtype.is_floating_point for dtype in dtypes)

    def positions(self) -> np.ndarray:
        """Return the place in the history of every value, shape (N,)."""
        return np.concatenate(self._positions)

    def joined(self) -> torch.Tensor:
        """Return all values as one tensor of shape (N,), on their device."""
        return torch.cat(self._values)

    def drop_before(self, start: int) -> bool:
        """Forget the blocks that lie wholly before a place.

        Args:
            start (int): The place of the first value that is still wanted.

        Returns:
            bool: Whether any block is left.
        """
        keep = [i for i, positions in enumerate(self._positions) if positions[-1] >= start]
        self._positions = [self._positions[i] for i in keep]
        self._values = [self._values[i] for i in keep]
        return bool(keep)


def _wide_dtype(device: torch.device) -> torch.dtype:
    """Return the dtype that holds every loss exactly; Apple's GPUs have no float64."""
    return torch.float32 if device.type == "mps" else torch.float64
