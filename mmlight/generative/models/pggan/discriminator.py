"""The discriminator of PGGAN."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from mmlight.generative.models.image_side import refuse_other_side
from mmlight.generative.models.pggan.layers import (
    EqualizedBlock,
    EqualizedConv2d,
    EqualizedDownConv2d,
    EqualizedLinear,
    MiniBatchStddevLayer,
    index_of_scale,
    scales_up_to,
    width_at,
)
from mmlight.model import BaseModule
from mmlight.registry import MODELS


class PGGANDecisionHead(nn.Module):
    """Turns the last feature map into a score.

    Args:
        in_channels (int): Channels of the feature map, which is 4 x 4 pixels.
        mid_channels (int): Values in between.
    """

    def __init__(self, in_channels: int, mid_channels: int) -> None:
        super().__init__()
        self.linear0 = EqualizedLinear(in_channels * 16, mid_channels)
        self.linear1 = EqualizedLinear(mid_channels, 1, gain=1)

    def forward(self, x: Tensor) -> Tensor:
        """Score the images.

        Args:
            x (Tensor): ``(N, in_channels, 4, 4)``.

        Returns:
            Tensor: ``(N, 1)``.
        """
        result: Tensor = self.linear1(functional.leaky_relu(self.linear0(x.flatten(1)), 0.2))
        return result


@MODELS.register_module()
class PGGANDiscriminator(BaseModule):
    """Discriminator of PGGAN, which can be used at each of its scales.

    ``conv_blocks`` has one block for 4 x 4 pixels and two for each further scale, of which the
    second halves the size; ``fromrgb_layers`` has one layer for each scale. As in MMagic, and
    other than in the paper, the block for 4 x 4 pixels has weights and no use.

    Source: Karras et al., "Progressive Growing of GANs for Improved Quality, Stability, and
    Variation", ICLR 2018.

    Args:
        in_scale (int): Side of the largest image, pixels: 4, 8, 16, and so on.
        base_channels (int): See :func:`~mmlight.generative.models.pggan.layers.width_at`. Defaults
            to 8192.
        max_channels (int): See there. Defaults to 512.
        in_channels (int): Channels of the image. Defaults to 3.
        channel_decay (float): As ``base_channels``. Defaults to 1.0.
        mbstd_cfg (dict, optional): Arguments of
            :class:`~mmlight.generative.models.pggan.layers.MiniBatchStddevLayer`. None for no such
            layer. Defaults to ``dict(group_size=4)``.

    Raises:
        ValueError: If ``in_scale`` is not 4 times a power of two.

    Example:
        >>> import torch
        >>> discriminator = PGGANDiscriminator(in_scale=16, base_channels=64)
        >>> discriminator(torch.zeros(2, 3, 8, 8), transition_weight=0.5, curr_scale=8).shape
        torch.Size([2, 1])
    """

    def __init__(
        self,
        in_scale: int,
        base_channels: int = 8192,
        max_channels: int = 512,
        in_channels: int = 3,
        channel_decay: float = 1.0,
        mbstd_cfg: dict[str, Any] | None = {"group_size": 4},  # noqa: B006 - nobody changes it
    ) -> None:
        super().__init__()
        self.scales = scales_up_to(in_scale)
        widths = [
            width_at(stage, base_channels, channel_decay, max_channels)
            for stage in range(len(self.scales) + 1)
        ]
        self.conv_blocks = nn.ModuleList()
        self.fromrgb_layers = nn.ModuleList()
        for index, width in enumerate(widths[1:]):
            self.fromrgb_layers.append(EqualizedBlock(EqualizedConv2d(in_channels, width, 1)))
            self.conv_blocks.append(EqualizedBlock(EqualizedConv2d(width, width, 3)))
            if index:
                self.conv_blocks.append(
                    EqualizedBlock(EqualizedDownConv2d(width, widths[index], 3))
                )
        self.mbstd_layer = None if mbstd_cfg is None else MiniBatchStddevLayer(**mbstd_cfg)
        statistics = 0 if mbstd_cfg is None else 1
        self.decision = PGGANDecisionHead(widths[1] + statistics, widths[0])

    def forward(self, x: Tensor, transition_weight: float = 1.0, curr_scale: int = -1) -> Tensor:
        """Score images.

        Args:
            x (Tensor): Images ``(N, in_channels, curr_scale, curr_scale)``.
            transition_weight (float): How far the layers of the scale have faded in, 0 to 1; the
                rest is what the scale before says of the image at half the size. Defaults to 1.0.
            curr_scale (int): Side of the image, pixels. Defaults to -1, the largest.

        Returns:
            Tensor: Scores ``(N, 1)``, the higher the more real.

        Raises:
            ValueError: If there is no such scale, or the images have another.
        """
        last = index_of_scale(curr_scale, self.scales)
        side = self.scales[last]
        refuse_other_side(x, side, "in_scale" if curr_scale == -1 else "curr_scale")
        features = self.fromrgb_layers[last](x)
        for index in range(last, 0, -1):
            features = self.conv_blocks[2 * index](self.conv_blocks[2 * index - 1](features))
            if index == last:
                fading = self.fromrgb_layers[last - 1](functional.avg_pool2d(x, 2))
                features = fading + transition_weight * (features - fading)
        if self.mbstd_layer is not None:
            features = self.mbstd_layer(features)
        result: Tensor = self.decision(features)
        return result
