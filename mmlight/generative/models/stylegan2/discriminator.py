"""The discriminator of StyleGAN2."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn as nn
from torch import Tensor

from mmlight.generative.models.image_side import refuse_other_side
from mmlight.generative.models.stylegan2.layers import (
    HALF_LIMIT,
    BiasLeakyReLU,
    Blur,
    EqualizedConv,
    EqualLinear,
    channels_by_size,
    levels_of,
    precision,
)
from mmlight.model import BaseModule
from mmlight.registry import MODELS

# Default of an argument; nobody changes it.
MBSTD = {"group_size": 4, "channel_groups": 1}


class ConvDown(nn.Sequential):
    """A convolution, perhaps with a filter before it that halves the size, and its activation.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        kernel_size (int): Side of the kernel, pixels, odd.
        blur_kernel (Sequence[float], optional): The filter. Defaults to None, the size stays.
        activate (bool): Whether bias and leaky rectifier follow. Defaults to True.
        half (bool): Whether to compute in half precision. Defaults to False.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        blur_kernel: Sequence[float] | None = None,
        activate: bool = True,
        half: bool = False,
    ) -> None:
        layers: list[nn.Module] = []
        stride, padding = 1, kernel_size // 2
        if blur_kernel is not None:
            extra = len(blur_kernel) - 2 + kernel_size - 1
            layers.append(Blur(blur_kernel, ((extra + 1) // 2, extra // 2)))
            stride, padding = 2, 0
        layers.append(EqualizedConv(in_channels, out_channels, kernel_size, stride, padding))
        if activate:
            layers.append(BiasLeakyReLU(out_channels))
        super().__init__(*layers)
        self.half_precision = half

    def forward(self, x: Tensor) -> Tensor:
        """Apply it to feature maps ``(N, in_channels, H, W)``."""
        with precision(x, self.half_precision):
            x = super().forward(x)
            return x.clamp(-HALF_LIMIT, HALF_LIMIT) if self.half_precision else x


class ResBlock(nn.Module):
    """Halves the size by two convolutions and a shortcut.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        blur_kernel (Sequence[float]): The filter before size is halved.
        half (bool): Whether to compute in half precision. Defaults to False.
    """

    def __init__(
        self, in_channels: int, out_channels: int, blur_kernel: Sequence[float], half: bool = False
    ) -> None:
        super().__init__()
        self.conv1 = ConvDown(in_channels, in_channels, 3, half=half)
        self.conv2 = ConvDown(in_channels, out_channels, 3, blur_kernel, half=half)
        self.skip = ConvDown(in_channels, out_channels, 1, blur_kernel, activate=False, half=half)
        self.half_precision = half

    def forward(self, x: Tensor) -> Tensor:
        """Turn feature maps ``(N, C, H, W)`` into ``(N, out_channels, H / 2, W / 2)``."""
        if not self.half_precision:
            x = x.float()
        result: Tensor = (self.conv2(self.conv1(x)) + self.skip(x)) / math.sqrt(2)
        return result


class MinibatchStddev(nn.Module):
    """Adds a channel that tells how much the images of a group differ.

    Source: Karras et al., "Progressive Growing of GANs for Improved Quality, Stability, and
    Variation", ICLR 2018, section 3.

    Args:
        group_size (int): Images of a group; all if there are fewer. Defaults to 4.
        channel_groups (int): Number of channels that are added, each for its share of the
            features. Defaults to 1.

    Example:
        >>> layer = MinibatchStddev(group_size=2)
        >>> layer(torch.tensor([1.0, 3.0]).reshape(2, 1, 1, 1)).flatten(1)
        tensor([[1., 1.],
                [3., 1.]])
    """

    def __init__(self, group_size: int = 4, channel_groups: int = 1) -> None:
        super().__init__()
        self.group_size = group_size
        self.channel_groups = channel_groups

    def forward(self, x: Tensor) -> Tensor:
        """Add the channels.

        Args:
            x (Tensor): ``(N, C, H, W)``.

        Returns:
            Tensor: ``(N, C + channel_groups, H, W)``.

        Raises:
            ValueError: If the groups do not come out even.
        """
        n, _, h, w = x.shape
        size = min(n, self.group_size)
        if n % size:
            raise ValueError(
                f"the batch must be a multiple of group_size={self.group_size} of mbstd_cfg, or "
                f"smaller, got {n} images"
            )
        groups = x.reshape(size, n // size, self.channel_groups, -1, h, w)
        spread = torch.sqrt(groups.var(0, unbiased=False) + 1e-8).mean((2, 3, 4))
        return torch.cat([x, spread[:, :, None, None].repeat(size, 1, h, w)], dim=1)


@MODELS.register_module()
class StyleGAN2Discriminator(BaseModule):
    """Discriminator of StyleGAN2: an image becomes a score through residual blocks.

    Source: Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", CVPR 2020.

    Args:
        in_size (int): Side of the image, pixels, a power of two from 4 to 1024.
        img_channels (int): Channels of the image. Defaults to 3.
        channel_multiplier (int): What the channels from 64 pixels on are multiplied with.
            Defaults to 2.
        blur_kernel (Sequence[float]): The filter before each halving. Defaults to ``(1, 3, 3,
            1)``.
        mbstd_cfg (dict): Arguments of :class:`MinibatchStddev`. Defaults to groups of 4.
        num_fp16_scales (int): How many of the largest scales compute in half precision.
            Defaults to 0.
        fp16_enabled (bool): Whether all do. Defaults to False.
        input_bgr2rgb (bool): Whether the channels of the image are turned round. Defaults to
            False.
        init_cfg (dict | list, optional): How weights start. Defaults to None: from N(0, 1).
        max_channels (int): The channels of no feature map are more. Defaults to 512.

    Raises:
        ValueError: If the size is not known.

    Example:
        >>> StyleGAN2Discriminator(8)(torch.zeros(2, 3, 8, 8)).shape
        torch.Size([2, 1])
    """

    def __init__(
        self,
        in_size: int,
        img_channels: int = 3,
        channel_multiplier: int = 2,
        blur_kernel: Sequence[float] = (1, 3, 3, 1),
        mbstd_cfg: Mapping[str, Any] = MBSTD,
        num_fp16_scales: int = 0,
        fp16_enabled: bool = False,
        input_bgr2rgb: bool = False,
        init_cfg: dict[str, Any] | list[Any] | None = None,
        max_channels: int = 512,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.in_size = in_size
        levels = levels_of(in_size, "in_size")
        channels = channels_by_size(channel_multiplier, max_channels)
        half = fp16_enabled or num_fp16_scales > 0
        width = channels[in_size]
        blocks: list[nn.Module] = [ConvDown(img_channels, width, 1, half=half)]
        for level in range(levels, 2, -1):
            wide, width = width, channels[2 ** (level - 1)]
            half = fp16_enabled or level > levels - num_fp16_scales
            blocks.append(ResBlock(wide, width, blur_kernel, half))
        self.convs = nn.Sequential(*blocks)
        self.mbstd_layer = MinibatchStddev(**mbstd_cfg)
        features = width + self.mbstd_layer.channel_groups
        self.final_conv = ConvDown(features, channels[4], 3, half=fp16_enabled)
        self.final_linear = nn.Sequential(
            EqualLinear(channels[4] * 4 * 4, channels[4], activate=True),
            EqualLinear(channels[4], 1),
        )
        self.input_bgr2rgb = input_bgr2rgb

    def forward(self, x: Tensor) -> Tensor:
        """Score images.

        Args:
            x (Tensor): Images ``(N, img_channels, in_size, in_size)``.

        Returns:
            Tensor: Scores ``(N, 1)``.

        Raises:
            ValueError: If the images are of another size.
        """
        refuse_other_side(x, self.in_size, "in_size")
        if self.input_bgr2rgb:
            x = x.flip(1)
        x = self.mbstd_layer(self.convs(x).float())
        result: Tensor = self.final_linear(self.final_conv(x).float().flatten(1))
        return result
