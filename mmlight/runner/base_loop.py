"""The base class of all loops."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from typing import Any

from torch.utils.data import DataLoader

from mmlight.dataset import InfiniteSampler
from mmlight.dist import get_world_size
from mmlight.hooks.length import dataloaders_of, length_of
from mmlight.logging import print_log
from mmlight.utils.checks import name_of


class BaseLoop(metaclass=ABCMeta):
    """What trains, validates or tests: a dataloader and a ``run`` method.

    Args:
        runner: The Runner that owns the loop.
        dataloader: A dataloader, or the config of one, which the Runner then builds.

    Raises:
        TypeError: If ``dataloader`` is a text.
        ValueError: If there is not a single batch in it.
    """

    by_epoch = True
    """Whether an epoch is a pass over the data; else the whole run counts as one epoch."""

    def __init__(self, runner: Any, dataloader: DataLoader[Any] | dict[str, Any]) -> None:
        self._runner = runner
        if isinstance(dataloader, dict):
            # With `diff_rank_seed` each rank must still shuffle alike, or they would share samples.
            self.dataloader = runner.build_dataloader(
                dataloader, seed=runner.seed, diff_rank_seed=runner.diff_rank_seed
            )
        else:
            self.dataloader = dataloader
        refuse_empty(self, self.dataloader)

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


def refuse_empty(loop: BaseLoop, dataloader: Any) -> None:
    """Refuse data without a batch.

    Args:
        loop: The loop that they are for.
        dataloader: The data.

    Raises:
        TypeError: If ``dataloader`` is a text.
        ValueError: If the dataset is empty, or everything in it is left out.
    """
    if isinstance(dataloader, str):
        raise TypeError(
            f"the data of {name_of(loop)} must be a DataLoader or the config of one, "
            f"but got {dataloader!r}"
        )
    if length_of(dataloader) != 0:
        return
    samples = length_of(getattr(dataloader, "dataset", ()))
    if not samples:
        raise ValueError(f"{name_of(loop)} got no data: its dataset is empty")
    if getattr(dataloader, "drop_last", False):
        raise ValueError(
            f"{name_of(loop)} got no data: drop_last=True leaves no batch of "
            f"{dataloader.batch_size} among {samples} samples"
        )
    if get_world_size() == 1:  # else a process may be without a sample of its own
        raise ValueError(
            f"{name_of(loop)} got no data: the sampler takes none of {samples} samples"
        )


def refuse_endless(loop: BaseLoop, dataloader: Any) -> None:
    """Refuse data whose pass never ends.

    Args:
        loop: The loop that wants a whole pass.
        dataloader: The data.

    Raises:
        ValueError: If they come from an ``InfiniteSampler``.
    """
    batch_sampler = getattr(dataloader, "batch_sampler", None)
    samplers = (getattr(dataloader, "sampler", None), getattr(batch_sampler, "sampler", None))
    if any(isinstance(sampler, InfiniteSampler) for sampler in samplers):
        raise ValueError(
            f"an epoch of {name_of(loop)} would never end, since the InfiniteSampler of its "
            "dataloader has no end: use DefaultSampler, or train by iterations (by_epoch=False)"
        )
