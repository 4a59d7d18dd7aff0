"""DigitsDataset: sizes, splits and items."""

from __future__ import annotations

import pytest
import torch
from torch.utils.data import DataLoader

from mmlight.dataset import pseudo_collate
from mmlight.generative.datasets import DigitsDataset
from mmlight.registry import DATASETS


def test_splits_are_the_whole() -> None:
    whole, train, val = (DigitsDataset(split, scale=8) for split in ("all", "train", "val"))
    assert (len(whole), len(train), len(val)) == (1797, 1437, 360)
    assert torch.equal(whole.images[::5], val.images)
    rest = torch.arange(1797) % 5 != 0
    assert torch.equal(whole.images[rest], train.images)
    assert whole.labels.bincount().min() > 170


def test_items() -> None:
    dataset = DATASETS.build({"type": "DigitsDataset", "split": "val"})
    item = dataset[3]
    image = item["inputs"]["img"]
    assert (image.shape, image.dtype) == ((1, 32, 32), torch.uint8)
    assert image.max() > 200
    border = torch.ones(32, 32, dtype=torch.bool)
    border[4:28, 4:28] = False
    assert image[0][border].max() == 0
    assert item["data_samples"].gt_label.label.item() == dataset.labels[3]
    assert item["data_samples"].metainfo["sample_idx"] == 3
    assert dataset[-1]["data_samples"].gt_label.label.shape == (1,)
    assert dataset.metainfo["classes"][7] == "7"


def test_batches() -> None:
    batch = next(iter(DataLoader(DigitsDataset("val"), batch_size=4, collate_fn=pseudo_collate)))
    assert len(batch["inputs"]["img"]) == len(batch["data_samples"]) == 4


def test_transform() -> None:
    dataset = DigitsDataset("val", transform=lambda item: item["inputs"]["img"] * 0)
    assert dataset[0].max() == 0


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="train, val, all"):
        DigitsDataset("test")
    with pytest.raises(ValueError, match="scale"):
        DigitsDataset(scale=0)
