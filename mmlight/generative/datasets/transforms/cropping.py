"""Cut pieces out of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mmlight.generative.datasets.transforms.base import BaseTransform, each, get, key_list
from mmlight.registry import TRANSFORMS


@TRANSFORMS.register_module()
class Crop(BaseTransform):
    """Cuts out a piece of a size, at random or in the middle, of each image on its own.

    An image that is smaller stays as large as it is, unless ``is_pad_zeros``. Adds
    ``<key>_crop_bbox`` ``[left, top, width, height]`` and ``crop_size``.

    Args:
        keys (str | Sequence[str]): The images ``(H, W, C)``, or lists of them.
        crop_size (tuple[int, int]): ``(height, width)`` in pixels.
        random_crop (bool): Whether the place is drawn. Defaults to True.
        is_pad_zeros (bool): Whether smaller images get a border of zeros. Defaults to False.

    Raises:
        TypeError: If the size is not a pair of integers.

    Example:
        >>> import numpy as np
        >>> Crop("gt", (4, 4), random_crop=False)({"gt": np.zeros((8, 6, 3))})["gt_crop_bbox"]
        [1, 2, 4, 4]
    """

    draws_for_each = True  # as MMagic's

    def __init__(
        self,
        keys: str | Sequence[str],
        crop_size: tuple[int, int],
        random_crop: bool = True,
        is_pad_zeros: bool = False,
    ) -> None:
        self.keys = key_list(keys)
        self.crop_size = _checked_size(crop_size)
        self.random_crop = random_crop
        self.is_pad_zeros = is_pad_zeros

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Cut the images.

        Raises:
            KeyError: If an image is not there.
        """
        for key in self.keys:
            image = get(results, key, self)
            if self.is_pad_zeros:
                image = each(image, self._pad)
            height, width = _size(image)
            rows, columns = min(self.crop_size[0], height), min(self.crop_size[1], width)
            if self.random_crop:
                left = np.random.randint(0, width - columns + 1)
                top = np.random.randint(0, height - rows + 1)
            else:
                left, top = max(0, width - columns) // 2, max(0, height - rows) // 2
            results[key] = _cut(image, left, top, columns, rows)
            results[f"{key}_crop_bbox"] = [left, top, columns, rows]
        results["crop_size"] = self.crop_size
        return results

    def _pad(self, image: np.ndarray) -> np.ndarray:
        """Put a smaller image into the middle of zeros."""
        missing = (max(0, w - s) for w, s in zip(self.crop_size, image.shape[:2], strict=True))
        border = [(-(-side // 2),) * 2 for side in missing]
        return np.pad(image, [*border, *[(0, 0)] * (image.ndim - 2)])

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(keys={self.keys}, crop_size={self.crop_size}, "
            f"random_crop={self.random_crop})"
        )


@TRANSFORMS.register_module()
class FixedCrop(BaseTransform):
    """Cuts the same piece out of several images: at a place, or at one drawn for all of them.

    Adds ``<key>_crop_bbox`` ``[left, top, width, height]``, ``crop_size`` and ``crop_pos``.

    Args:
        keys (str | Sequence[str]): The images ``(H, W, C)`` of one size, or lists of them.
        crop_size (tuple[int, int]): ``(height, width)`` in pixels.
        crop_pos (tuple[int, int], optional): ``(left, top)`` in pixels. Defaults to None, drawn
            for each entry.

    Raises:
        TypeError: If the size or the place is not a pair of integers.

    Example:
        >>> import numpy as np
        >>> crop = FixedCrop(["a", "b"], (2, 3), crop_pos=(1, 0))
        >>> crop({"a": np.zeros((4, 4, 3)), "b": np.ones((4, 4, 1))})["b"].shape
        (2, 3, 1)
    """

    draws_for_each = True  # as MMagic's

    def __init__(
        self,
        keys: str | Sequence[str],
        crop_size: tuple[int, int],
        crop_pos: tuple[int, int] | None = None,
    ) -> None:
        self.keys = key_list(keys)
        self.crop_size = _checked_size(crop_size)
        self.crop_pos = None if crop_pos is None else _checked_size(crop_pos, "crop_pos")

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Cut the images.

        Raises:
            KeyError: If an image is not there.
            ValueError: If the images differ in size.
        """
        images = {key: get(results, key, self) for key in self.keys}
        sizes = {key: _size(image) for key, image in images.items()}
        if len(set(sizes.values())) > 1:
            raise ValueError(f"FixedCrop needs images of one size (height, width), got {sizes}")
        height, width = next(iter(sizes.values()))
        rows, columns = min(self.crop_size[0], height), min(self.crop_size[1], width)
        if self.crop_pos is None:
            left = np.random.randint(0, width - columns + 1)
            top = np.random.randint(0, height - rows + 1)
        else:
            left, top = self.crop_pos
            columns, rows = min(columns, width - left), min(rows, height - top)
            if columns <= 0 or rows <= 0:
                raise ValueError(
                    f"crop_pos={self.crop_pos} lies outside an image of {height} x {width}"
                )
        for key, image in images.items():
            results[key] = _cut(image, left, top, columns, rows)
            results[f"{key}_crop_bbox"] = [left, top, columns, rows]
        results["crop_size"] = self.crop_size
        results["crop_pos"] = self.crop_pos
        return results

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(keys={self.keys}, crop_size={self.crop_size}, "
            f"crop_pos={self.crop_pos})"
        )


@TRANSFORMS.register_module()
class PairedRandomCrop(BaseTransform):
    """Cuts the same square, at random, out of a small image and its large counterpart.

    ``results["scale"]`` says how many times larger the large image is.

    Args:
        gt_patch_size (int): Side of the square in the large image, pixels.
        lq_key (str): The small image ``(h, w, C)``, or a list of them. Defaults to ``img``.
        gt_key (str): The large image ``(H, W, C)``, or a list of them. Defaults to ``gt``.

    Example:
        >>> import numpy as np
        >>> pair = {"img": np.zeros((8, 8, 3)), "gt": np.zeros((16, 16, 3)), "scale": 2}
        >>> PairedRandomCrop(8)(pair)["img"].shape
        (4, 4, 3)
    """

    def __init__(self, gt_patch_size: int, lq_key: str = "img", gt_key: str = "gt") -> None:
        if not isinstance(gt_patch_size, int) or gt_patch_size < 1:
            raise ValueError(f"gt_patch_size must be a positive number, got {gt_patch_size!r}")
        self.gt_patch_size = gt_patch_size
        self.lq_key = lq_key
        self.gt_key = gt_key

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Cut both images.

        Raises:
            KeyError: If an image or ``scale`` is not there.
            ValueError: If the large image is not ``scale`` times larger, the small one is smaller
                than its piece, or the sizes of the pieces do not fit.
        """
        scale, small, large = (
            get(results, key, self) for key in ("scale", self.lq_key, self.gt_key)
        )
        (height, width), size_of_large = _size(small), _size(large)
        if size_of_large != (height * scale, width * scale):
            raise ValueError(
                f"{self.gt_key} {size_of_large} (height, width) is not {scale} times "
                f"{self.lq_key} {(height, width)}{_where(results, self.gt_key)}"
            )
        side = self.gt_patch_size // scale
        if min(height, width) < side:
            raise ValueError(
                f"{self.lq_key} {(height, width)} is smaller than a piece of {side} pixels"
                f"{_where(results, self.lq_key)}"
            )
        top = np.random.randint(height - side + 1)
        left = np.random.randint(width - side + 1)
        results[self.lq_key] = _cut(small, left, top, side, side)
        patch = self.gt_patch_size
        results[self.gt_key] = _cut(large, left * scale, top * scale, patch, patch)
        return results

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(gt_patch_size={self.gt_patch_size}, "
            f"lq_key={self.lq_key!r}, gt_key={self.gt_key!r})"
        )


def _checked_size(size: Any, name: str = "crop_size") -> tuple[int, int]:
    pair = isinstance(size, Sequence) and len(size) == 2
    if not pair or not all(isinstance(side, int) and side >= 0 for side in size):
        raise TypeError(f"{name} must be a pair of integers, got {size!r}")
    return tuple(size)  # type: ignore[return-value]


def _size(image: Any) -> tuple[int, int]:
    result: tuple[int, int] = (image[0] if isinstance(image, list) else image).shape[:2]
    return result


def _cut(image: Any, left: int, top: int, columns: int, rows: int) -> Any:
    return each(image, lambda one: one[top : top + rows, left : left + columns, ...])


def _where(results: dict[str, Any], key: str) -> str:
    return f": {results[f'{key}_path']}" if f"{key}_path" in results else ""
