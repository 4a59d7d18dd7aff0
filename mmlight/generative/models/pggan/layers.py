"""The layers of PGGAN: equalised learning rate, pixel norm, minibatch standard deviation."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

SQRT_2 = math.sqrt(2)  # He's gain, of a layer before a rectifier


def scales_up_to(scale: int) -> list[int]:
    """List the scales through which a network grows, pixels, from 4 by doubling.

    Args:
        scale (int): The last one.

    Returns:
        list[int]: 4, 8, and so on.

    Raises:
        ValueError: If the last one is not among them.

    Example:
        >>> scales_up_to(32)
        [4, 8, 16, 32]
    """
    scales = [4]
    while scales[-1] < scale:
        scales.append(2 * scales[-1])
    if scales[-1] != scale:
        raise ValueError(f"the side of the image must be 4, 8, 16, ... pixels, got {scale}")
    return scales


def width_at(stage: int, base_channels: int, channel_decay: float, max_channels: int) -> int:
    """Tell how many channels feature maps have, as the paper does.

    Args:
        stage (int): Number of doublings from 2 x 2 pixels.
        base_channels (int): Channels at stage 0, were there no limit.
        channel_decay (float): Binary logarithm of the factor by which a stage has fewer.
        max_channels (int): The limit.

    Returns:
        int: ``min(base_channels / 2^(stage * channel_decay), max_channels)``.

    Example:
        >>> [width_at(stage, 8192, 1.0, 512) for stage in (1, 4, 5, 9)]
        [512, 512, 256, 16]
    """
    return min(int(base_channels / 2.0 ** (stage * channel_decay)), max_channels)


def index_of_scale(scale: int, scales: list[int]) -> int:
    """Find the layers of a scale; -1 is the last one.

    Args:
        scale (int): Side of the image, pixels.
        scales (list[int]): The scales of a network.

    Returns:
        int: Its place among them.

    Raises:
        ValueError: If the network does not have it.

    Example:
        >>> index_of_scale(8, [4, 8, 16]), index_of_scale(-1, [4, 8, 16])
        (1, 2)
    """
    if scale == -1:
        return len(scales) - 1
    if scale not in scales:
        raise ValueError(f"curr_scale must be one of {scales}, got {scale}")
    return scales.index(scale)


def _equalize(layer: Any, draws: int) -> None:
    """Put ``weight_orig``, from N(0, 1), in place of the weight, which is found at each use.

    MMagic draws the weights of its convolutions once more before; so is done here, for the random
    numbers after them to be the same.
    """
    shape = layer.weight.shape
    del layer.weight
    layer.weight_orig = nn.Parameter(torch.empty(shape))
    for _ in range(draws):
        nn.init.normal_(layer.weight_orig)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def _equalized(weight: Tensor, gain: float) -> Tensor:
    return weight * gain * math.sqrt(1 / weight[0].numel())


class EqualizedLinear(nn.Linear):
    """A linear layer with an equalised learning rate.

    The parameter ``weight_orig`` is from N(0, 1), and what multiplies the input is
    ``weight_orig * gain / sqrt(fan_in)``: so all weights have the same range, and an optimizer that
    normalises gradients moves them at the same speed.

    Source: Karras et al., "Progressive Growing of GANs for Improved Quality, Stability, and
    Variation", ICLR 2018, section 4.1.

    Args:
        in_features (int): Length of the input.
        out_features (int): Length of the output.
        bias (bool): Whether there is a bias. Defaults to True.
        gain (float): The gain. Defaults to the square root of two.

    Example:
        >>> layer = EqualizedLinear(4, 1, gain=1.0)
        >>> _ = nn.init.ones_(layer.weight_orig)
        >>> layer(torch.ones(1, 4)).item()  # 4 * 1 / sqrt(4)
        2.0
    """

    weight_orig: nn.Parameter

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, gain: float = SQRT_2
    ) -> None:
        super().__init__(in_features, out_features, bias)
        self.gain = gain
        _equalize(self, draws=1)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the layer.

        Args:
            x (Tensor): ``(N, in_features)``.

        Returns:
            Tensor: ``(N, out_features)``.
        """
        return functional.linear(x, _equalized(self.weight_orig, self.gain), self.bias)


