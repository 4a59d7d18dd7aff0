"""Discriminators say which size of images they were made for."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmlight.generative.models import (
    DCGANDiscriminator,
    PGGANDiscriminator,
    StyleGAN2Discriminator,
    WGANGPDiscriminator,
)


@pytest.mark.parametrize(
    "network",
    [
        DCGANDiscriminator(16, 4, 1, base_channels=4),
        PGGANDiscriminator(16, max_channels=8),
        StyleGAN2Discriminator(16, max_channels=8),
        WGANGPDiscriminator(3, 16, max_channels=8),
    ],
    ids=lambda network: type(network).__name__,
)
def test_images_of_another_size_are_refused_with_both(network: nn.Module) -> None:
    with pytest.raises(ValueError, match=r"16 x 16 pixels.*got \(2, 3, 32, 32\)"):
        network(torch.zeros(2, 3, 32, 32))
