"""From what models return to red, green, blue."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from mmlight.engine.sample_access import output_range
from mmlight.engine.sample_grid import to_images


def rgb(model: nn.Module, images: Sequence[Tensor]) -> list[Tensor]:
    """Turn images of a model or of its dataset into ones that can be looked at.

    Args:
        model (nn.Module): The model.
        images (Sequence[Tensor]): Images ``(C, H, W)``, 0 to 255, of C channels, 1, 3 or 4.

    Returns:
        list[Tensor]: uint8 ``(3, H, W)`` on the host: red, green, blue.
    """
    order = order_of(model)
    return [to_images(image[None], order, 0.0, 1.0)[0] for image in images]


def order_of(model: nn.Module) -> str:
    """Find the order of channels in which the model's images are read and given.

    Args:
        model (nn.Module): The model, with its config as ``cfg`` if that is known.

    Returns:
        str: ``bgr`` or ``rgb``: as the config's pipelines read them, or as the model's data
        preprocessor says.
    """
    for transform in transforms_of(model):
        if "channel_order" in transform:
            return str(transform["channel_order"]).lower()
    result: str = output_range(model).get("color_order", "rgb")
    return result


def transforms_of(
    model: Any, modes: Sequence[str] = ("train", "val", "test")
) -> Iterator[Mapping[str, Any]]:
    """Give the transforms, and all other dicts, that are in the config's dataloaders.

    Args:
        model (nn.Module): The model, with its config as ``cfg`` if that is known.
        modes (Sequence[str]): Whose dataloaders. Defaults to all.

    Yields:
        Mapping: The config of a transform.
    """
    cfg = getattr(model, "cfg", None) or {}
    for mode in modes:
        yield from _dicts_in(cfg.get(f"{mode}_dataloader"))


def _dicts_in(node: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, Mapping):
        yield node
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        for inner in node:
            yield from _dicts_in(inner)


def grid_rows(images: Sequence[Tensor]) -> list[list[Tensor]]:
    """Put images into rows of a square.

    Args:
        images (Sequence[Tensor]): The images.

    Returns:
        list[list[Tensor]]: The rows; the last may be shorter.

    Example:
        >>> [len(row) for row in grid_rows(["a", "b", "c", "d", "e"])]
        [3, 2]
    """
    columns = math.ceil(math.sqrt(len(images)))
    return [list(images[start : start + columns]) for start in range(0, len(images), columns)]
