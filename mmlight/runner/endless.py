"""A DataLoader without an end, which can be put at any iteration at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader

from mmlight.dataset import InfiniteSampler

from .resumable_loader import ResumableLoader
from .resumable_sampler import samplers_of


class EndlessLoader:
    """Yields the batches of ``dataloader``, pass after pass.

    Before each further pass the samplers that have ``set_epoch`` are told its number.

    Args:
        dataloader: The dataloader; its first pass begins at once.

    Example:
        >>> batches = EndlessLoader(DataLoader(range(3)))
        >>> [int(next(batches)) for _ in range(4)]
        [0, 1, 2, 0]
        >>> batches.seek(7)
        >>> int(next(batches))
        1
    """

    def __init__(self, dataloader: DataLoader[Any]) -> None:
        self.dataloader = dataloader
        self.passes = 0
        self._loader = ResumableLoader(dataloader)
        self._batches = self._loader.begin()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __len__(self) -> int:
        return len(self.dataloader)

    def __next__(self) -> Any:
        try:
            return next(self._batches)
        except StopIteration:
            self._set_pass(self.passes + 1)
            self._batches = self._loader.begin()
            return next(self._batches)

    def _set_pass(self, number: int) -> None:
        self.passes = number
        batch_sampler: Any = getattr(self.dataloader, "batch_sampler", None)
        candidates: tuple[Any, ...] = (
            getattr(self.dataloader, "sampler", None),
            getattr(batch_sampler, "sampler", None),
        )
        for sampler in candidates:
            if hasattr(sampler, "set_epoch"):
                sampler.set_epoch(number)
                return

    def state_dict(self) -> dict[str, Any]:
        """Return the position as plain types."""
        return {"passes": self.passes, **self._loader.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue at ``state``."""
        if state["passes"] != self.passes:
            self._set_pass(state["passes"])
        self._loader.load_state_dict(state)
        self._batches = self._loader.begin()

    def seek(self, taken: int) -> None:
        """Continue behind the first ``taken`` batches, without reading them.

        Global random generators move as if the passes had begun one after the other.
        """
        endless = any(isinstance(one, InfiniteSampler) for one in samplers_of(self.dataloader))
        passes, rest = (0, taken) if endless else divmod(taken, len(self.dataloader))
        if passes and rest == 0:
            passes, rest = passes - 1, len(self.dataloader)
        for _ in range(passes):
            # A pass begins with this draw: the seed of its workers.
            torch.empty((), dtype=torch.int64).random_(generator=self.dataloader.generator)
        if passes:
            self._set_pass(passes)
        self._loader.seek(rest)
        self._batches = self._loader.begin()
