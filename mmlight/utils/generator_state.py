"""The state of a torch generator on the CPU, in half the bytes."""

from __future__ import annotations

from typing import Any

import torch

# Torch's own layout: a seed and two counters, the 624 words of a Mersenne Twister, each of 32 bits
# in 64, and what is left of the last normal numbers.
_WORDS = slice(3, 627)
_SIZE = 632


def pack_generator_state(state: torch.Tensor) -> Any:
    """Return a generator's state as a list of numbers and its words of 32 bits.

    Args:
        state: What ``torch.Generator.get_state`` or ``torch.get_rng_state`` returned.

    Returns:
        list or Tensor: ``state`` itself if it is laid out in another way than is known here.

    Example:
        >>> generator = torch.Generator().manual_seed(3)
        >>> numbers, words = pack_generator_state(generator.get_state())
        >>> words.nbytes, generator.get_state().nbytes
        (2496, 5056)
        >>> packed = [numbers, words]
        >>> bool((unpack_generator_state(packed) == generator.get_state()).all())
        True
    """
    if state.nbytes != 8 * _SIZE:
        return state
    whole = state.view(torch.int64)
    words = whole[_WORDS].to(torch.int32)
    if not torch.equal(words.to(torch.int64) & 0xFFFFFFFF, whole[_WORDS]):
        return state
    return [[*whole[: _WORDS.start].tolist(), *whole[_WORDS.stop :].tolist()], words]


def unpack_generator_state(packed: Any) -> torch.Tensor:
    """Return the state that :func:`pack_generator_state` packed, or the one that it left alone.

    Args:
        packed: What it returned, its tensor anywhere.
    """
    if isinstance(packed, torch.Tensor):
        return packed.cpu()
    numbers, words = packed
    whole = torch.empty(_SIZE, dtype=torch.int64)
    whole[_WORDS] = words.cpu().to(torch.int64) & 0xFFFFFFFF
    rest = torch.tensor(numbers, dtype=torch.int64)
    whole[: _WORDS.start], whole[_WORDS.stop :] = rest[: _WORDS.start], rest[_WORDS.start :]
    return whole.view(torch.uint8)
