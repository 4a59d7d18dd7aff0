"""Handwritten digits that come with scikit-learn: real images without a download."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate, pad
from torch.utils.data import Dataset

from mmlight.generative.datasets.data_sample import DataSample
from mmlight.registry import DATASETS

SPLITS = ("train", "val", "all")
_VAL_EVERY = 5


def load_digits(scale: int = 32) -> tuple[Tensor, Tensor]:
    """Load the 1,797 digits, enlarged, with an empty margin of an eighth of the side.

    Source: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine
    Learning Repository, 1998, as scikit-learn ships it (8 x 8 pixels, 17 grey levels).

    Args:
        scale (int): Side of an image, pixels. Defaults to 32.

    Returns:
        tuple: Images ``(1797, 1, scale, scale)``, uint8, 0 to 255, and labels ``(1797,)``, int64.

    Raises:
        ImportError: If scikit-learn is not installed.
        ValueError: If ``scale`` is not positive.

    Example:
        >>> images, labels = load_digits(16)
        >>> images.shape, labels[:4].tolist()
        (torch.Size([1797, 1, 16, 16]), [0, 1, 2, 3])
    """
    if scale < 1:
        raise ValueError(f"scale must be a positive number of pixels, got {scale}")
    try:
        from sklearn import datasets
    except ImportError as error:
        raise ImportError("the digits come with scikit-learn: pip install scikit-learn") from error
    digits = datasets.load_digits()
    small = torch.from_numpy(digits.images).float().unsqueeze(1) * (255 / 16)
    margin = scale // 8
    size = scale - 2 * margin
    images = interpolate(small, size=(size, size), mode="bicubic", align_corners=False)
    images = pad(images, (margin, margin, margin, margin))
    return images.round().clamp(0, 255).to(torch.uint8), torch.from_numpy(digits.target).long()


@DATASETS.register_module()
class DigitsDataset(Dataset[Any]):
    """Handwritten digits of scikit-learn, one channel, enlarged, with a margin.

    Every fifth image is in the ``val`` split, the others are in ``train``.

    Args:
        split (str): ``train`` (1,437 images), ``val`` (360) or ``all`` (1,797).
            Defaults to ``all``.
        scale (int): Side of an image, pixels. Defaults to 32.
        transform (Callable, optional): Called with each item. Defaults to None.

    Raises:
        ValueError: If the split is not known.

    Example:
        >>> dataset = DigitsDataset("val", scale=16)
        >>> len(dataset), dataset[0]["inputs"]["img"].shape, dataset[0]["inputs"]["img"].dtype
        (360, torch.Size([1, 16, 16]), torch.uint8)
    """

    METAINFO = {"dataset_type": "digits", "classes": tuple("0123456789")}

    def __init__(
        self,
        split: str = "all",
        scale: int = 32,
        transform: Callable[[dict[str, Any]], Any] | None = None,
    ) -> None:
        if split not in SPLITS:
            raise ValueError(f"split must be one of {', '.join(SPLITS)}, got {split!r}")
        images, labels = load_digits(scale)
        if split != "all":
            held_out = torch.arange(len(labels)) % _VAL_EVERY == 0
            chosen = held_out if split == "val" else ~held_out
            images, labels = images[chosen], labels[chosen]
        self.images, self.labels = images, labels
        self.transform = transform

    @property
    def metainfo(self) -> dict[str, Any]:
        """dict: Name of the dataset and of its classes."""
        return dict(self.METAINFO)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Any:
        sample = DataSample(metainfo={"sample_idx": index})
        sample.set_gt_label(self.labels[index])
        item = {"inputs": {"img": self.images[index]}, "data_samples": sample}
        return item if self.transform is None else self.transform(item)
