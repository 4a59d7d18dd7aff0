"""The base class of all loops."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from typing import Any

from torch.utils.data import DataLoader


class BaseLoop(metaclass=ABCMeta):
    """What trains, validates or tests: a dataloader and a ``run`` method.

    Args:
        runner: The Runner that owns the loop.
        dataloader: A dataloader, or the config of one, which the Runner then builds.
    """

    drives_itself = True
    """Whether :meth:`run` must be called whole, even where Lightning owns the loop."""

    by_epoch = True
    """Whether an epoch is a pass over the data; else the whole run counts as one epoch."""

    def __init__(self, runner: Any, dataloader: DataLoader | dict) -> None:
        self._runner = runner
        if isinstance(dataloader, dict):
            # With `diff_rank_seed` each rank must still shuffle alike, or they would share samples.
            self.dataloader = runner.build_dataloader(
                dataloader, seed=runner.seed, diff_rank_seed=runner.diff_rank_seed
            )
        else:
            self.dataloader = dataloader

    @property
    def runner(self) -> Any:
        """The Runner that owns the loop."""
        return self._runner

    @abstractmethod
    def run(self) -> Any:
        """Execute the loop."""