class EqualizedConv2d(nn.Conv2d):
    """A convolution with an equalised learning rate, see :class:`EqualizedLinear`.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        kernel_size (int): Side of the kernel, pixels, odd; the output has the size of the input.
        gain (float): The gain. Defaults to the square root of two.
    """

    weight_orig: nn.Parameter

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, gain: float = SQRT_2
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, padding=kernel_size // 2)
        self.gain = gain
        _equalize(self, draws=2)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the layer.

        Args:
            x (Tensor): ``(N, in_channels, H, W)``.

        Returns:
            Tensor: ``(N, out_channels, H, W)``.
        """
        weight = _equalized(self.weight_orig, self.gain)
        return functional.conv2d(x, weight, self.bias, padding=self.padding)


class EqualizedDownConv2d(EqualizedConv2d):
    """A convolution of 3 x 3 and the mean of each 2 x 2 pixels, in one of 4 x 4 with stride 2.

    The arguments are those of :class:`EqualizedConv2d`.

    Example:
        >>> layer, x = EqualizedDownConv2d(2, 3, 3), torch.randn(1, 2, 8, 8)
        >>> apart = functional.avg_pool2d(EqualizedConv2d.forward(layer, x), 2)
        >>> torch.allclose(layer(x), apart, atol=1e-5)
        True
    """

    def forward(self, x: Tensor) -> Tensor:
        """Apply the layer.

        Returns:
            Tensor: ``(N, out_channels, H / 2, W / 2)``.
        """
        weight = _spread(_equalized(self.weight_orig, self.gain)) / 4
        return functional.conv2d(x, weight, self.bias, stride=2, padding=1)


class EqualizedUpConv2d(nn.ConvTranspose2d):
    """Nearest-neighbour growth to twice the size and a convolution of 3 x 3, in one layer.

    It is a transposed convolution of 4 x 4 with stride 2. Its weights are scaled by the square
    root of ``9 * out_channels``, as MMagic has it.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.

    Example:
        >>> EqualizedUpConv2d(2, 3)(torch.zeros(1, 2, 4, 4)).shape
        torch.Size([1, 3, 8, 8])
    """

    weight_orig: nn.Parameter

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels, 3)
        _equalize(self, draws=2)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Apply the layer.

        Args:
            x (Tensor): ``(N, in_channels, H, W)``.
            output_size (None): Not used, there is one size.

        Returns:
            Tensor: ``(N, out_channels, 2 * H, 2 * W)``.
        """
        weight = _spread(_equalized(self.weight_orig, SQRT_2))
        return functional.conv_transpose2d(x, weight, self.bias, stride=2, padding=1)


def _spread(kernel: Tensor) -> Tensor:
    """The kernel of 4 x 4 that does what one of 3 x 3 does at each of 2 x 2 pixels, summed."""
    x = functional.pad(kernel, (1, 1, 1, 1))
    return x[..., 1:, 1:] + x[..., 1:, :-1] + x[..., :-1, 1:] + x[..., :-1, :-1]


def pixel_norm(x: Tensor, eps: float) -> Tensor:
    """Scale the channels of each pixel, or each noise vector, to a mean square of one.

    Args:
        x (Tensor): ``(N, C, H, W)`` or ``(N, C)``.
        eps (float): Added to the root of the mean square.

    Returns:
        Tensor: Of the same shape.

    Example:
        >>> pixel_norm(torch.tensor([[3.0, 4.0]]), 0.0).square().mean().item()
        1.0
    """
    result: Tensor = x / (x.norm(2, dim=1, keepdim=True) / math.sqrt(x.shape[1]) + eps)
    return result


class EqualizedBlock(nn.Module):
    """An equalised convolution, a leaky rectifier of slope 0.2 and, if wanted, a pixel norm.

    Args:
        conv (nn.Module): The convolution.
        act (bool): Whether the rectifier follows. Defaults to True.
        norm (bool): Whether the pixel norm follows. Defaults to False.
    """

    def __init__(self, conv: nn.Module, act: bool = True, norm: bool = False) -> None:
        super().__init__()
        self.conv = conv
        self.act = act
        self.norm = norm

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block.

        Args:
            x (Tensor): ``(N, C, H, W)``.

        Returns:
            Tensor: ``(N, C', H', W')``, as the convolution makes it.
        """
        x = self.conv(x)
        if self.act:
            x = functional.leaky_relu(x, 0.2)
        return pixel_norm(x, 1e-5) if self.norm else x


class MiniBatchStddevLayer(nn.Module):
    """Adds a channel that tells how much the images of a group differ.

    For each value of the feature map the standard deviation over the images of a group is found;
    their mean is the group's value of the channel.

    Source: Karras et al., "Progressive Growing of GANs for Improved Quality, Stability, and
    Variation", ICLR 2018, section 3.

    Args:
        group_size (int): Images in a group; a smaller batch is one group. Image ``i`` of ``N`` is
            of group ``i % (N / group_size)``. Defaults to 4.
        eps (float): Added to the variance. Defaults to 1e-8.

    Example:
        >>> layer = MiniBatchStddevLayer(group_size=2)
        >>> layer(torch.tensor([1.0, 3.0]).reshape(2, 1, 1, 1)).flatten().tolist()
        [1.0, 1.0, 3.0, 1.0]
    """

    def __init__(self, group_size: int = 4, eps: float = 1e-8) -> None:
        super().__init__()
        self.group_size = group_size
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Add the channel.

        Args:
            x (Tensor): ``(N, C, H, W)``.

        Returns:
            Tensor: ``(N, C + 1, H, W)``.

        Raises:
            ValueError: If the batch is larger than a group and not whole groups.
        """
        batch, channels, height, width = x.shape
        size = min(self.group_size, batch)
        if batch % size:
            raise ValueError(
                f"a batch must have at most group_size={size} images, or a multiple of that, "
                f"got {batch}"
            )
        groups = x.reshape(size, batch // size, channels, height, width)
        variance = (groups - groups.mean(0, keepdim=True)).pow(2).mean(0)
        deviation = (variance + self.eps).sqrt().mean((1, 2, 3))
        channel = deviation.repeat(size).reshape(batch, 1, 1, 1).expand(-1, 1, height, width)
        return torch.cat([x, channel], dim=1)
