"""Mixed precision as a context."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from mmlight.device import get_device


@contextmanager
def autocast(
    device_type: str | None = None,
    dtype: torch.dtype | None = None,
    enabled: bool = True,
    cache_enabled: bool | None = None,
) -> Iterator[None]:
    """Compute in a lower precision, as :class:`torch.autocast`, on the device that is there.

    Args:
        device_type: Kind of device, such as ``'cuda'`` or ``'cpu'``; by default the one that
            models run on.
        dtype: Type of the lower precision; by default bfloat16 on a CPU and float16 on a GPU.
        enabled: Whether anything changes.
        cache_enabled: Whether a weight is converted only once in the context.

    Raises:
        AssertionError: If ``dtype`` is not bfloat16 on a CPU.
        ValueError: If there is no autocast for the kind of device.

    Example:
        >>> with autocast(device_type="cpu"):
        ...     (torch.ones(2, 2) @ torch.ones(2, 2)).dtype
        torch.bfloat16
    """
    kind = device_type or get_device()
    if kind == "cpu" and dtype not in (None, torch.bfloat16):
        raise AssertionError(f"autocast on a CPU takes torch.bfloat16 alone, got {dtype}")
    try:
        context = torch.autocast(kind, dtype=dtype, enabled=enabled, cache_enabled=cache_enabled)
    except RuntimeError as error:
        raise ValueError(f"there is no autocast for device_type={kind!r}: {error}") from error
    with context:
        yield
