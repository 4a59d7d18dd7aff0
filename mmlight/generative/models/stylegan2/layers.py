"""The layers that both networks of StyleGAN2 are made of."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor

from mmlight.model import kaiming_init

# Where layers of half precision keep their outputs, which could grow beyond what it can hold.
HALF_LIMIT = 256.0


def precision(x: Tensor, half: bool) -> torch.autocast:
    """Give the context in which a layer computes.

    Args:
        x (Tensor): The layer's input, whose device counts.
        half (bool): Half precision (bfloat16 on a CPU) or float32, whatever is around it.

    Returns:
        torch.autocast: The context.
    """
    return torch.autocast(x.device.type, enabled=half)


def equalized_scale(fan_in: int) -> float:
    """Give the constant by which weights from N(0, 1) are multiplied at each use.

    Source: Karras et al., "Progressive Growing of GANs for Improved Quality, Stability, and
    Variation", ICLR 2018, section 4.1.

    Args:
        fan_in (int): Inputs of one output.

    Returns:
        float: ``1 / sqrt(fan_in)``, with the rounding of float32.

    Example:
        >>> equalized_scale(16)
        0.25
    """
    return torch.tensor(1 / fan_in, device="cpu").sqrt().item()


def channels_by_size(channel_multiplier: int, max_channels: int = 512) -> dict[int, int]:
    """Give the channels of the feature maps by their side, in both networks.

    Args:
        channel_multiplier (int): What the channels from 64 x 64 pixels on are multiplied with.
        max_channels (int): The channels of no feature map are more. Defaults to 512.

    Returns:
        dict[int, int]: Channels by side in pixels, 4 to 1024.

    Example:
        >>> channels_by_size(2)[256]
        128
    """
    wide = dict.fromkeys((4, 8, 16, 32), 512)
    wide |= {size: 16384 // size * channel_multiplier for size in (64, 128, 256, 512, 1024)}
    return {size: min(channels, max_channels) for size, channels in wide.items()}


def levels_of(size: int, what: str) -> int:
    """Find the power of two that the side of an image is.

    Args:
        size (int): The side, pixels.
        what (str): What the argument is called, for the error.

    Returns:
        int: The exponent.

    Raises:
        ValueError: If the side is none of 4, 8, ..., 1024.

    Example:
        >>> levels_of(256, "out_size")
        8
    """
    if size not in channels_by_size(1):
        raise ValueError(f"{what} must be a power of two from 4 to 1024, got {size!r}")
    return int(math.log2(size))


class EqualizedLinear(nn.Module):
    """A linear map without bias whose weights from N(0, 1) are scaled at each use.

    Args:
        in_features (int): Features of the input.
        out_features (int): Features of the output.
        lr_mul (float): Share of the optimizer's steps that the weights make. Defaults to 1.
    """

    def __init__(self, in_features: int, out_features: int, lr_mul: float = 1.0) -> None:
        super().__init__()
        # MMagic's layer starts as torch's does: the random numbers after it depend on that.
        weight = nn.Linear(in_features, out_features, bias=False).weight
        self.weight_orig = nn.Parameter(nn.init.normal_(weight, std=1 / lr_mul))
        self.scale = equalized_scale(in_features)
        self.lr_mul = lr_mul

    def forward(self, x: Tensor) -> Tensor:
        """Map features ``(N, in_features)`` to ``(N, out_features)``."""
        return F.linear(x, self.weight_orig * self.scale * self.lr_mul)


class EqualLinear(nn.Module):
    """An equalised linear map with a bias and, if wanted, the leaky rectifier.

    Args:
        in_features (int): Features of the input.
        out_features (int): Features of the output.
        bias (float): The bias at the start. Defaults to 0.
        lr_mul (float): Share of the optimizer's steps that weights and bias make. Defaults to 1.
        activate (bool): Whether the rectifier follows. Defaults to False.

    Example:
        >>> EqualLinear(8, 4, activate=True)(torch.zeros(2, 8)).shape
        torch.Size([2, 4])
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: float = 0.0,
        lr_mul: float = 1.0,
        activate: bool = False,
    ) -> None:
        super().__init__()
        self.linear = EqualizedLinear(in_features, out_features, lr_mul)
        self.bias = nn.Parameter(torch.full((out_features,), bias))
        self.lr_mul = lr_mul
        self.activate = activate

    def forward(self, x: Tensor) -> Tensor:
        """Map features ``(N, in_features)`` to ``(N, out_features)``."""
        x, bias = self.linear(x), self.bias * self.lr_mul
        return bias_leaky_relu(x, bias) if self.activate else x + bias


