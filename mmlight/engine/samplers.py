"""What a generative model is given when samples of it are wanted, and in which surroundings."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset

from mmlight.utils.near_names import did_you_mean

# Options that say how often and how many; the others are handed to the model.
_COUNTS = ("type", "max_times", "num_batches")


@contextmanager
def sampling(module: nn.Module, seed: int) -> Iterator[None]:
    """Sample from a model without leaving a trace in its training.

    Inside, the model is in evaluation mode, no gradients are recorded and random numbers come
    from ``seed``. Afterwards every module has the mode it had and the random generators of torch,
    NumPy and Python, from which transforms draw, go on as if nothing had been drawn.

    Args:
        module (nn.Module): The model.
        seed (int): Seed of the random numbers inside.

    Example:
        >>> net = nn.Dropout()
        >>> with sampling(net, seed=0):
        ...     print(net.training)
        False
        >>> net.training
        True
    """
    modes = [(child, child.training) for child in module.modules()]
    cuda = {p.device.index for p in module.parameters() if p.device.type == "cuda"}
    of_numpy, of_python = np.random.get_state(), random.getstate()
    with torch.random.fork_rng(devices=sorted(cuda)), torch.no_grad():
        torch.manual_seed(seed)
        np.random.seed(seed % 2**32)
        random.seed(seed)
        module.eval()
        try:
            yield
        finally:
            for child, mode in modes:
                child.training = mode
            np.random.set_state(of_numpy)
            random.setstate(of_python)


class NoiseSampler:
    """Gives noise, as ``module.noise_fn`` or a ``noise_size`` of the model makes it.

    Args:
        module (nn.Module): The model.
        num_batches (int): Images in one batch.
        max_times (int): Batches.
        options (Mapping): Handed to the model with the noise, ``sample_model`` for instance.

    Raises:
        TypeError: If the model has neither ``noise_fn`` nor ``noise_size``.

    Example:
        >>> model = nn.Identity()
        >>> model.noise_size = 3
        >>> [data["inputs"]["noise"].shape for data in NoiseSampler(model, 2, 1, {})]
        [torch.Size([2, 3])]
    """

    def __init__(
        self, module: nn.Module, num_batches: int, max_times: int, options: Mapping[str, Any]
    ) -> None:
        if not hasattr(module, "noise_fn") and not hasattr(module, "noise_size"):
            raise TypeError(
                f"{type(module).__name__} has neither a method noise_fn(num_batches=...) nor an "
                "attribute noise_size, so there is no way to make noise for it"
            )
        self.module: Any = module
        self.num_batches = num_batches
        self.max_times = max_times
        self.options = dict(options)

    def __len__(self) -> int:
        return self.max_times

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for _ in range(self.max_times):
            yield {
                "inputs": dict(noise=self._noise(), num_batches=self.num_batches, **self.options)
            }

    def _noise(self) -> torch.Tensor:
        if hasattr(self.module, "noise_fn"):
            result: torch.Tensor = self.module.noise_fn(num_batches=self.num_batches)
            return result
        device = next((p.device for p in self.module.parameters()), None)
        return torch.randn(self.num_batches, self.module.noise_size, device=device)


class ArgumentsSampler:
    """Gives the same arguments again and again, for models that need no data.

    Args:
        num_batches (int): Images in one batch.
        max_times (int): Batches.
        forward_kwargs (Mapping): The arguments.

    Example:
        >>> list(ArgumentsSampler(4, 1, dict(mode="sampling")))
        [{'inputs': {'num_batches': 4, 'mode': 'sampling'}}]
    """

    def __init__(self, num_batches: int, max_times: int, forward_kwargs: Mapping[str, Any]) -> None:
        self.num_batches = num_batches
        self.max_times = max_times
        self.forward_kwargs = dict(forward_kwargs)

    def __len__(self) -> int:
        return self.max_times

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for _ in range(self.max_times):
            yield {"inputs": dict(num_batches=self.num_batches, **self.forward_kwargs)}


class DataSampler:
    """Gives batches of a dataloader's dataset without touching the dataloader's own progress.

    Args:
        dataloader (DataLoader): Its dataset and its way to make batches are used.
        num_batches (int): Items in one batch.
        max_times (int): Batches at most.
        shuffle (bool): Take the items at random instead of from the first on.
        options (Mapping): Put beside the inputs, if the batch is a dict that has them as a dict.

    Example:
        >>> loader = DataLoader(torch.arange(5), batch_size=2)
        >>> [batch.tolist() for batch in DataSampler(loader, 2, 2, shuffle=False, options={})]
        [[0, 1], [2, 3]]
    """

    def __init__(
        self,
        dataloader: DataLoader[Any],
        num_batches: int,
        max_times: int,
        shuffle: bool,
        options: Mapping[str, Any],
    ) -> None:
        self.dataloader = dataloader
        self.num_batches = num_batches
        self.shuffle = shuffle
        self.options = dict(options)
        self.max_times = max_times
        if not isinstance(dataloader.dataset, IterableDataset):
            available = -(-len(dataloader.dataset) // num_batches)  # type: ignore[arg-type]
            self.max_times = min(max_times, available)

    def __len__(self) -> int:
        return self.max_times

    def __iter__(self) -> Iterator[Any]:
        dataset = self.dataloader.dataset
        if isinstance(dataset, IterableDataset):
            items = iter(dataset)
            groups = (list(islice(items, self.num_batches)) for _ in self._times())
        else:
            size = len(dataset)  # type: ignore[arg-type]
            order = torch.randperm(size) if self.shuffle else torch.arange(size)
            chunks = order.split(self.num_batches)
            groups = ([dataset[int(i)] for i in chunks[time]] for time in self._times())
        for group in groups:
            yield self._with_options(self.dataloader.collate_fn(group))

    def _times(self) -> range:
        return range(self.max_times)

    def _with_options(self, batch: Any) -> Any:
        if isinstance(batch, dict) and isinstance(batch.get("inputs"), dict):
            return {**batch, "inputs": {**batch["inputs"], **self.options}}
        return batch


Sampler = NoiseSampler | ArgumentsSampler | DataSampler
SAMPLE_MODELS = ("orig", "ema", "ema/orig", "orig/ema")
SAMPLER_TYPES = ("Noise", "Arguments", "Data", "ValData", "TestData")


def get_sampler(sample_kwargs: Mapping[str, Any], runner: Any, module: nn.Module) -> Sampler:
    """Make a sampler.

    Args:
        sample_kwargs (Mapping): ``type`` is ``Noise``, ``Arguments``, ``Data`` (of the training),
            ``ValData`` or ``TestData``; ``num_batches`` images make a batch, ``max_times``
            batches are given; ``forward_kwargs`` are the arguments of type ``Arguments``. The
            rest is handed to the model with the inputs.
        runner (Runner): Its dataloaders are used.
        module (nn.Module): The model.

    Returns:
        Sampler: An iterable with a length.

    Raises:
        ValueError: If the type is not known.

    Example:
        >>> options = dict(type="Arguments", num_batches=2, max_times=3)
        >>> len(get_sampler(options, runner=None, module=nn.Identity()))
        3
    """
    kind = sample_kwargs["type"]
    counts = (sample_kwargs["num_batches"], sample_kwargs["max_times"])
    options = {name: value for name, value in sample_kwargs.items() if name not in _COUNTS}
    if kind == "Noise":
        return NoiseSampler(module, *counts, options)
    if kind == "Arguments":
        return ArgumentsSampler(*counts, options.get("forward_kwargs", {}))
    if kind == "Data":
        return DataSampler(runner.train_dataloader, *counts, shuffle=True, options=options)
    if kind == "ValData":
        return DataSampler(runner.val_dataloader, *counts, shuffle=False, options=options)
    if kind == "TestData":
        return DataSampler(runner.test_dataloader, *counts, shuffle=False, options=options)
    raise ValueError(
        f"sampler type {kind!r} is none of {', '.join(SAMPLER_TYPES)}"
        f"{did_you_mean(str(kind), SAMPLER_TYPES)}"
    )
