"""Whether images are of the size that a network was made for."""

from __future__ import annotations

from torch import Tensor


def refuse_other_side(images: Tensor, side: int, argument: str) -> None:
    """Refuse images that are not of the size which an argument of a network says.

    Args:
        images (Tensor): Images ``(N, C, H, W)``.
        side (int): What height and width should be.
        argument (str): Name of the argument that says so.

    Raises:
        ValueError: If they are not.

    Example:
        >>> import torch
        >>> refuse_other_side(torch.zeros(1, 3, 4, 8), 8, "in_size")
        Traceback (most recent call last):
        ...
        ValueError: images must be 8 x 8 pixels, as in_size says, but got (1, 3, 4, 8)
    """
    if images.shape[-2:] != (side, side):
        raise ValueError(
            f"images must be {side} x {side} pixels, as {argument} says, but got "
            f"{tuple(images.shape)}"
        )
