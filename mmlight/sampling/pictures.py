"""Pictures of images side by side, and files of them."""

from __future__ import annotations

import io
from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image
from torch import Tensor

from mmlight.engine.sample_grid import PADDING
from mmlight.fileio import join_path, put

_FRAME_MS = 100


def picture(rows: Sequence[Sequence[Tensor]]) -> np.ndarray:
    """Put rows of images into one picture; columns are as wide as their widest image.

    Args:
        rows (Sequence[Sequence[Tensor]]): uint8 images ``(3, H, W)`` of any sizes.

    Returns:
        np.ndarray: uint8 ``(H', W', 3)``, with 2 black pixels around each image.

    Example:
        >>> import torch
        >>> small, large = (torch.zeros(3, side, side, dtype=torch.uint8) for side in (4, 8))
        >>> picture([[small, large], [small]]).shape
        (18, 18, 3)
    """
    heights = [max(image.shape[-2] for image in row) for row in rows]
    widths = [
        max(row[column].shape[-1] for row in rows if column < len(row))
        for column in range(max(map(len, rows)))
    ]
    tops, lefts = (
        np.cumsum([PADDING, *(size + PADDING for size in sizes)]) for sizes in (heights, widths)
    )
    whole = np.zeros((tops[-1], lefts[-1], 3), np.uint8)
    for top, row in zip(tops, rows):
        for left, image in zip(lefts, row):
            pixels = image.permute(1, 2, 0).numpy()
            whole[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
    return whole


def write_png(pixels: np.ndarray, folder: str, name: str) -> str:
    """Write a picture.

    Args:
        pixels (np.ndarray): uint8 ``(H, W, 3)``: red, green, blue.
        folder (str): Where: a folder, or the URL of one that :mod:`mmlight.fileio` knows.
        name (str): Name of the file without suffix.

    Returns:
        str: Path of the file.
    """
    _, encoded = cv2.imencode(".png", np.ascontiguousarray(pixels[..., ::-1]))
    return _write(encoded.tobytes(), folder, f"{name}.png")


def write_gif(moments: Sequence[np.ndarray], folder: str, name: str) -> str:
    """Write pictures as one that moves.

    Args:
        moments (Sequence[np.ndarray]): uint8 ``(H, W, 3)`` each: red, green, blue.
        folder (str): As for :func:`write_png`.
        name (str): Name of the file without suffix.

    Returns:
        str: Path of the file.
    """
    first, *others = map(Image.fromarray, moments)
    file = io.BytesIO()
    first.save(
        file, "GIF", save_all=True, append_images=others, duration=_FRAME_MS, loop=0, disposal=1
    )
    return _write(file.getvalue(), folder, f"{name}.gif")


def _write(content: bytes, folder: str, name: str) -> str:
    path = str(join_path(folder, name))
    put(content, path)
    return path
