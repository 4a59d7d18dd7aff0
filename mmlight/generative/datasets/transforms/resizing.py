"""Change the size of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from mmlight.generative.datasets.transforms.base import (
    BaseTransform,
    each,
    get,
    key_list,
    with_channels,
)
from mmlight.registry import TRANSFORMS
from mmlight.registry.diagnostics import did_you_mean

INTERPOLATIONS = {
    "nearest": cv2.INTER_NEAREST,
    "bilinear": cv2.INTER_LINEAR,
    "bicubic": cv2.INTER_CUBIC,
    "area": cv2.INTER_AREA,
    "lanczos": cv2.INTER_LANCZOS4,
}


@TRANSFORMS.register_module()
class Resize(BaseTransform):
    """Resizes images with OpenCV.

    Adds ``<key>_shape``, ``scale_factor``, ``keep_ratio``, ``interpolation``.

    Args:
        keys (str | Sequence[str]): The images, ``(H, W, C)`` or ``(H, W)``, or lists of them.
            Defaults to ``img``.
        scale (float | tuple[int, int], optional): A factor; or ``(width, height)`` in pixels, into
            which the image fits if ``keep_ratio``, where -1 stands for no limit. Defaults to None.
        keep_ratio (bool): Keep the ratio of width and height. Defaults to False.
        size_factor (int, optional): Instead of ``scale``: cut width and height down to multiples
            of this. Defaults to None.
        max_size (int, optional): With ``size_factor``: no larger than this. Defaults to None.
        interpolation (str): ``nearest``, ``bilinear``, ``bicubic``, ``area`` or ``lanczos``.
            Defaults to ``bilinear``.
        output_keys (Sequence[str], optional): Where to write the results. Defaults to None, over
            the images.
        backend (str, optional): ``cv2``, the only one. Defaults to None, the same.

    Raises:
        TypeError: If ``scale`` is neither a float nor a pair of integers.
        ValueError: If neither or both of ``scale`` and ``size_factor`` are given, or a value can
            not be meant.

    Example:
        >>> import numpy as np
        >>> Resize("gt", scale=(8, 4))({"gt": np.zeros((6, 6, 3), np.uint8)})["gt_shape"]
        (4, 8, 3)
    """

    def __init__(
        self,
        keys: str | Sequence[str] = "img",
        scale: float | tuple[int, int] | None = None,
        keep_ratio: bool = False,
        size_factor: int | None = None,
        max_size: int | None = None,
        interpolation: str = "bilinear",
        backend: str | None = None,
        output_keys: Sequence[str] | None = None,
    ) -> None:
        if (scale is None) == (size_factor is None):
            raise ValueError("Resize needs either scale or size_factor")
        if interpolation not in INTERPOLATIONS:
            raise ValueError(
                f"interpolation must be one of {', '.join(INTERPOLATIONS)}, got {interpolation!r}"
                f"{did_you_mean(interpolation, INTERPOLATIONS)}"
            )
        if backend not in (None, "cv2"):
            raise ValueError(f"backend must be 'cv2', got {backend!r}")
        if max_size is not None and size_factor is None:
            raise ValueError("max_size goes with size_factor; limit scale itself instead")
        self.keys = key_list(keys)
        self.output_keys = list(output_keys or self.keys)
        if len(self.output_keys) != len(self.keys):
            raise ValueError(f"output_keys {output_keys} and keys {keys} differ in number")
        self.scale = None if scale is None else _checked_scale(scale, keep_ratio)
        self.keep_ratio = keep_ratio
        self.size_factor = size_factor
        self.max_size = max_size
        self.interpolation = interpolation

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Resize the images.

        Raises:
            KeyError: If an image is not there.
        """
        for key, output in zip(self.keys, self.output_keys, strict=True):
            image = get(results, key, self)
            first = image[0] if isinstance(image, list) else image
            width, height, factor = self._size(*first.shape[:2])
            flag = INTERPOLATIONS[self.interpolation]
            resized = each(
                image,
                lambda one: with_channels(cv2.resize(one, (width, height), interpolation=flag)),  # noqa: B023
            )
            results[output] = resized
            shape = (resized[0] if isinstance(resized, list) else resized).shape
            results[f"{output}_shape"] = shape
            results["scale_factor"] = factor
        results["keep_ratio"] = self.keep_ratio
        results["interpolation"] = self.interpolation
        return results

    def _size(self, height: int, width: int) -> tuple[int, int, Any]:
        """Width and height to reach, and the factor or factors that lead there."""
        if self.size_factor is not None:
            limits = [
                side if self.max_size is None else min(self.max_size, side)
                for side in (width, height)
            ]
            new = [side - side % self.size_factor for side in limits]
        elif isinstance(self.scale, float):
            return int(width * self.scale + 0.5), int(height * self.scale + 0.5), self.scale
        elif self.keep_ratio:
            long, short = max(self.scale), min(self.scale)  # type: ignore[arg-type]
            factor = min(long / max(height, width), short / min(height, width))
            return int(width * factor + 0.5), int(height * factor + 0.5), factor
        else:
            new = list(self.scale)  # type: ignore[arg-type]
        return new[0], new[1], np.array([new[0] / width, new[1] / height], dtype=np.float32)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(keys={self.keys}, scale={self.scale}, "
            f"keep_ratio={self.keep_ratio}, size_factor={self.size_factor}, "
            f"interpolation={self.interpolation!r})"
        )


def _checked_scale(scale: Any, keep_ratio: bool) -> float | tuple[float, float]:
    if isinstance(scale, float):
        if scale <= 0:
            raise ValueError(f"scale must be positive, got {scale}")
        return scale
    pair = isinstance(scale, Sequence) and len(scale) == 2
    if not pair or not all(isinstance(side, int) for side in scale):
        raise TypeError(f"scale must be a float or (width, height) in pixels, got {scale!r}")
    if keep_ratio and list(scale).count(-1) == 1:
        return tuple(float("inf") if side == -1 else side for side in scale)  # type: ignore[return-value]
    if min(scale) <= 0:
        raise ValueError(f"width and height must be positive, got scale={scale}")
    return tuple(scale)  # type: ignore[return-value]
