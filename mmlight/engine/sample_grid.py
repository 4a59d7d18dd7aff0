"""Samples of a generative model as one picture."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmlight.structures import BaseDataElement

PADDING = 2


def to_images(
    tensor: Tensor,
    color_order: str = "rgb",
    target_mean: float | Sequence[float] = 127.5,
    target_std: float | Sequence[float] = 127.5,
) -> Tensor:
    """Turn what a model made into RGB images.

    Args:
        tensor (Tensor): ``(N, C, H, W)`` with 1, 3 or more channels (of more, the first 3 count),
            on any device. uint8 is taken as it is.
        color_order (str): Order of the channels, ``rgb`` or ``bgr``. Defaults to ``rgb``.
        target_mean (float | Sequence[float]): Grey level of 0. Defaults to 127.5.
        target_std (float | Sequence[float]): Grey levels that make 1. Defaults to 127.5.

    Returns:
        Tensor: uint8 ``(N, 3, H, W)`` on the host.

    Raises:
        ValueError: If the order is not known, or the tensor has another shape.

    Example:
        >>> to_images(torch.full((1, 1, 1, 1), -1.0)).flatten().tolist()
        [0, 0, 0]
    """
    if color_order.lower() not in ("rgb", "bgr"):
        raise ValueError(f"color_order must be 'rgb' or 'bgr', got {color_order!r}")
    if tensor.ndim != 4 or tensor.shape[1] not in (1, 3, 4):
        raise ValueError(f"images must be (N, 1, 3 or 4, H, W), got {tuple(tensor.shape)}")
    images = tensor.detach()[:, :3]
    if images.dtype != torch.uint8:
        mean, std = (
            torch.as_tensor(value, dtype=torch.float32, device=images.device).reshape(-1, 1, 1)
            for value in (target_mean, target_std)
        )
        images = (images.float() * std + mean).round().clamp(0, 255).to(torch.uint8)
    if images.shape[1] == 1:
        images = images.expand(-1, 3, -1, -1)
    elif color_order.lower() == "bgr":
        images = images.flip(1)
    return images.cpu()


def make_grid(images: Tensor, n_row: int | None = None) -> np.ndarray:
    """Put images side by side.

    Args:
        images (Tensor): uint8 ``(N, 3, H, W)`` on the host.
        n_row (int, optional): Images in one row. Defaults to the whole part of the root of N.

    Returns:
        np.ndarray: uint8 ``(H', W', 3)``, with 2 black pixels around each image.

    Raises:
        ValueError: If there is no image.

    Example:
        >>> make_grid(torch.zeros(4, 3, 8, 8, dtype=torch.uint8)).shape
        (22, 22, 3)
    """
    count = len(images)
    if count == 0:
        raise ValueError("there is no image to show")
    columns = min(n_row or math.isqrt(count), count)
    rows = -(-count // columns)
    height, width = images.shape[-2:]
    grid = np.zeros(
        (PADDING + rows * (height + PADDING), PADDING + columns * (width + PADDING), 3), np.uint8
    )
    for index, image in enumerate(images.permute(0, 2, 3, 1).numpy()):
        top = PADDING + index // columns * (height + PADDING)
        left = PADDING + index % columns * (width + PADDING)
        grid[top : top + height, left : left + width] = image
    return grid


def images_by_key(
    samples: Sequence[Any], target_keys: str | Sequence[str] | None = None
) -> dict[str, list[Tensor]]:
    """Collect the images in samples.

    Args:
        samples (Sequence): Data elements, dicts or plain image tensors.
        target_keys (str | Sequence[str], optional): Fields to show; ``a.b`` is field ``b`` of the
            sample in field ``a``, ``a.0`` the first of a list there, and the name of a sample or
            a list stands for all images in it.
            Defaults to None: every field that is an image.

    Returns:
        dict[str, list[Tensor]]: For each key the images ``(C, H, W)``, or ``(T, C, H, W)`` for
        moving ones.

    Raises:
        KeyError: If a key leads to no image.

    Example:
        >>> list(images_by_key([dict(fake_img=torch.zeros(1, 8, 8), noise=torch.zeros(4))]))
        ['fake_img']
    """
    found = [dict(_images_in(sample, "")) for sample in samples]
    keys = list(dict.fromkeys(key for images in found for key in images))
    if target_keys is not None:
        wanted = [target_keys] if isinstance(target_keys, str) else target_keys
        chosen = []
        for name in wanted:
            matching = [key for key in keys if key == name or key.startswith(f"{name}.")]
            if not matching:
                raise KeyError(f"samples have no image {name!r}; they have {keys or 'none'}")
            chosen += matching
        keys = list(dict.fromkeys(chosen))
    return {key: [images[key] for images in found if key in images] for key in keys}


def _images_in(value: Any, name: str) -> Iterable[tuple[str, Tensor]]:
    if isinstance(value, Tensor):
        if value.ndim in (3, 4) and value.shape[-3] in (1, 3, 4):
            yield name or "img", value
    elif isinstance(value, (BaseDataElement, Mapping)):
        for key, inner in value.items():
            yield from _images_in(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            yield from _images_in(inner, f"{name}.{index}")
