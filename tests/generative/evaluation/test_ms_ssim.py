"""MS_SSIM: mmagic's values, torchmetrics' values, which images make pairs, its errors."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torchmetrics.functional.image import multiscale_structural_similarity_index_measure

from mmlight.generative.evaluation import MS_SSIM
from mmlight.generative.evaluation.ms_ssim import ms_ssim


def noise(count: int, channels: int, size: int, seed: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, channels, size, size, generator=generator) * 255


def alike(count: int, size: int, seed: int = 1) -> torch.Tensor:
    """Smooth images with some noise."""
    smooth = F.interpolate(noise(1, 3, 8, seed), size=(size, size), mode="bilinear")
    return (smooth + 0.1 * noise(count, 3, size, seed + 1)).clamp(0, 255)


def measured(images: torch.Tensor, batch_size: int = 4) -> float:
    metric = MS_SSIM(len(images), prefix="x")
    for chunk in images.split(batch_size):
        metric.process(None, [{"fake_img": image} for image in chunk])
    return metric.evaluate()["x/avg"]


def test_values_of_mmagic() -> None:
    """What mmagic 1.2.0 says of four images of noise, to the decimals that it gives."""
    assert measured(noise(4, 3, 64)) == pytest.approx(0.1026, abs=6e-5)


def test_values_of_torchmetrics_where_it_has_them() -> None:
    images = alike(4, 192)
    theirs = multiscale_structural_similarity_index_measure(
        images[0::2], images[1::2], data_range=255.0, normalize="relu", reduction="none"
    )
    torch.testing.assert_close(
        ms_ssim(images[0::2], images[1::2]).float(), theirs, rtol=1e-4, atol=0
    )


def test_an_image_and_its_negative_are_not_alike() -> None:
    image = alike(1, 32)[0]
    assert measured(torch.stack([image, 255 - image])) == 0


@pytest.mark.parametrize("batch_size", [1, 3, 4, 8])
def test_neighbours_are_pairs_whatever_the_batches(batch_size: int) -> None:
    images = torch.cat([alike(2, 32, seed) for seed in range(4)])
    expected = ms_ssim(images[0::2], images[1::2]).mean().item()
    assert 0.5 < expected < 1
    assert measured(images, batch_size) == pytest.approx(expected, rel=1e-9)


def test_only_as_many_as_wanted_count() -> None:
    metric = MS_SSIM(2, prefix="x")
    for _ in range(2):  # nothing is left of an evaluation
        image = alike(1, 32)[0]
        metric.process(None, [{"fake_img": one} for one in (image, image, 0 * image)])
        assert metric.evaluate()["x/avg"] == pytest.approx(1)


def test_bad_input() -> None:
    with pytest.raises(ValueError, match="odd"):
        MS_SSIM(3)
    with pytest.raises(ValueError, match="need_cond_input"):
        MS_SSIM(2, need_cond_input=True)
    metric = MS_SSIM(2)
    with pytest.raises(ValueError, match="at least 16 pixels"):
        metric.process(None, [{"fake_img": image} for image in noise(2, 3, 8)])
