"""Who is who among the processes, and on which device they talk."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any, TypeVar

import torch
import torch.distributed as torch_dist
from torch.distributed import ProcessGroup

from .data_device import cast_data_device, get_data_device
from .launch import infer_launcher, init_dist

__all__ = [
    "barrier",
    "cast_data_device",
    "get_backend",
    "get_comm_device",
    "get_data_device",
    "get_default_group",
    "get_dist_info",
    "get_local_group",
    "get_local_rank",
    "get_local_size",
    "get_rank",
    "get_world_size",
    "infer_launcher",
    "init_dist",
    "init_local_group",
    "is_distributed",
    "is_main_process",
    "master_only",
]

F = TypeVar("F", bound=Callable[..., Any])

_local_group: ProcessGroup | None = None


def is_distributed() -> bool:
    """Tell whether the default process group has been made.

    Returns:
        bool: Whether it has.

    Example:
        >>> is_distributed()
        False
    """
    return torch_dist.is_available() and torch_dist.is_initialized()


def get_default_group() -> ProcessGroup | None:
    """Return the process group of all processes.

    Returns:
        ProcessGroup or None: The group; None in a single process.

    Example:
        >>> print(get_default_group())
        None
    """
    return torch_dist.group.WORLD if is_distributed() else None


def get_rank(group: ProcessGroup | None = None) -> int:
    """Return the number of this process in a group.

    Args:
        group (ProcessGroup, optional): The group; None means all processes.

    Returns:
        int: From 0 to the size of the group; 0 in a single process.

    Example:
        >>> get_rank()
        0
    """
    return torch_dist.get_rank(group) if is_distributed() else 0


def get_world_size(group: ProcessGroup | None = None) -> int:
    """Return the number of processes in a group.

    Args:
        group (ProcessGroup, optional): The group; None means all processes.

    Returns:
        int: The number; 1 in a single process.

    Example:
        >>> get_world_size()
        1
    """
    return torch_dist.get_world_size(group) if is_distributed() else 1


def get_dist_info(group: ProcessGroup | None = None) -> tuple[int, int]:
    """Return rank and world size.

    Args:
        group (ProcessGroup, optional): The group; None means all processes.

    Returns:
        tuple of int: ``(rank, world_size)``; ``(0, 1)`` in a single process.

    Example:
        >>> get_dist_info()
        (0, 1)
    """
    return get_rank(group), get_world_size(group)


def get_backend(group: ProcessGroup | None = None) -> str | None:
    """Return the backend of a group.

    Args:
        group (ProcessGroup, optional): The group; None means all processes.

    Returns:
        str or None: Its name in lower case; None in a single process.

    Example:
        >>> print(get_backend())
        None
    """
    return torch_dist.get_backend(group) if is_distributed() else None


def is_main_process(group: ProcessGroup | None = None) -> bool:
    """Tell whether this process has rank 0.

    Args:
        group (ProcessGroup, optional): The group; None means all processes.

    Returns:
        bool: Whether it has.

    Example:
        >>> is_main_process()
        True
    """
    return get_rank(group) == 0


def master_only(func: F) -> F:
    """Make a function that works in the main process only and returns None in the others.

    Args:
        func (Callable): The function to decorate.

    Returns:
        Callable: The decorated function.

    Example:
        >>> @master_only
        ... def answer():
        ...     return 42
        >>> answer()
        42
    """

    @functools.wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return func(*args, **kwargs) if is_main_process() else None

    return wrapped  # type: ignore[return-value]


def barrier(group: ProcessGroup | None = None) -> None:
    """Wait until all processes of a group are here; nothing to do in a single process.

    Args:
        group (ProcessGroup, optional): The group; None means all processes.

    Example:
        >>> barrier()  # a single process has nobody to wait for
    """
    if is_distributed():
        torch_dist.barrier(group)


def init_local_group(node_rank: int, num_gpus_per_node: int) -> None:
    """Make the group of the processes on this machine. Every process has to call it.

    Args:
        node_rank (int): Number of this machine.
        num_gpus_per_node (int): Number of processes on each machine.

    Raises:
        AssertionError: If the group has been made already.
        RuntimeError: If there is no default group yet.

    Example:
        >>> init_local_group(node_rank=0, num_gpus_per_node=1)
        Traceback (most recent call last):
        RuntimeError: init_local_group needs the default process group: call init_dist first
    """
    global _local_group
    assert _local_group is None, "the local process group has been created already"
    if not is_distributed():
        raise RuntimeError("init_local_group needs the default process group: call init_dist first")
    for node in range(get_world_size() // num_gpus_per_node):
        ranks = list(range(node * num_gpus_per_node, (node + 1) * num_gpus_per_node))
        group = torch_dist.new_group(ranks)
        if node == node_rank:
            _local_group = group


def get_local_group() -> ProcessGroup | None:
    """Return the group of the processes on this machine.

    Returns:
        ProcessGroup or None: The group; None in a single process.

    Raises:
        RuntimeError: If there are several processes and :func:`init_local_group` was not called.

    Example:
        >>> print(get_local_group())
        None
    """
    if not is_distributed():
        return None
    if _local_group is None:
        raise RuntimeError("there is no local process group: call init_local_group first")
    return _local_group


def get_local_size() -> int:
    """Return the number of processes on this machine.

    Returns:
        int: From the local group, else as the launcher says; 1 in a single process.

    Raises:
        RuntimeError: If neither the local group nor the launcher tells it.

    Example:
        >>> get_local_size()
        1
    """
    return _local_number(get_world_size, "LOCAL_WORLD_SIZE", alone=1)


def get_local_rank() -> int:
    """Return the number of this process on its machine.

    Returns:
        int: From the local group, else as the launcher says; 0 in a single process.

    Raises:
        RuntimeError: If neither the local group nor the launcher tells it.

    Example:
        >>> get_local_rank()
        0
    """
    return _local_number(get_rank, "LOCAL_RANK", alone=0)


def _local_number(ask: Callable[[ProcessGroup | None], int], variable: str, alone: int) -> int:
    if not is_distributed():
        return alone
    if _local_group is None and variable in os.environ:
        return int(os.environ[variable])
    return ask(get_local_group())


def get_comm_device(group: ProcessGroup | None = None) -> torch.device:
    """Return the device that tensors must be on to be sent through a group.

    Args:
        group (ProcessGroup, optional): The group; None means all processes.

    Returns:
        torch.device: The current CUDA device for NCCL, else the CPU.

    Example:
        >>> get_comm_device()
        device(type='cpu')
    """
    if get_backend(group) == torch_dist.Backend.NCCL:
        return torch.device("cuda", torch.cuda.current_device())
    return torch.device("cpu")