class EqualizedConv(nn.Module):
    """A convolution without bias whose weights from N(0, 1) are scaled at each use.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        kernel_size (int): Side of the kernel, pixels.
        stride (int): Stride, pixels. Defaults to 1.
        padding (int): Padding, pixels. Defaults to 0.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
    ) -> None:
        super().__init__()
        # MMagic's layer starts as any of its convolutions does: the random numbers after it
        # depend on that. The weight is a child's, for its name.
        usual = nn.Conv2d(in_channels, out_channels, kernel_size, bias=False)
        kaiming_init(usual)
        self.conv = nn.ParameterDict({"weight_orig": nn.init.normal_(usual.weight)})
        self.scale = equalized_scale(in_channels * kernel_size**2)
        self.stride = stride
        self.padding = padding

    def forward(self, x: Tensor) -> Tensor:
        """Convolve feature maps ``(N, in_channels, H, W)``."""
        return F.conv2d(x, self.conv["weight_orig"] * self.scale, None, self.stride, self.padding)


def bias_leaky_relu(x: Tensor, bias: Tensor) -> Tensor:
    """Add a bias, apply the leaky rectifier and restore the variance.

    Args:
        x (Tensor): ``(N, C)`` or ``(N, C, H, W)``.
        bias (Tensor): ``(C,)``.

    Returns:
        Tensor: ``leaky_relu(x + bias, 0.2) * sqrt(2)``.

    Example:
        >>> bias_leaky_relu(torch.tensor([[-6.0]]), torch.tensor([1.0])) / 2**0.5
        tensor([[-1.]])
    """
    x = x + bias.reshape(1, -1, *[1] * (x.ndim - 2))
    return F.leaky_relu(x, 0.2) * math.sqrt(2)


class BiasLeakyReLU(nn.Module):
    """The bias and leaky rectifier after a convolution.

    Args:
        channels (int): Channels of the feature maps.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Apply them to feature maps ``(N, C, H, W)``."""
        return bias_leaky_relu(x, self.bias.to(x.dtype))


def upfir2d(x: Tensor, kernel: Tensor, up: int = 1, pad: tuple[int, int] = (0, 0)) -> Tensor:
    """Put zeros between pixels, pad, and convolve each channel with a filter.

    Args:
        x (Tensor): Feature maps ``(N, C, H, W)``.
        kernel (Tensor): The filter ``(h, w)``.
        up (int): Pixels out of one: it and ``up - 1`` zeros, in both directions. Defaults to 1.
        pad (tuple[int, int]): Zeros before the first and after the last row and column; a
            negative number crops. Defaults to ``(0, 0)``.

    Returns:
        Tensor: ``(N, C, H * up + sum(pad) - h + 1, W * up + sum(pad) - w + 1)``.

    Example:
        >>> upfir2d(torch.ones(1, 1, 1, 2), torch.ones(1, 1), up=2)
        tensor([[[[1., 0., 1., 0.],
                  [0., 0., 0., 0.]]]])
    """
    n, c, h, w = x.shape
    if up > 1:
        x = F.pad(x.reshape(n, c, h, 1, w, 1), (0, up - 1, 0, 0, 0, up - 1))
        x = x.reshape(n, c, h * up, w * up)
    weight = kernel.to(x.dtype).flip(0, 1).expand(c, 1, *kernel.shape)
    return F.conv2d(F.pad(x, (*pad, *pad)), weight, groups=c)


class Blur(nn.Module):
    """A filter, perhaps after zeros were put between the pixels.

    Args:
        blur_kernel (Sequence[float]): The filter in one direction.
        pad (tuple[int, int]): See :func:`upfir2d`.
        up (int): See :func:`upfir2d`. Defaults to 1.
        gain (int): The sum of the filter in each direction, ``up`` to keep the brightness.
            Defaults to 1.
    """

    kernel: Tensor

    def __init__(
        self, blur_kernel: Sequence[float], pad: tuple[int, int], up: int = 1, gain: int = 1
    ) -> None:
        super().__init__()
        line = torch.tensor(blur_kernel, dtype=torch.float32)
        plane = line[None, :] * line[:, None]
        self.register_buffer("kernel", plane / plane.sum() * gain**2)
        self.pad = pad
        self.up = up

    def forward(self, x: Tensor) -> Tensor:
        """Filter feature maps ``(N, C, H, W)``."""
        return upfir2d(x, self.kernel, self.up, self.pad)
