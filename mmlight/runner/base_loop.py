"""The base class of all loops."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from typing import Any

from torch.utils.data import DataLoader

from mmlight.hooks.length import dataloaders_of, length_of
from mmlight.logging import print_log


class BaseLoop(metaclass=ABCMeta):
    """What trains, validates or tests: a dataloader and a ``run`` method.

    Args:
        runner: The Runner that owns the loop.
        dataloader: A dataloader, or the config of one, which the Runner then builds.
    """

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

    def lengths(self) -> list[float]:
        """Return the number of batches of each dataloader, infinite for a stream."""
        return [length_of(one) for one in dataloaders_of(self)]

    def use(self, dataloader: Any) -> None:
        """Take other data from the next pass on."""
        self.dataloader = dataloader

    def check(self) -> None:
        """Say that a validation that runs as a whole is not tried before a training."""
        print_log(
            f"num_sanity_val_steps has no effect: {type(self).__name__} is run as a whole",
            logger="current",
        )

    @abstractmethod
    def run(self) -> Any:
        """Execute the loop."""


def share_metainfo(runner: Any, dataloader: Any) -> None:
    """Let the visualizer know what the dataset says of itself."""
    dataset: Any = getattr(dataloader, "dataset", None)
    if hasattr(dataset, "metainfo"):
        runner.visualizer.dataset_meta = dataset.metainfo
    else:
        print_log(
            f"Dataset {type(dataset).__name__} has no metainfo. "
            "``dataset_meta`` in visualizer will be None.",
            logger="current",
            level=30,
        )
