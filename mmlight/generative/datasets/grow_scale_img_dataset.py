"""Images whose size grows with a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mmlight.dataset import BaseDataset
from mmlight.fileio import list_from_file
from mmlight.generative.datasets.image_files import join, list_images
from mmlight.logging import print_log
from mmlight.registry import DATASETS


@DATASETS.register_module()
class GrowScaleImgDataset(BaseDataset):
    """Images of several sizes, of which those are read that fit the scale that a model is at.

    :class:`~mmlight.engine.hooks.PGGANFetchDataHook` calls :meth:`update_annotations` at each new
    scale and gives the dataloader ``samples_per_gpu``. An entry has ``gt_path``.

    Source: T. Karras, T. Aila, S. Laine, J. Lehtinen, "Progressive Growing of GANs for Improved
    Quality, Stability, and Variation", 2018.

    Args:
        data_roots (dict): For a scale (pixels, as a string) the folder of its images. A scale
            without one reads those of the next larger scale that has one, the last those of the
            largest.
        pipeline (list): Transforms, or configs of them.
        len_per_stage (int): Entries at each scale: the images are cut down or repeated. -1 stands
            for as many as there are. Defaults to 1,000,000.
        gpu_samples_per_scale (dict, optional): Batch size of each scale on one device.
            Defaults to None.
        gpu_samples_base (int): Batch size of other scales. Defaults to 32.
        io_backend (str, optional): Name of the storage's backend. Defaults to None, the one that
            the folders tell.
        file_lists (dict, optional): For a scale the file that lists its images, a name
            a line. Defaults to None, the folder is searched.
        test_mode (bool): As in :class:`~mmlight.dataset.BaseDataset`. Defaults to False.

    Raises:
        FileNotFoundError: If a folder is missing or without images.
        TypeError: If a key is no number of pixels.
        ValueError: If ``data_roots`` is empty, or ``file_lists`` has another scale.
    """

    def __init__(
        self,
        data_roots: dict[Any, Any],
        pipeline: list[dict[str, Any] | Callable[..., Any]],
        len_per_stage: int = int(1e6),
        gpu_samples_per_scale: dict[Any, Any] | None = None,
        gpu_samples_base: int = 32,
        io_backend: str | None = None,
        file_lists: dict[Any, Any] | None = None,
        test_mode: bool = False,
    ) -> None:
        if not data_roots:
            raise ValueError("data_roots names no folder: give one for at least one scale")
        self.data_roots = by_scale(data_roots, "data_roots")
        self.file_lists = by_scale(file_lists or {}, "file_lists")
        if unknown := set(self.file_lists) - set(self.data_roots):
            raise ValueError(f"file_lists has scales without a folder: {sorted(unknown)}")
        self.gpu_samples_per_scale = by_scale(gpu_samples_per_scale or {}, "gpu_samples_per_scale")
        self.gpu_samples_base = gpu_samples_base
        self.samples_per_gpu = gpu_samples_base
        self.len_per_stage = len_per_stage
        self.backend_args = None if io_backend is None else {"backend": io_backend}
        self._scale = min(self.data_roots)
        self._asked_scale: int | None = None
        super().__init__(pipeline=pipeline, test_mode=test_mode, serialize_data=False)

    def load_data_list(self) -> list[dict[str, Any]]:
        """Find the images of the present scale.

        Raises:
            FileNotFoundError: If a folder is missing or without images.
        """
        folder = self.data_roots[self._scale]
        if self._scale in self.file_lists:
            names = list_from_file(self.file_lists[self._scale], backend_args=self.backend_args)
        else:
            names = list_images(folder, backend_args=self.backend_args, argument="data_roots")
        entries = [{"gt_path": join(folder, name, self.backend_args)} for name in names]
        if self.len_per_stage > 0:
            entries = (entries * -(-self.len_per_stage // len(entries)))[: self.len_per_stage]
        return entries

    def update_annotations(self, curr_scale: int) -> bool:
        """Turn to the images and the batch size of another scale.

        Args:
            curr_scale (int): The scale, pixels.

        Returns:
            bool: Whether it is another scale, for which the dataloader has to begin anew.
        """
        if curr_scale == self._asked_scale:
            return False
        self._asked_scale = curr_scale
        larger = [scale for scale in self.data_roots if scale >= curr_scale]
        scale = min(larger, default=max(self.data_roots))
        self.samples_per_gpu = self.gpu_samples_per_scale.get(curr_scale, self.gpu_samples_base)
        if scale != self._scale:
            self._scale = scale
            self.data_list = self.load_data_list()
        print_log(
            f"{type(self).__name__} at scale {curr_scale}: {len(self)} entries of "
            f"{self.data_roots[scale]}, batches of {self.samples_per_gpu}",
            "current",
        )
        return True


def by_scale(given: dict[Any, Any], name: str) -> dict[int, Any]:
    """Turn the keys of a setting into pixels.

    Args:
        given (dict): Anything by scale; scales are numbers or strings of them.
        name (str): What the setting is called, for the error.

    Returns:
        dict: The same by number of pixels.

    Raises:
        TypeError: If a key is no number.

    Example:
        >>> by_scale({"4": 64, "8": 32}, "gpu_samples_per_scale")
        {4: 64, 8: 32}
    """
    try:
        return {int(scale): value for scale, value in given.items()}
    except ValueError:
        raise TypeError(
            f"keys of {name} must be pixels, got {', '.join(map(str, given))}"
        ) from None
