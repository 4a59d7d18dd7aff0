"""One image at many sizes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from mmlight.dataset import BaseDataset
from mmlight.fileio import get
from mmlight.generative.datasets.transforms.loading import decode
from mmlight.registry import DATASETS


@DATASETS.register_module()
class SinGANDataset(BaseDataset):
    """One image as a pyramid: each entry is the image at every scale, the smallest first.

    An entry has ``real_scale0``, ``real_scale1``, ... and ``input_sample``, zeros of the smallest
    size, all ``(H, W, 3)``.

    Source: T. R. Shaham, T. Dekel, T. Michaeli, "SinGAN: Learning a Generative Model from a Single
    Natural Image", 2019.

    Args:
        data_root (str): Path of the image.
        min_size (int): Shorter side at the smallest scale, pixels.
        max_size (int): Longer side, pixels, above which the number of scales no longer grows.
        scale_factor_init (float): The size of a scale is about this part of the next. It is
            adjusted so that the scales end at the whole image.
        pipeline (list): Transforms, or configs of them.
        num_samples (int): Number of entries, all the same. -1 stands for as many as an
            iteration-based training needs. Defaults to -1.
        shrink (bool): Whether the image is first made as small as ``max_size``, as in the paper;
            else the last scale is the whole image, as MMagic has it. Defaults to False.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no image, or the sizes or the factor give no pyramid.
    """

    def __init__(
        self,
        data_root: str,
        min_size: int,
        max_size: int,
        scale_factor_init: float,
        pipeline: list[dict[str, Any] | Callable[..., Any]],
        num_samples: int = -1,
        shrink: bool = False,
    ) -> None:
        if not 0 < scale_factor_init < 1:
            raise ValueError(f"scale_factor_init must lie between 0 and 1, got {scale_factor_init}")
        if not 0 < min_size <= max_size:
            raise ValueError(f"min_size={min_size} and max_size={max_size} give no pyramid")
        self.min_size = min_size
        self.max_size = max_size
        self.scale_factor_init = scale_factor_init
        self.num_samples = num_samples
        self.shrink = shrink
        super().__init__(data_root=data_root, pipeline=pipeline, serialize_data=False)

    def full_init(self) -> None:
        """Read the image and make the pyramid, unless that has happened."""
        if self._fully_initialized:
            return
        path = str(self.data_root)
        try:
            content = get(path)
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f"data_root: there is no file {path}; set it to the path of the image"
            ) from error
        image = decode(content, "color", path)
        if self.shrink:
            factor = min(1.0, self.max_size / max(image.shape[:2]))
            image = self._scaled(image, factor, cv2.INTER_AREA)
        self.reals = self._pyramid(image)
        entry = {f"real_scale{scale}": image for scale, image in enumerate(self.reals)}
        entry["input_sample"] = np.zeros_like(self.reals[0], dtype=np.float32)
        self.data_list = [entry]
        self._fully_initialized = True

    def _pyramid(self, image: np.ndarray) -> list[np.ndarray]:
        height, width = image.shape[:2]
        short, long, factor = min(height, width), max(height, width), self.scale_factor_init
        largest = min(self.max_size, long) / long
        # As published: one scale more than lie between min_size and max_size.
        steps = 1 + _scales_below(self.min_size / short, factor) - _scales_below(largest, factor)
        if steps < 1:
            raise ValueError(
                f"{self.data_root} of {height} x {width} pixels has no scale between "
                f"min_size={self.min_size} and max_size={self.max_size}"
            )
        self.scale_factor = (self.min_size / int(short * largest + 0.5)) ** (1 / steps)
        self.stop_scale = steps
        factors = [self.scale_factor ** (steps - scale) for scale in range(steps + 1)]
        return [self._scaled(image, one) for one in factors]

    @staticmethod
    def _scaled(
        image: np.ndarray, factor: float, interpolation: int = cv2.INTER_LINEAR
    ) -> np.ndarray:
        height, width = image.shape[:2]
        size = int(width * factor + 0.5), int(height * factor + 0.5)
        return cv2.resize(image, size, interpolation=interpolation)

    def __len__(self) -> int:
        return int(1e6) if self.num_samples < 0 else self.num_samples

    def get_data_info(self, idx: int) -> dict[str, Any]:
        """Give the pyramid."""
        return {key: image.copy() for key, image in self.data_list[0].items()}


def _scales_below(ratio: float, factor: float) -> int:
    return math.ceil(math.log(ratio, factor))
