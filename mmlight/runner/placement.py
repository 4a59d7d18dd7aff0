"""Put the weights of a checkpoint where the user wants them, and nothing else."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, UntypedStorage
from torch.serialization import default_restore_location

from mmlight.utils import apply_to

# Random states, positions in the data and histories are used on the host, wherever the model is.
_FOLLOWING = ("state_dict", "ema_state_dict", "optimizer", "optimizer_states")


class Placement:
    """Applies a ``map_location`` to the weights and the optimizer states of a checkpoint.

    The file is read to the CPU, with :attr:`read_to`; :meth:`place` then moves what is to move.

    Args:
        map_location: As for :func:`torch.load`: a device, a dict of devices, a function of a
            storage and the device that it was saved from, or None for that device.

    Example:
        >>> placement = Placement("meta")
        >>> checkpoint = {"state_dict": {"w": torch.ones(2)}, "meta": {"seed": torch.ones(1)}}
        >>> checkpoint = placement.place(checkpoint)
        >>> checkpoint["state_dict"]["w"].device, checkpoint["meta"]["seed"].device
        (device(type='meta'), device(type='cpu'))
    """

    def __init__(self, map_location: Any) -> None:
        self._map_location = map_location
        self._saved_on: dict[int, str] = {}
        self._moved: dict[int, UntypedStorage] = {}

    def read_to(self, storage: UntypedStorage, location: str) -> UntypedStorage:
        """Keep a storage on the CPU; the ``map_location`` to read the file with.

        Args:
            storage: The storage.
            location: The device it was saved from.

        Returns:
            The storage itself.
        """
        self._saved_on[storage.data_ptr()] = location
        return storage

    def place(self, checkpoint: Any) -> Any:
        """Move the weights and the optimizer states.

        Args:
            checkpoint: What was read; a dict without ``state_dict`` is one of weights.

        Returns:
            The checkpoint, everything else in it as it was.
        """
        if not isinstance(checkpoint, dict):
            return checkpoint
        if "state_dict" not in checkpoint:
            return self._place(checkpoint)
        for key in _FOLLOWING:
            if key in checkpoint:
                checkpoint[key] = self._place(checkpoint[key])
        return checkpoint

    def _place(self, state: Any) -> Any:
        placed = apply_to(state, lambda value: isinstance(value, Tensor), self._move)
        if hasattr(state, "_metadata"):  # the formats of a state dict's modules
            placed._metadata = state._metadata
        return placed

    def _move(self, tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        address = storage.data_ptr()
        if address not in self._moved:
            self._moved[address] = self._target(storage, self._saved_on.get(address, "cpu"))
        target = self._moved[address]
        if target.device == storage.device and target.data_ptr() == address:
            return tensor
        moved = torch.empty(0, dtype=tensor.dtype, device=target.device)
        return moved.set_(target, tensor.storage_offset(), tensor.size(), tensor.stride())

    def _target(self, storage: UntypedStorage, location: str) -> UntypedStorage:
        where = self._map_location
        if callable(where):
            target = where(storage, location)
            if target is not None:
                return target
        elif isinstance(where, dict):
            location = where.get(location, location)
        elif where is not None:
            location = str(where)
        return default_restore_location(storage, location)
