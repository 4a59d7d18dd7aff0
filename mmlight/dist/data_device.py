"""The device of tensors inside lists and dicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

import torch
from torch import Tensor


def get_data_device(data: Tensor | Mapping[str, Any] | Iterable[Any]) -> torch.device:
    """Return the device of a tensor, or the one device of all tensors in a container.

    Args:
        data (Tensor, Sequence or dict): The tensors, in lists or dicts at any depth.

    Returns:
        torch.device: Their device.

    Raises:
        TypeError: If there is something else than tensors.
        ValueError: If a container is empty or the devices differ.

    Example:
        >>> get_data_device({"a": torch.zeros(1), "b": [torch.ones(2)]})
        device(type='cpu')
    """
    if isinstance(data, Tensor):
        return data.device
    if isinstance(data, (str, bytes)) or not isinstance(data, Iterable):
        raise TypeError(f"data should be a Tensor, a sequence or a dict, but got {data!r}")
    items = list(data.values() if isinstance(data, Mapping) else data)
    if not items:
        raise ValueError("data should not be empty: it has no device")
    first, *others = (get_data_device(item) for item in items)
    for other in others:
        if other != first:
            raise ValueError(f"data should be on one device, but got {first} and {other}")
    return first


def cast_data_device(
    data: Tensor | Mapping[str, Any] | Iterable[Any],
    device: torch.device,
    out: Tensor | Mapping[str, Any] | Iterable[Any] | None = None,
) -> Any:
    """Move tensors, in lists and dicts at any depth, to a device.

    Args:
        data (Tensor, list or dict): The tensors.
        device (torch.device): Where to.
        out (Tensor, list or dict, optional): Tensors of the same structure to copy into instead.

    Returns:
        Same type as ``data``: The moved tensors, or ``out``.

    Raises:
        TypeError: If there is something else than tensors, or ``out`` has another type.
        ValueError: If a container is empty, or ``out`` has other keys or another length.

    Example:
        >>> cast_data_device([torch.arange(2)], torch.device("cpu"))
        [tensor([0, 1])]
    """
    if out is not None and type(out) is not type(data):
        raise TypeError(f"out should be a {type(data)} like data, but got {type(out)}")
    if isinstance(data, Tensor):
        return _cast_tensor(data, device, out)
    if isinstance(data, Mapping):
        return _cast_mapping(data, device, out)
    if isinstance(data, (str, bytes)) or not isinstance(data, (Sequence, Set)):
        raise TypeError(f"data should be a Tensor, a list of them or a dict, but got {data!r}")
    items = list(data)
    if not items:
        raise ValueError("data should not be empty")
    outs = [None] * len(items) if out is None else list(out)  # type: ignore[arg-type]
    if len(outs) != len(items):
        raise ValueError(f"out should have {len(items)} items like data, but has {len(outs)}")
    cast = [cast_data_device(item, device, to) for item, to in zip(items, outs, strict=True)]
    # A named tuple takes its items one by one.
    return type(data)(*cast) if hasattr(data, "_fields") else type(data)(cast)  # type: ignore


def _cast_tensor(data: Tensor, device: torch.device, out: Any) -> Tensor:
    if out is None:
        return data.to(device)
    if out.shape != data.shape:
        raise ValueError(f"out should have shape {tuple(data.shape)}, but has {tuple(out.shape)}")
    filled: Tensor = out.copy_(data)
    return filled


def _cast_mapping(data: Mapping[str, Any], device: torch.device, out: Any) -> Any:
    if not data:
        raise ValueError("data should not be empty")
    if out is not None and data.keys() != out.keys():
        raise ValueError(f"out should have the keys {list(data)}, but has {list(out)}")
    return type(data)(  # type: ignore[call-arg]
        {
            key: cast_data_device(value, device, None if out is None else out[key])
            for key, value in data.items()
        }
    )
