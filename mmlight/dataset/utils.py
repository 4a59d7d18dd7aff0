"""Seeding of the workers, and how samples become a batch."""

from __future__ import annotations

import random
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data._utils.collate import default_collate as torch_default_collate

from mmlight.registry import FUNCTIONS
from mmlight.structures import BaseDataElement

COLLATE_FUNCTIONS = FUNCTIONS


def worker_init_fn(
    worker_id: int,
    num_workers: int,
    rank: int,
    seed: int,
    disable_subprocess_warning: bool = False,
) -> None:
    """Seed the random number generators of a worker of a dataloader.

    Args:
        worker_id (int): Which worker, in [0, num_workers - 1].
        num_workers (int): How many workers a dataloader has.
        rank (int): Rank of the process in distributed training, otherwise 0.
        seed (int): Seed of the run.
        disable_subprocess_warning (bool): Whether all but the first worker are to keep warnings
            to themselves.

    Example:
        >>> worker_init_fn(worker_id=1, num_workers=4, rank=0, seed=7)
        >>> a = random.random()
        >>> random.seed(8)
        >>> a == random.random()
        True
    """
    worker_seed = num_workers * rank + worker_id + seed
    np.random.seed(worker_seed)
    random.seed(worker_seed)
    torch.manual_seed(worker_seed)
    if disable_subprocess_warning and worker_id != 0:
        warnings.simplefilter("ignore")


@FUNCTIONS.register_module()
def pseudo_collate(data_batch: Sequence[Any]) -> Any:
    """Gather samples without stacking or converting anything.

    Args:
        data_batch (Sequence): Samples of one structure.

    Returns:
        Any: The structure of a sample, with a list of the samples' values at each leaf.

    Raises:
        RuntimeError: If samples that are sequences differ in length.

    Example:
        >>> pseudo_collate([{"inputs": 1, "label": "a"}, {"inputs": 2, "label": "b"}])
        {'inputs': [1, 2], 'label': ['a', 'b']}
    """
    return _collate(data_batch, stack=False)


@FUNCTIONS.register_module()
def default_collate(data_batch: Sequence[Any]) -> Any:
    """Gather samples, stacking tensors, arrays and numbers into batch tensors.

    Data elements and strings are not stacked but listed.

    Args:
        data_batch (Sequence): Samples of one structure, whose tensors have equal shapes.

    Returns:
        Any: The structure of a sample, with a batch at each leaf.

    Raises:
        RuntimeError: If samples that are sequences differ in length.

    Example:
        >>> default_collate([{"inputs": 1}, {"inputs": 2}])
        {'inputs': tensor([1, 2])}
    """
    return _collate(data_batch, stack=True)


def _collate(batch: Sequence[Any], stack: bool) -> Any:
    item = batch[0]
    if isinstance(item, torch.Tensor):
        return torch_default_collate(batch) if stack else batch
    kind = type(item)
    if isinstance(item, (BaseDataElement, str, bytes)):
        return batch
    if isinstance(item, tuple) and hasattr(item, "_fields"):
        return kind(*(_collate(samples, stack) for samples in zip(*batch, strict=True)))
    if isinstance(item, Sequence):
        lengths = {len(sample) for sample in batch}
        if len(lengths) != 1:
            raise RuntimeError(
                f"each sample in a batch should have as many items, but got {sorted(lengths)}"
            )
        columns = [_collate(samples, stack) for samples in zip(*batch, strict=True)]
        if isinstance(item, tuple):
            return columns
        try:
            return kind(columns)  # type: ignore[call-arg]
        except TypeError:  # a sequence, such as range, that cannot be made from a list
            return columns
    if isinstance(item, Mapping):
        return kind(  # type: ignore[call-arg]
            {key: _collate([sample[key] for sample in batch], stack) for key in item}
        )
    return torch_default_collate(batch) if stack else batch
