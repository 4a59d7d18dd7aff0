"""The convolutions of StyleGAN2's generator, whose weights a style modulates."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor

from mmlight.generative.models.stylegan2.layers import (
    HALF_LIMIT,
    BiasLeakyReLU,
    Blur,
    EqualLinear,
    equalized_scale,
    precision,
)


class ModulatedConv(nn.Module):
    """A convolution whose weights are scaled by a style, then to unit length.

    Source: Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", CVPR 2020,
    section 2.2.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        kernel_size (int): Side of the kernel, pixels, odd.
        style_channels (int): Features of a style.
        demodulate (bool): Whether weights are scaled to unit length. Defaults to True.
        upsample (bool): Whether height and width double. Defaults to False.
        blur_kernel (Sequence[float]): The filter after doubling. Defaults to ``(1, 3, 3, 1)``.
        half (bool): Whether to compute in half precision. Defaults to False.

    Example:
        >>> conv = ModulatedConv(2, 3, 3, style_channels=4, upsample=True)
        >>> conv(torch.zeros(1, 2, 8, 8), torch.zeros(1, 4)).shape
        torch.Size([1, 3, 16, 16])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        style_channels: int,
        demodulate: bool = True,
        upsample: bool = False,
        blur_kernel: Sequence[float] = (1, 3, 3, 1),
        half: bool = False,
    ) -> None:
        super().__init__()
        self.style_modulation = EqualLinear(style_channels, in_channels, bias=1.0)
        self.weight_orig = nn.Parameter(
            torch.randn(1, out_channels, in_channels, kernel_size, kernel_size)
        )
        self.scale = equalized_scale(in_channels * kernel_size**2)
        self.demodulate = demodulate
        self.upsample = upsample
        self.half_precision = half
        self.padding = kernel_size // 2
        if upsample:
            # The transposed convolution gives kernel_size - 2 pixels more than twice as many.
            extra = len(blur_kernel) - 2 - (kernel_size - 1)
            self.blur = Blur(blur_kernel, ((extra + 1) // 2 + 1, extra // 2 + 1), gain=2)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """Convolve feature maps.

        Args:
            x (Tensor): ``(N, in_channels, H, W)``.
            style (Tensor): ``(N, style_channels)``.

        Returns:
            Tensor: ``(N, out_channels, H, W)``, or with twice the height and width.
        """
        n, _, h, w = x.shape
        # All images at once: a group of channels is an image.
        weight, x = self._weights(style).flatten(0, 1), x.reshape(1, -1, h, w)
        if not self.upsample:
            x = F.conv2d(x, weight, padding=self.padding, groups=n)
            return x.reshape(n, -1, h, w)
        # From the flat weight, whose gradient is then summed in the order of memory, as MMagic's.
        weight = weight.unflatten(0, (n, -1)).transpose(1, 2).flatten(0, 1)
        x = F.conv_transpose2d(x, weight, stride=2, groups=n)
        result: Tensor = self.blur(x.reshape(n, -1, *x.shape[2:]))
        return result

    def _weights(self, style: Tensor) -> Tensor:
        """Give each image its weights, ``(N, out_channels, in_channels, k, k)``."""
        weight: Tensor = self.weight_orig * self.scale
        if self.half_precision and self.demodulate:
            # The largest number is one, lest sums of squares overflow. That it is the largest of
            # a kernel's column, not of an output channel, is MMagic's way: its weights need it.
            weight = weight * (self.scale / weight.norm(math.inf, dim=(1, 2, 3), keepdim=True))
            style = style / style.norm(math.inf, dim=1, keepdim=True)
        weight = weight * self.style_modulation(style)[:, None, :, None, None]
        if self.demodulate:
            length = weight.pow(2).sum((2, 3, 4)) + 1e-8
            weight = weight * torch.rsqrt(length)[:, :, None, None, None]
        return weight


class NoiseInjection(nn.Module):
    """Adds noise, one number a pixel, by a strength that is learned."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor, noise: Tensor | None = None) -> Tensor:
        """Add noise to feature maps.

        Args:
            x (Tensor): ``(N, C, H, W)``.
            noise (Tensor, optional): ``(N or 1, 1, H, W)``. Defaults to None: from N(0, 1).

        Returns:
            Tensor: ``(N, C, H, W)``.
        """
        if noise is None:
            noise = x.new_empty(len(x), 1, *x.shape[2:]).normal_()
        return x + self.weight.to(x.dtype) * noise.to(x.dtype)


class StyledConv(nn.Module):
    """A modulated 3 x 3 convolution, noise, bias and the leaky rectifier.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        style_channels (int): Features of a style.
        blur_kernel (Sequence[float]): The filter after doubling.
        upsample (bool): Whether height and width double. Defaults to False.
        half (bool): Whether to compute in half precision. Defaults to False.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        style_channels: int,
        blur_kernel: Sequence[float],
        upsample: bool = False,
        half: bool = False,
    ) -> None:
        super().__init__()
        self.conv = ModulatedConv(
            in_channels,
            out_channels,
            3,
            style_channels,
            upsample=upsample,
            blur_kernel=blur_kernel,
            half=half,
        )
        self.noise_injector = NoiseInjection()
        self.activate = BiasLeakyReLU(out_channels)
        self.half_precision = half

    def forward(
        self, x: Tensor, style: Tensor, noise: Tensor | None = None, add_noise: bool = True
    ) -> Tensor:
        """Convolve feature maps.

        Args:
            x (Tensor): ``(N, in_channels, H, W)``.
            style (Tensor): ``(N, style_channels)``.
            noise (Tensor, optional): See :class:`NoiseInjection`. Defaults to None.
            add_noise (bool): Whether noise is added at all. Defaults to True.

        Returns:
            Tensor: ``(N, out_channels, H, W)``, or with twice the height and width.
        """
        with precision(x, self.half_precision):
            x = self.conv(x, style)
            if add_noise:
                x = self.noise_injector(x, noise)
            x = self.activate(x)
            return x.clamp(-HALF_LIMIT, HALF_LIMIT) if self.half_precision else x


class ToRGB(nn.Module):
    """Turns features into an image and adds it to the one of half the size.

    Args:
        in_channels (int): Channels of the features.
        out_channels (int): Channels of the image.
        style_channels (int): Features of a style.
        blur_kernel (Sequence[float], optional): The filter of the smaller image after doubling.
            Defaults to None, there is no smaller one.
        half (bool): Whether to compute in half precision; the image is of float32. Defaults to
            False.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        style_channels: int,
        blur_kernel: Sequence[float] | None = None,
        half: bool = False,
    ) -> None:
        super().__init__()
        if blur_kernel is not None:
            extra = len(blur_kernel) - 2
            pad = ((extra + 1) // 2 + 1, extra // 2)
            self.upsample = Blur(blur_kernel, pad, up=2, gain=2)
        self.conv = ModulatedConv(
            in_channels, out_channels, 1, style_channels, demodulate=False, half=half
        )
        self.bias = nn.Parameter(torch.zeros(1, out_channels, 1, 1))
        self.half_precision = half

    def forward(self, x: Tensor, style: Tensor, smaller: Tensor | None = None) -> Tensor:
        """Make images.

        Args:
            x (Tensor): Features ``(N, in_channels, H, W)``.
            style (Tensor): ``(N, style_channels)``.
            smaller (Tensor, optional): Images ``(N, out_channels, H / 2, W / 2)``. Defaults to
                None.

        Returns:
            Tensor: ``(N, out_channels, H, W)``, of float32.
        """
        with precision(x, self.half_precision):
            image = self.conv(x, style)
            image = image + self.bias.to(image.dtype)
            if self.half_precision:
                image = image.clamp(-HALF_LIMIT, HALF_LIMIT).float()
        with precision(x, False):
            result: Tensor = image if smaller is None else image + self.upsample(smaller)
            return result
