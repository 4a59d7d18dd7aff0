"""Pieces of the two photographs that come with scikit-learn: real images without a download."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch.nn.functional import interpolate

from mmlight.dataset import BaseDataset
from mmlight.registry import DATASETS
from mmlight.registry.diagnostics import did_you_mean

PHOTOS = ("china", "flower")
SPLITS = ("train", "val", "all")
_VAL_EVERY = 4


def load_photo(name: str) -> np.ndarray:
    """Load a photograph.

    Source: ``sklearn.datasets.load_sample_image``; both by Flickr users, CC BY 2.0.

    Args:
        name (str): ``china`` or ``flower``.

    Returns:
        np.ndarray: ``(427, 640, 3)``, blue, green, red, uint8.

    Raises:
        ImportError: If scikit-learn is not installed.
        ValueError: If the name is not known.

    Example:
        >>> load_photo("china").shape
        (427, 640, 3)
    """
    if name not in PHOTOS:
        raise ValueError(
            f"photo must be one of {', '.join(PHOTOS)}, got {name!r}{did_you_mean(name, PHOTOS)}"
        )
    try:
        from sklearn import datasets
    except ImportError as error:
        raise ImportError("photographs come with scikit-learn: pip install scikit-learn") from error
    return np.ascontiguousarray(datasets.load_sample_image(f"{name}.jpg")[..., ::-1])


@DATASETS.register_module()
class PhotoPatchesDataset(BaseDataset):
    """Square pieces of the photographs, and the same made smaller.

    An entry has ``gt`` ``(size, size, 3)``, ``img``, the same piece of the photograph made smaller,
    ``scale``, and ``gt_path``, a name. Photographs are made smaller by bicubic interpolation with a
    kernel as wide as ``scale`` asks for, as DIV2K's are. Every fourth piece is for ``val``.

    Args:
        split (str): ``train``, ``val`` or ``all``. Defaults to ``all``.
        photos (Sequence[str]): Of ``china`` and ``flower``. Defaults to both.
        size (int): Side of a piece, pixels. Defaults to 64.
        scale (int): How many times smaller ``img`` is. Defaults to 2.
        pipeline (list): Transforms, or configs of them. Defaults to none.
        test_mode (bool): As in :class:`~mmlight.dataset.BaseDataset`. Defaults to False.

    Raises:
        ValueError: If a name is not known or the sizes do not fit.

    Example:
        >>> patches = PhotoPatchesDataset("val", ["china"], size=96, scale=2)
        >>> len(patches), patches[0]["img"].shape, patches[0]["gt"].shape
        (6, (48, 48, 3), (96, 96, 3))
    """

    METAINFO = {"dataset_type": "photo_patches", "task_name": "sisr"}

    def __init__(
        self,
        split: str = "all",
        photos: Sequence[str] = PHOTOS,
        size: int = 64,
        scale: int = 2,
        pipeline: list[dict[str, Any] | Callable[..., Any]] = [],  # noqa: B006
        test_mode: bool = False,
    ) -> None:
        if split not in SPLITS:
            raise ValueError(f"split must be one of {', '.join(SPLITS)}, got {split!r}")
        if scale < 1 or size < 1 or size % scale:
            raise ValueError(f"size={size} must be a positive multiple of scale={scale}")
        self.split = split
        self.scale = scale
        self.size = size
        self.photos = {name: load_photo(name) for name in photos}
        self._small = {name: _smaller(photo, scale) for name, photo in self.photos.items()}
        super().__init__(pipeline=pipeline, test_mode=test_mode, serialize_data=False)

    def load_data_list(self) -> list[dict[str, Any]]:
        """Say where the pieces lie."""
        places = [
            {"photo": name, "top": top, "left": left}
            for name, photo in self.photos.items()
            for top in range(0, photo.shape[0] - self.size + 1, self.size)
            for left in range(0, photo.shape[1] - self.size + 1, self.size)
        ]
        if self.split == "all":
            return places
        held_out = self.split == "val"
        return [place for i, place in enumerate(places) if (i % _VAL_EVERY == 0) == held_out]

    def cut(self, place: dict[str, Any]) -> np.ndarray:
        """Cut a piece out of its photograph.

        Args:
            place (dict): The photograph and the corner.

        Returns:
            np.ndarray: ``(size, size, 3)``, blue, green, red.
        """
        top, left = place["top"], place["left"]
        result: np.ndarray = self.photos[place["photo"]][
            top : top + self.size, left : left + self.size
        ].copy()
        return result

    def get_data_info(self, idx: int) -> dict[str, Any]:
        """Cut a piece out.

        Returns:
            dict: The piece and the same made smaller.
        """
        place = super().get_data_info(idx)
        photo, top, left = place["photo"], place["top"], place["left"]
        return {
            "gt": _piece(self.photos[photo], top, left, self.size),
            "img": _piece(self._small[photo], *(n // self.scale for n in (top, left, self.size))),
            "scale": self.scale,
            "gt_path": f"{photo}_{top}_{left}.png",
            "sample_idx": place["sample_idx"],
        }


def _piece(photo: np.ndarray, top: int, left: int, side: int) -> np.ndarray:
    result: np.ndarray = photo[top : top + side, left : left + side].copy()
    return result


def _smaller(photo: np.ndarray, scale: int) -> np.ndarray:
    """Make a photograph smaller, without the rows and columns that ``scale`` does not divide."""
    height, width = (side // scale * scale for side in photo.shape[:2])
    pixels = torch.from_numpy(photo[:height, :width]).permute(2, 0, 1)[None].float()
    size = (height // scale, width // scale)
    small = interpolate(pixels, size, mode="bicubic", antialias=True)
    return small[0].round().clamp(0, 255).byte().permute(1, 2, 0).contiguous().numpy()
