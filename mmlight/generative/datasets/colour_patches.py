"""Pieces of two photographs in grey and in colour."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np

from mmlight.generative.datasets.photo_patches import PHOTOS, PhotoPatchesDataset
from mmlight.registry import DATASETS


@DATASETS.register_module()
class ColourPatchesDataset(PhotoPatchesDataset):
    """Square pieces of the photographs in grey and in colour, as pairs or not.

    An entry has ``img_grey`` and ``img_colour``, both ``(size, size, 3)``, red, green, blue, and
    ``gt_path``, a name. Without pairs every second piece is there in grey alone and the others in
    colour alone, of which each entry gets any.

    Args:
        split (str): ``train``, ``val`` or ``all``. Defaults to ``all``.
        photos (Sequence[str]): Of ``china`` and ``flower``. Defaults to both.
        size (int): Side of a piece, pixels. Defaults to 64.
        paired (bool): Whether the two show the same piece. Defaults to True.
        pipeline (list): Transforms, or configs of them. Defaults to none.
        test_mode (bool): As in :class:`~mmlight.dataset.BaseDataset`. Defaults to False.

    Raises:
        ValueError: If a name is not known or the size does not fit.

    Example:
        >>> pairs = ColourPatchesDataset("val")
        >>> len(pairs), pairs[0]["img_grey"].shape, pairs[0]["gt_path"]
        (30, (64, 64, 3), 'china_0_0.png')
        >>> len(ColourPatchesDataset("train", paired=False))
        45
    """

    METAINFO = {"dataset_type": "colour_patches", "task_name": "colorization"}

    def __init__(
        self,
        split: str = "all",
        photos: Sequence[str] = PHOTOS,
        size: int = 64,
        paired: bool = True,
        pipeline: list[dict[str, Any] | Callable[..., Any]] = [],  # noqa: B006
        test_mode: bool = False,
    ) -> None:
        self.paired = paired
        self.coloured: list[dict[str, Any]] = []
        super().__init__(split, photos, size, scale=1, pipeline=pipeline, test_mode=test_mode)

    def load_data_list(self) -> list[dict[str, Any]]:
        places = super().load_data_list()
        if self.paired:
            return places
        self.coloured = places[1::2]
        return places[::2]

    def get_data_info(self, idx: int) -> dict[str, Any]:
        """Cut a piece out, or two."""
        entry = super().get_data_info(idx)
        grey = colour = entry["gt"]
        if not self.paired:
            colour = self.cut(self.coloured[np.random.randint(len(self.coloured))])
        grey = cv2.cvtColor(grey, cv2.COLOR_BGR2GRAY)
        return {
            "img_grey": np.stack([grey] * 3, axis=-1),
            "img_colour": cv2.cvtColor(colour, cv2.COLOR_BGR2RGB),
            "gt_path": entry["gt_path"],
            "sample_idx": entry["sample_idx"],
        }
