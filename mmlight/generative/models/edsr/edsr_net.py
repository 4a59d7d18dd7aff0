"""The network of EDSR."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mmlight.model import BaseModule, kaiming_init
from mmlight.registry import MODELS


class ResidualBlockNoBN(nn.Module):
    """Two convolutions beside a shortcut, without normalization.

    Args:
        mid_channels (int): Channels.
        res_scale (float): Factor of what the convolutions add.
    """

    def __init__(self, mid_channels: int, res_scale: float) -> None:
        super().__init__()
        self.res_scale = res_scale
        self.conv1 = nn.Conv2d(mid_channels, mid_channels, 3, padding=1)
        self.conv2 = nn.Conv2d(mid_channels, mid_channels, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        if res_scale == 1.0:
            for conv in (self.conv1, self.conv2):
                small_kaiming_init(conv)

    def forward(self, x: Tensor) -> Tensor:
        """Give an image of features ``(N, C, H, W)`` of the same shape."""
        result: Tensor = x + self.conv2(self.relu(self.conv1(x))) * self.res_scale
        return result


class PixelShufflePack(nn.Module):
    """A convolution whose channels become pixels.

    Args:
        channels (int): Channels, before and after.
        scale_factor (int): Times by which height and width grow.
    """

    def __init__(self, channels: int, scale_factor: int) -> None:
        super().__init__()
        self.scale_factor = scale_factor
        self.upsample_conv = nn.Conv2d(channels, channels * scale_factor**2, 3, padding=1)
        kaiming_init(self.upsample_conv, mode="fan_in", bias=0)

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge features ``(N, C, H, W)``."""
        return nn.functional.pixel_shuffle(self.upsample_conv(x), self.scale_factor)


def small_kaiming_init(conv: nn.Conv2d) -> None:
    """Start a convolution with a tenth of Kaiming's weights, so that blocks begin as shortcuts."""
    kaiming_init(conv, mode="fan_in", bias=0)
    with torch.no_grad():
        conv.weight.mul_(0.1)


@MODELS.register_module()
class EDSRNet(BaseModule):
    """Residual blocks at the small size, then pixels from channels.

    Source: B. Lim, S. Son, H. Kim, S. Nah, K. M. Lee, "Enhanced Deep Residual Networks for Single
    Image Super-Resolution", 2017.

    Args:
        in_channels (int): Channels of the image.
        out_channels (int): Channels of the result.
        mid_channels (int): Channels between. Defaults to 64.
        num_blocks (int): Residual blocks. Defaults to 16.
        upscale_factor (int): Times by which height and width grow: a power of 2, or 3.
            Defaults to 4.
        res_scale (float): Factor of what a block adds. Defaults to 1.
        rgb_mean (Sequence[float]): Mean of each channel, in the model's range; taken off before
            and added after. Defaults to DIV2K's.
        rgb_std (Sequence[float]): Divisor of each channel. Defaults to ones.

    Raises:
        ValueError: If the factor is neither a power of 2 nor 3.

    Example:
        >>> net = EDSRNet(3, 3, mid_channels=8, num_blocks=2, upscale_factor=2)
        >>> net(torch.zeros(1, 3, 8, 8)).shape
        torch.Size([1, 3, 16, 16])
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        mid_channels: int = 64,
        num_blocks: int = 16,
        upscale_factor: int = 4,
        res_scale: float = 1,
        rgb_mean: Sequence[float] = (0.4488, 0.4371, 0.4040),
        rgb_std: Sequence[float] = (1.0, 1.0, 1.0),
    ) -> None:
        super().__init__()
        for name, value in (("mean", rgb_mean), ("std", rgb_std)):
            self.register_buffer(name, torch.tensor(value).view(1, -1, 1, 1), persistent=False)
        self.conv_first = nn.Conv2d(in_channels, mid_channels, 3, padding=1)
        self.body = nn.Sequential(
            *(ResidualBlockNoBN(mid_channels, res_scale) for _ in range(num_blocks))
        )
        self.conv_after_body = nn.Conv2d(mid_channels, mid_channels, 3, 1, 1)
        self.upsample = nn.Sequential(
            *(PixelShufflePack(mid_channels, factor) for factor in _steps(upscale_factor))
        )
        self.conv_last = nn.Conv2d(mid_channels, out_channels, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge images.

        Args:
            x (Tensor): Images ``(N, C, h, w)``.

        Returns:
            Tensor: Images ``(N, C', h * upscale_factor, w * upscale_factor)``.
        """
        x = (x - self.mean) / self.std
        x = self.conv_first(x)
        x = self.conv_after_body(self.body(x)) + x
        x = self.conv_last(self.upsample(x))
        return x * self.std + self.mean


def _steps(upscale_factor: int) -> list[int]:
    if upscale_factor == 3:
        return [3]
    if upscale_factor < 1 or upscale_factor & (upscale_factor - 1):
        raise ValueError(f"upscale_factor must be a power of 2 or 3, got {upscale_factor}")
    return [2] * (upscale_factor.bit_length() - 1)
