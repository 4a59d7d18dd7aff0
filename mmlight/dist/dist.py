"""Collectives that return their result, and that work in a single process too.

A tensor may be on any device: it travels on the device of the backend and comes back on its own.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from itertools import groupby
from typing import Any

import numpy as np
import torch
import torch.distributed as torch_dist
from torch import Tensor
from torch.distributed import ProcessGroup

from .collect import collect_results, collect_results_cpu, collect_results_gpu
from .data_device import cast_data_device
from .utils import get_comm_device, get_rank, get_world_size

__all__ = [
    "all_gather",
    "all_gather_object",
    "all_reduce",
    "all_reduce_dict",
    "all_reduce_params",
    "broadcast",
    "broadcast_object_list",
    "collect_results",
    "collect_results_cpu",
    "collect_results_gpu",
    "gather",
    "gather_object",
    "sync_random_seed",
]

_REDUCE_OPS = {
    "sum": torch_dist.ReduceOp.SUM,
    "mean": torch_dist.ReduceOp.SUM,
    "produce": torch_dist.ReduceOp.PRODUCT,
    "product": torch_dist.ReduceOp.PRODUCT,
    "min": torch_dist.ReduceOp.MIN,
    "max": torch_dist.ReduceOp.MAX,
    "band": torch_dist.ReduceOp.BAND,
    "bor": torch_dist.ReduceOp.BOR,
    "bxor": torch_dist.ReduceOp.BXOR,
}
_MEGABYTE = 1024 * 1024


def _reduce_op(op: Any) -> Any:
    if isinstance(op, torch_dist.ReduceOp.RedOpType):
        return op
    if str(op).lower() not in _REDUCE_OPS:
        raise ValueError(f"op should be one of {', '.join(_REDUCE_OPS)}, but got {op!r}")
    return _REDUCE_OPS[op.lower()]


def all_reduce(data: Tensor, op: str | Any = "sum", group: ProcessGroup | None = None) -> None:
    """Combine a tensor over all processes, in place.

    Args:
        data (Tensor): The tensor; becomes the same in every process.
        op (str or ReduceOp): ``sum``, ``mean``, ``produce``, ``min``, ``max``, ``band``, ``bor``,
            ``bxor``, or what :mod:`torch.distributed` calls one of them.
        group (ProcessGroup, optional): The group; None means all processes.

    Raises:
        ValueError: If ``op`` is not one of them.

    Example:
        >>> data = torch.arange(2)
        >>> all_reduce(data)  # a single process: nothing to do
        >>> data
        tensor([0, 1])
    """
    reduce_op = _reduce_op(op)
    world_size = get_world_size(group)
    if world_size == 1:
        return
    moved = cast_data_device(data, get_comm_device(group)).contiguous()
    torch_dist.all_reduce(moved, reduce_op, group)
    if str(op).lower() == "mean":
        moved = torch.true_divide(moved, world_size)
    data.data.copy_(moved)


def all_gather(data: Tensor, group: ProcessGroup | None = None) -> list[Tensor]:
    """Return the tensors of all processes, in every process.

    Args:
        data (Tensor): The tensor of this process, of one shape everywhere.
        group (ProcessGroup, optional): The group; None means all processes.

    Returns:
        list of Tensor: In the order of the ranks; ``[data]`` in a single process.

    Example:
        >>> all_gather(torch.arange(2))
        [tensor([0, 1])]
    """
    world_size = get_world_size(group)
    if world_size == 1:
        return [data]
    moved = cast_data_device(data, get_comm_device(group)).contiguous()
    gathered = [torch.empty_like(moved) for _ in range(world_size)]
    torch_dist.all_gather(gathered, moved, group)
    result: list[Tensor] = cast_data_device(gathered, data.device)
    return result


def gather(data: Tensor, dst: int = 0, group: ProcessGroup | None = None) -> list[Tensor]:
    """Return the tensors of all processes, in one process.

    Args:
        data (Tensor): The tensor of this process, of one shape everywhere.
        dst (int): Rank of the process that gets them.
        group (ProcessGroup, optional): The group; None means all processes.

    Returns:
        list of Tensor: In the order of the ranks; empty in the other processes; ``[data]`` in a
        single process.

    Example:
        >>> gather(torch.arange(2))
        [tensor([0, 1])]
    """
    world_size = get_world_size(group)
    if world_size == 1:
        return [data]
    moved = cast_data_device(data, get_comm_device(group)).contiguous()
    if get_rank() != dst:
        torch_dist.gather(moved, None, dst, group)
        return []
    gathered = [torch.empty_like(moved) for _ in range(world_size)]
    torch_dist.gather(moved, gathered, dst, group)
    result: list[Tensor] = cast_data_device(gathered, data.device)
    return result


def broadcast(data: Tensor, src: int = 0, group: ProcessGroup | None = None) -> None:
    """Copy the tensor of one process into those of all others, in place.

    Args:
        data (Tensor): What is sent or overwritten, of one shape everywhere.
        src (int): Rank of the process that sends.
        group (ProcessGroup, optional): The group; None means all processes.

    Example:
        >>> data = torch.arange(2)
        >>> broadcast(data)
        >>> data
        tensor([0, 1])
    """
    if get_world_size(group) == 1:
        return
    moved = cast_data_device(data, get_comm_device(group)).contiguous()
    torch_dist.broadcast(moved, src, group)
    data.data.copy_(moved)


def sync_random_seed(group: ProcessGroup | None = None) -> int:
    """Return one random seed for all processes: the one that the first process draws.

    Args:
        group (ProcessGroup, optional): The group; None means all processes.

    Returns:
        int: From 0 to 2**31, drawn from numpy's global generator.

    Example:
        >>> 0 <= sync_random_seed() < 2**31
        True
    """
    seed = [int(np.random.randint(2**31))]
    broadcast_object_list(seed, group=group)
    return seed[0]


def all_gather_object(data: Any, group: ProcessGroup | None = None) -> list[Any]:
    """Return the objects of all processes, in every process.

    Args:
        data: The object of this process, which pickle can take.
        group (ProcessGroup, optional): The group; None means all processes.

    Returns:
        list: In the order of the ranks; ``[data]`` in a single process.

    Example:
        >>> all_gather_object({"a": 1})
        [{'a': 1}]
    """
    world_size = get_world_size(group)
    if world_size == 1:
        return [data]
    gathered: list[Any] = [None] * world_size
    torch_dist.all_gather_object(gathered, data, group)
    return gathered


def gather_object(data: Any, dst: int = 0, group: ProcessGroup | None = None) -> list[Any] | None:
    """Return the objects of all processes, in one process.

    Args:
        data: The object of this process, which pickle can take.
        dst (int): Rank of the process that gets them.
        group (ProcessGroup, optional): The group; None means all processes.

    Returns:
        list or None: In the order of the ranks; None in the other processes; ``[data]`` in a single
        process.

    Example:
        >>> gather_object("foo")
        ['foo']
    """
    world_size = get_world_size(group)
    if world_size == 1:
        return [data]
    gathered: list[Any] | None = [None] * world_size if get_rank() == dst else None
    torch_dist.gather_object(data, gathered, dst, group)
    return gathered


def broadcast_object_list(data: list[Any], src: int = 0, group: ProcessGroup | None = None) -> None:
    """Replace the objects in a list by those of one process, in place.

    Args:
        data (list): Objects that pickle can take; lists of one length everywhere.
        src (int): Rank of the process that sends.
        group (ProcessGroup, optional): The group; None means all processes.

    Raises:
        AssertionError: If ``data`` is not a list.

    Example:
        >>> data = ["foo", 12]
        >>> broadcast_object_list(data)
        >>> data
        ['foo', 12]
    """
    assert isinstance(data, list), f"data should be a list, but got {type(data)}"
    if get_world_size(group) > 1:
        torch_dist.broadcast_object_list(data, src, group)


def all_reduce_dict(
    data: dict[str, Tensor], op: str = "sum", group: ProcessGroup | None = None
) -> None:
    """Combine the tensors of a dict over all processes, in place and in one go.

    Args:
        data (dict): The tensors, with the same keys and shapes everywhere. If they have several
            types, all become of the one that holds them all.
        op (str): As for :func:`all_reduce`.
        group (ProcessGroup, optional): The group; None means all processes.

    Raises:
        AssertionError: If ``data`` is not a dict.
        TypeError: If one of its values is not a tensor.

    Example:
        >>> data = {"a": torch.arange(2)}
        >>> all_reduce_dict(data)
        >>> data
        {'a': tensor([0, 1])}
    """
    assert isinstance(data, dict), f"data should be a dict, but got {type(data)}"
    if get_world_size(group) == 1 or not data:
        return
    for key, value in data.items():
        if not isinstance(value, Tensor):
            raise TypeError(f"data[{key!r}] should be a Tensor, but got {value!r}")
    dtype = functools.reduce(torch.promote_types, (value.dtype for value in data.values()))
    for key, value in data.items():
        data[key] = value.to(dtype)
    # Sorted, because processes may have filled their dicts in different orders.
    all_reduce_params([data[key] for key in sorted(data)], op=op, group=group)


def all_reduce_params(
    params: Iterable[Tensor],
    coalesce: bool = True,
    bucket_size_mb: int = -1,
    op: str = "sum",
    group: ProcessGroup | None = None,
) -> None:
    """Combine many tensors over all processes, in place.

    Args:
        params (list or generator of Tensor): Parameters or buffers, in the same order everywhere.
        coalesce (bool): Send tensors of one type together.
        bucket_size_mb (int): Most megabytes to send together; no limit if it is not positive.
        op (str): As for :func:`all_reduce`.
        group (ProcessGroup, optional): The group; None means all processes.

    Example:
        >>> data = [torch.arange(2), torch.arange(3)]
        >>> all_reduce_params(data)
        >>> data
        [tensor([0, 1]), tensor([0, 1, 2])]
    """
    if get_world_size(group) == 1:
        return
    tensors = [param.data for param in params]
    if not coalesce:
        for tensor in tensors:
            all_reduce(tensor, op, group)
        return
    for bucket in _buckets(tensors, bucket_size_mb * _MEGABYTE):
        flat = torch.cat([tensor.reshape(-1) for tensor in bucket])
        all_reduce(flat, op, group)
        parts = flat.split([tensor.numel() for tensor in bucket])
        for tensor, part in zip(bucket, parts, strict=True):
            tensor.copy_(part.view_as(tensor))


def _buckets(tensors: list[Tensor], max_bytes: int) -> Iterable[list[Tensor]]:
    def kind(tensor: Tensor) -> str:
        return f"{tensor.dtype} {tensor.device}"

    for _, alike in groupby(sorted(tensors, key=kind), key=kind):
        bucket: list[Tensor] = []
        size = 0
        for tensor in alike:
            if bucket and 0 < max_bytes < size + tensor.nbytes:
                yield bucket
                bucket, size = [], 0
            bucket.append(tensor)
            size += tensor.nbytes
        yield bucket
