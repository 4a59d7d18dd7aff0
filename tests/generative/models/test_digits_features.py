"""The classifier behind the Fréchet distance of digits."""

from __future__ import annotations

import pytest
import torch

from mmlight.generative.datasets import DigitsDataset
from mmlight.generative.models import DigitsFeatures


def test_it_knows_digits_that_it_was_not_trained_on() -> None:
    held_out = DigitsDataset("val")
    right = DigitsFeatures().classify(held_out.images).argmax(1) == held_out.labels
    assert right.float().mean() > 0.98


def test_it_is_frozen() -> None:
    features = DigitsFeatures()
    assert not features.training
    assert not any(p.requires_grad for p in features.parameters())


def test_colours_count_by_their_mean() -> None:
    gray = DigitsDataset("val").images[:4]
    features = DigitsFeatures()
    torch.testing.assert_close(features(gray.expand(-1, 3, -1, -1)), features(gray))


def test_other_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="32 x 32"):
        DigitsFeatures()(torch.zeros(1, 1, 28, 28))


def test_small_images_are_enlarged() -> None:
    """A growing GAN is evaluated at each of its scales; what it makes is still near a digit."""
    whole = DigitsDataset("val").images[:64].float()
    features = DigitsFeatures()
    distances = [
        (features(torch.nn.functional.avg_pool2d(whole, factor)) - features(whole)).norm()
        for factor in (8, 4, 2)
    ]
    assert distances[0] > distances[1] > distances[2] > 0
