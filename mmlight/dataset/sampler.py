"""Which index comes next, in one process or in several."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sized
from typing import Any

import torch
from torch.utils.data import Sampler

from mmlight.dist import get_dist_info, sync_random_seed
from mmlight.registry import DATA_SAMPLERS
from mmlight.utils.checks import flags, whole
from mmlight.utils.generator_state import pack_generator_state, unpack_generator_state


def _check(sampler: Sampler[Any], seed: int | None, **switches: bool) -> None:
    flags(sampler, **switches)
    if seed is not None:
        whole(sampler, least=0, seed=seed)


@DATA_SAMPLERS.register_module()
class DefaultSampler(Sampler[Any]):
    """Every index once an epoch, dealt out in turn to the processes.

    Args:
        dataset (Sized): The dataset.
        shuffle (bool): Whether to shuffle, in another order each epoch (see :meth:`set_epoch`).
        seed (int, optional): Seed of the order, the same in all processes; drawn and agreed upon
            by them when left out.
        round_up (bool): Whether indices are repeated so that all processes get equally many.

    Example:
        >>> sampler = DefaultSampler(range(4), seed=0)
        >>> list(sampler)
        [0, 1, 3, 2]
    """

    def __init__(
        self, dataset: Sized, shuffle: bool = True, seed: int | None = None, round_up: bool = True
    ) -> None:
        _check(self, seed, shuffle=shuffle, round_up=round_up)
        self.rank, self.world_size = get_dist_info()
        self.dataset = dataset
        self.shuffle = shuffle
        self.seed = sync_random_seed() if seed is None else seed
        self.epoch = 0
        self.round_up = round_up
        if round_up:
            self.num_samples = math.ceil(len(dataset) / self.world_size)
            self.total_size = self.num_samples * self.world_size
        else:
            self.num_samples = math.ceil((len(dataset) - self.rank) / self.world_size)
            self.total_size = len(dataset)

    def __iter__(self) -> Iterator[int]:
        if self.shuffle:
            generator = torch.Generator()
            generator.manual_seed(self.seed + self.epoch)
            indices = torch.randperm(len(self.dataset), generator=generator).tolist()
        else:
            indices = list(range(len(self.dataset)))
        if self.round_up and indices:
            indices = (indices * math.ceil(self.total_size / len(indices)))[: self.total_size]
        return iter(indices[self.rank : self.total_size : self.world_size])

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of an epoch.

        Args:
            epoch (int): The epoch; added to the seed.
        """
        self.epoch = epoch

    def state_dict(self) -> dict[str, Any]:
        """Return what the order depends on besides the dataset.

        Example:
            >>> sampler = DefaultSampler(range(10), seed=3)
            >>> sampler.set_epoch(2)
            >>> sampler.state_dict()
            {'seed': 3, 'epoch': 2}
        """
        return {"seed": self.seed, "epoch": self.epoch}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Give the order that another sampler gives.

        Args:
            state (dict): What its :meth:`state_dict` returned.
        """
        self.seed, self.epoch = state["seed"], state["epoch"]


@DATA_SAMPLERS.register_module()
class InfiniteSampler(Sampler[Any]):
    """An endless stream of indices: permutation after permutation, dealt out in turn to processes.

    Iterating again goes on where the stream stands; :meth:`seek` puts it elsewhere.

    Args:
        dataset (Sized): The dataset.
        shuffle (bool): Whether to shuffle, each pass over the dataset in another order.
        seed (int, optional): Seed of the order, the same in all processes; drawn and agreed upon
            by them when left out.

    Raises:
        ValueError: On iterating, if the dataset is empty.

    Example:
        >>> from itertools import islice
        >>> list(islice(InfiniteSampler(range(3), shuffle=False), 5))
        [0, 1, 2, 0, 1]
    """

    def __init__(self, dataset: Sized, shuffle: bool = True, seed: int | None = None) -> None:
        _check(self, seed, shuffle=shuffle)
        self.rank, self.world_size = get_dist_info()
        self.dataset = dataset
        self.size = len(dataset)
        self.shuffle = shuffle
        self.seed = sync_random_seed() if seed is None else seed
        self._position = 0
        self._generator: torch.Generator | None = None
        self._indices: list[int] = []
        self._pass = -1
        self._pass_start: dict[str, Any] | None = None

    def __iter__(self) -> Iterator[int]:
        if self.size == 0:
            raise ValueError(
                "InfiniteSampler needs a dataset of at least one item, got an empty one"
            )
        while True:
            position, offset = self._position, self.draw_pass()
            for index in self._indices[offset :: self.world_size]:
                if position != self._position:  # someone went elsewhere meanwhile
                    break
                self._position = position = position + 1
                yield index

    def __len__(self) -> int:
        return self.size

    def set_epoch(self, epoch: int) -> None:
        """Do nothing: an endless stream has no epochs.

        Args:
            epoch (int): Ignored.
        """

    def seek(self, position: int) -> None:
        """Put the stream of this process at a position, without yielding what comes before.

        Args:
            position (int): How many indices this process has taken since the beginning.

        Example:
            >>> sampler = InfiniteSampler(range(10), seed=0)
            >>> first = [i for i, _ in zip(sampler, range(40))]
            >>> sampler.seek(31)
            >>> next(iter(sampler)) == first[31]
            True
        """
        if position < 0:
            raise ValueError(f"position should not be negative, but got {position}")
        self._position = position

    def skip(self, num_samples: int) -> None:
        """Go on, in all processes together, as if they had taken some indices already.

        Args:
            num_samples (int): How many indices this process leaves out.

        Example:
            >>> sampler = InfiniteSampler(range(10), shuffle=False)
            >>> sampler.skip(3)
            >>> next(iter(sampler))
            3
        """
        self.seek(self._position + num_samples)

    def state_dict(self) -> dict[str, Any]:
        """Return the position and where the generator stood when the current pass began.

        Whoever loads it need not draw the passes before again, however many they are.

        Example:
            >>> sampler = InfiniteSampler(range(10), seed=0)
            >>> _ = [i for i, _ in zip(sampler, range(34))]
            >>> other = InfiniteSampler(range(10), seed=0)
            >>> other.load_state_dict(sampler.state_dict())
            >>> next(iter(other)) == next(iter(sampler))
            True
        """
        return {
            "seed": self.seed,
            "size": self.size,
            "position": self._position,
            "pass": self._pass_start,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where another sampler stood.

        Args:
            state (dict): What its :meth:`state_dict` returned. Of one over a dataset of another
                length the seed and the position count.
        """
        self.seed = state["seed"]
        self.seek(state["position"])
        self._generator, self._indices, self._pass, self._pass_start = None, [], -1, None
        if state["pass"] is not None and state["size"] == self.size:
            self._generator = torch.Generator()
            self._generator.set_state(unpack_generator_state(state["pass"]["generator"]))
            self._draw_pass(state["pass"]["number"])

    def draw_pass(self) -> int:
        """Draw the order of the pass in which the stream stands, unless that was done.

        Returns:
            int: Where in that order it stands.
        """
        number, offset = divmod(self.rank + self._position * self.world_size, self.size)
        if number != self._pass:
            self._go_to_pass(number)
        return offset

    def _go_to_pass(self, number: int) -> None:
        if not self.shuffle:
            self._indices, self._pass = list(range(self.size)), number
            return
        if self._generator is None or number < self._pass:
            self._generator = torch.Generator()
            self._generator.manual_seed(self.seed)
            self._pass = -1
        for _ in range(number - self._pass - 1):
            torch.randperm(self.size, generator=self._generator)
        self._draw_pass(number)

    def _draw_pass(self, number: int) -> None:
        assert self._generator is not None
        packed = pack_generator_state(self._generator.get_state())
        self._pass_start = {"number": number, "generator": packed}
        self._indices = torch.randperm(self.size, generator=self._generator).tolist()
        self._pass = number
