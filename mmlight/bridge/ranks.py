"""What each of several processes adds to a checkpoint: what it does not share with the first."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from mmlight.dist import broadcast_object_list, gather_object, get_rank
from mmlight.utils import apply_to


@dataclass(frozen=True)
class _OfTheFirst:
    """Stands for the tensor of this number in the state of the first process."""

    number: int


def gather_states(
    own: dict[str, Any], buffers: Mapping[str, torch.Tensor]
) -> list[dict[str, Any]] | None:
    """Return the states of all processes, in the first one.

    Tensors that a process has in common with the first, as random states often are and buffers that
    were just made equal, are neither sent nor there twice: a file holds them once. Buffers are not
    even mentioned, since whoever resumes gets those of the first with the weights.

    Args:
        own: The state of this process, of plain types and tensors.
        buffers: The buffers of this process's model by name; those that differ become ``buffers``
            in its state.

    Returns:
        list[dict] or None: In the order of the ranks; None in the other processes.
    """
    # Tensors of another GPU than the writer's must not go through pickle.
    own, here = apply_to([own, dict(buffers)], _is_tensor, torch.Tensor.cpu)
    digests = {name: _digest(buffer) for name, buffer in here.items()}
    tensors: list[torch.Tensor] = []
    if get_rank() == 0:
        apply_to(own, _is_tensor, tensors.append)
    known: list[Any] = [list(map(_digest, tensors)), digests]
    broadcast_object_list(known)
    if get_rank() == 0:
        states = gather_object(None) or [None]
        return [own, *apply_to(states[1:], _is_mention, lambda one: tensors[one.number])]
    numbers = {digest: number for number, digest in enumerate(known[0])}
    own = apply_to(own, _is_tensor, lambda one: _mention(one, numbers))
    own["buffers"] = {name: one for name, one in here.items() if known[1][name] != digests[name]}
    gather_object(own)
    return None


def _mention(tensor: torch.Tensor, numbers: dict[bytes, int]) -> Any:
    number = numbers.get(_digest(tensor))
    return tensor if number is None else _OfTheFirst(number)


def _digest(tensor: torch.Tensor) -> bytes:
    content = tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy()
    digest = hashlib.blake2b(f"{tensor.dtype} {tuple(tensor.shape)}".encode(), digest_size=16)
    digest.update(content.data)
    return digest.digest()


def _is_mention(value: Any) -> bool:
    return isinstance(value, _OfTheFirst)


def _is_tensor(value: Any) -> bool:
    return isinstance(value, torch.Tensor)
