"""Handwritten digits whose size grows with a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch.nn.functional import avg_pool2d

from mmlight.generative.datasets.digits import DigitsDataset
from mmlight.generative.datasets.grow_scale_img_dataset import by_scale
from mmlight.registry import DATASETS


@DATASETS.register_module()
class GrowScaleDigitsDataset(DigitsDataset):
    """Handwritten digits of scikit-learn at the scale that a model is at.

    :class:`~mmlight.engine.hooks.PGGANFetchDataHook` calls :meth:`update_annotations` at each new
    scale, as with :class:`GrowScaleImgDataset`, and gives the dataloader ``samples_per_gpu``.

    Args:
        split (str): See :class:`DigitsDataset`. Defaults to ``all``.
        scale (int): Side of the largest images, pixels, and of the first. Defaults to 32.
        gpu_samples_per_scale (dict, optional): Batch size of each scale on one device.
            Defaults to None.
        gpu_samples_base (int): Batch size of other scales. Defaults to 32.
        transform (Callable, optional): Called with each item. Defaults to None.

    Raises:
        TypeError: If a key is no number of pixels.
        ValueError: If the split is not known.

    Example:
        >>> dataset = GrowScaleDigitsDataset(gpu_samples_per_scale={"8": 64})
        >>> dataset.update_annotations(8), dataset.update_annotations(8)
        (True, False)
        >>> dataset[0]["inputs"]["img"].shape, dataset.samples_per_gpu
        (torch.Size([1, 8, 8]), 64)
    """

    def __init__(
        self,
        split: str = "all",
        scale: int = 32,
        gpu_samples_per_scale: dict[Any, Any] | None = None,
        gpu_samples_base: int = 32,
        transform: Callable[[dict[str, Any]], Any] | None = None,
    ) -> None:
        super().__init__(split, scale, transform)
        self.gpu_samples_per_scale = by_scale(gpu_samples_per_scale or {}, "gpu_samples_per_scale")
        self.gpu_samples_base = gpu_samples_base
        self.samples_per_gpu = gpu_samples_base
        self._largest = self.images
        self._asked_scale: int | None = None

    def update_annotations(self, curr_scale: int) -> bool:
        """Turn to images and batches of another scale.

        Args:
            curr_scale (int): The scale, pixels: a divisor of the largest.

        Returns:
            bool: Whether it is another scale, for which the dataloader has to begin anew.

        Raises:
            ValueError: If the largest images cannot be made so small.
        """
        if curr_scale == self._asked_scale:
            return False
        largest = self._largest.shape[-1]
        if largest % curr_scale:
            raise ValueError(f"digits of {largest} pixels a side cannot be made {curr_scale}")
        self._asked_scale = curr_scale
        self.samples_per_gpu = self.gpu_samples_per_scale.get(curr_scale, self.gpu_samples_base)
        smaller = avg_pool2d(self._largest.float(), largest // curr_scale)
        self.images = smaller.round().to(self._largest.dtype)
        return True
