"""Pieces of photographs and their small counterparts are those of bicubic downsampling."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mmlight.generative.datasets import PhotoPatchesDataset, load_photo
from mmlight.generative.evaluation import PSNR


def test_small_pieces_are_what_pillow_makes_of_the_photograph() -> None:
    photo = load_photo("china")[:426]
    small = np.asarray(Image.fromarray(photo).resize((320, 213), Image.Resampling.BICUBIC))
    for entry in PhotoPatchesDataset("val", ["china"], size=64, scale=2):
        _, top, left = entry["gt_path"].removesuffix(".png").split("_")
        expected = small[int(top) // 2 :, int(left) // 2 :][:32, :32].astype(int)
        # Pillow rounds after each direction.
        assert np.abs(entry["img"] - expected).max() <= 2


@pytest.mark.parametrize(("photo", "expected"), [("china", 33.0), ("flower", 43.2)])
def test_what_super_resolution_has_to_beat(photo: str, expected: float) -> None:
    """The figure that docs and configs name: bicubic interpolation of the held-out pieces."""
    metric = PSNR(crop_border=2)
    pieces = PhotoPatchesDataset("val", [photo], size=64, scale=2)
    for entry in pieces:
        made = Image.fromarray(entry["img"]).resize((64, 64), Image.Resampling.BICUBIC)
        images = {"gt_img": entry["gt"], "pred_img": np.asarray(made)}
        metric.process(None, [{key: value.transpose(2, 0, 1) for key, value in images.items()}])
    assert metric.evaluate(len(pieces))["PSNR"] == pytest.approx(expected, abs=0.3)
