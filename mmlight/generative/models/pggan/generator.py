"""The generator of PGGAN."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmlight.generative.models.pggan.layers import (
    SQRT_2,
    EqualizedBlock,
    EqualizedConv2d,
    EqualizedLinear,
    EqualizedUpConv2d,
    index_of_scale,
    pixel_norm,
    scales_up_to,
    width_at,
)
from mmlight.model import BaseModule
from mmlight.registry import MODELS

Noise = Tensor | Callable[..., Tensor] | None


class PGGANNoiseTo2DFeat(nn.Module):
    """Turns noise into the first feature map.

    Args:
        noise_size (int): Length of a noise vector.
        out_channels (int): Channels of the feature map.
    """

    def __init__(self, noise_size: int, out_channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1, out_channels, 1, 1))
        # The gain that a transposed convolution of 4 x 4 would have, as in the authors' program.
        self.linear = EqualizedLinear(noise_size, out_channels * 16, bias=False, gain=SQRT_2 / 4)

    def forward(self, noise: Tensor) -> Tensor:
        """Make the feature map.

        Args:
            noise (Tensor): Noise ``(N, noise_size)``, of any length: each vector is normalised.

        Returns:
            Tensor: ``(N, out_channels, 4, 4)``.
        """
        x = self.linear(pixel_norm(noise, 1e-6)).reshape(len(noise), -1, 4, 4) + self.bias
        return pixel_norm(functional.leaky_relu(x, 0.2), 1e-5)


@MODELS.register_module()
class PGGANGenerator(BaseModule):
    """Generator of PGGAN, which can be used at each of its scales.

    ``conv_blocks`` has one block for 4 x 4 pixels and two for each further scale, of which the
    first doubles the size; ``torgb_layers`` has one layer for each scale.

    Source: Karras et al., "Progressive Growing of GANs for Improved Quality, Stability, and
    Variation", ICLR 2018.

    Args:
        noise_size (int): Length of a noise vector.
        out_scale (int): Side of the largest image, pixels: 4, 8, 16, and so on.
        base_channels (int): See :func:`~mmlight.generative.models.pggan.layers.width_at`. Defaults
            to 8192.
        channel_decay (float): See there. Defaults to 1.0.
        max_channels (int): See there. Defaults to 512.
        out_channels (int): Channels of the image. Defaults to 3.

    Raises:
        ValueError: If ``out_scale`` is not 4 times a power of two.

    Example:
        >>> generator = PGGANGenerator(noise_size=8, out_scale=16, base_channels=64)
        >>> generator(None, num_batches=2).shape
        torch.Size([2, 3, 16, 16])
        >>> generator(None, num_batches=2, curr_scale=8, transition_weight=0.5).shape
        torch.Size([2, 3, 8, 8])
    """

    def __init__(
        self,
        noise_size: int,
        out_scale: int,
        base_channels: int = 8192,
        channel_decay: float = 1.0,
        max_channels: int = 512,
        out_channels: int = 3,
    ) -> None:
        super().__init__()
        self.noise_size = noise_size
        self.scales = scales_up_to(out_scale)
        widths = [
            width_at(stage, base_channels, channel_decay, max_channels)
            for stage in range(1, len(self.scales) + 1)
        ]
        self.noise2feat = PGGANNoiseTo2DFeat(noise_size, widths[0])
        self.torgb_layers = nn.ModuleList()
        self.conv_blocks = nn.ModuleList()
        for index, width in enumerate(widths):
            to_rgb = EqualizedConv2d(width, out_channels, 1, gain=1)
            self.torgb_layers.append(EqualizedBlock(to_rgb, act=False))
            if index:
                growth = EqualizedUpConv2d(widths[index - 1], width)
                self.conv_blocks.append(EqualizedBlock(growth, norm=True))
            self.conv_blocks.append(EqualizedBlock(EqualizedConv2d(width, width, 3), norm=True))

    def forward(
        self,
        noise: Noise,
        num_batches: int = 0,
        return_noise: bool = False,
        transition_weight: float = 1.0,
        curr_scale: int = -1,
    ) -> Tensor | dict[str, Tensor]:
        """Generate images.

        Args:
            noise (Tensor | Callable | None): Noise ``(N, noise_size)``, or a function that is
                given this shape, or None for noise from N(0, 1).
            num_batches (int): N, needed unless ``noise`` is a tensor. Defaults to 0.
            return_noise (bool): Also return the noise. Defaults to False.
            transition_weight (float): How far the layers of the scale have faded in, 0 to 1; the
                rest is the image of the scale before, twice as large. Defaults to 1.0.
            curr_scale (int): Side of the image, pixels. Defaults to -1, the largest.

        Returns:
            Tensor | dict: Images ``(N, out_channels, curr_scale, curr_scale)``; or a dict of them,
            ``fake_img``, and of ``noise_batch``.

        Raises:
            ValueError: If the noise has another shape, no number of images is given, or there is
                no such scale.
        """
        if not isinstance(noise, Tensor):
            if num_batches <= 0:
                raise ValueError(f"num_batches must be positive to draw noise, got {num_batches}")
            draw = torch.randn if noise is None else noise
            noise = draw((num_batches, self.noise_size))
        if noise.ndim != 2 or noise.shape[1] != self.noise_size:
            raise ValueError(f"noise must be (N, {self.noise_size}), got {tuple(noise.shape)}")
        noise = noise.to(self.noise2feat.bias.device)
        last = index_of_scale(curr_scale, self.scales)
        features = self.conv_blocks[0](self.noise2feat(noise))
        before = features
        for index in range(1, last + 1):
            before = features
            features = self.conv_blocks[2 * index](self.conv_blocks[2 * index - 1](features))
        image = self.torgb_layers[last](features)
        if last:
            small = self.torgb_layers[last - 1](before)
            fading = functional.interpolate(small, scale_factor=2, mode="nearest")
            image = fading + transition_weight * (image - fading)
        return {"fake_img": image, "noise_batch": noise} if return_noise else image
