"""Datasets of bundled images for configs: pieces in grey and colour, digits that grow."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmlight.generative.datasets import (
    ColourPatchesDataset,
    DigitsDataset,
    GrowScaleDigitsDataset,
    load_photo,
)
from mmlight.generative.models import ColourStatistics


def test_pairs_show_the_same_piece() -> None:
    pairs = ColourPatchesDataset("val")
    entry = pairs[1]
    name, top, left = entry["gt_path"].removesuffix(".png").split("_")
    piece = load_photo(name)[int(top) : int(top) + 64, int(left) : int(left) + 64, ::-1]
    assert np.array_equal(entry["img_colour"], piece)
    luma = piece @ np.array([0.299, 0.587, 0.114])
    assert np.abs(entry["img_grey"] - luma[..., None]).max() <= 1


def test_without_pairs_no_piece_is_there_in_both_domains() -> None:
    pairs, single = ColourPatchesDataset("train"), ColourPatchesDataset("train", paired=False)
    in_colour = {pairs[i]["img_colour"].tobytes(): i for i in range(len(pairs))}
    in_grey = {pairs[i]["img_grey"].tobytes(): i for i in range(len(pairs))}
    np.random.seed(0)
    entries = [single[i] for i in range(len(single))]
    greys = {in_grey[entry["img_grey"].tobytes()] for entry in entries}
    colours = {in_colour[entry["img_colour"].tobytes()] for entry in entries}
    assert len(greys) == 45 and len(colours) > 20
    assert not greys & colours


def test_digits_grow() -> None:
    digits = GrowScaleDigitsDataset("val", gpu_samples_per_scale={8: 64}, gpu_samples_base=16)
    largest = DigitsDataset("val").images
    assert torch.equal(digits[5]["inputs"]["img"], largest[5])
    assert digits.update_annotations(8) and digits.samples_per_gpu == 64
    image = digits[5]["inputs"]["img"]
    expected = largest[5].reshape(1, 8, 4, 8, 4).float().mean((2, 4)).round()
    assert image.dtype == torch.uint8 and torch.equal(image.float(), expected)
    assert digits.update_annotations(32) and digits.samples_per_gpu == 16
    assert torch.equal(digits[5]["inputs"]["img"], largest[5])
    with pytest.raises(ValueError, match="cannot be made 24"):
        digits.update_annotations(24)


def test_colour_statistics() -> None:
    images = torch.zeros(1, 3, 2, 2, dtype=torch.uint8)
    images[0, :, 0] = torch.tensor([200, 100, 50], dtype=torch.uint8)[:, None]
    found = ColourStatistics()(images)[0]
    half = torch.tensor([350 / 3, 100, 100]) / 2  # half of the pixels have the colour
    torch.testing.assert_close(found, torch.cat((half, half)))
    with pytest.raises(ValueError, match="N, 3, H, W"):
        ColourStatistics()(images[:, :1])
