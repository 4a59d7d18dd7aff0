"""The discriminators of SinGAN."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from mmlight.generative.models.singan.scales import MultiScaleNetwork
from mmlight.registry import MODELS


@MODELS.register_module()
class SinGANMultiScaleDiscriminator(MultiScaleNetwork):
    """A discriminator a scale, each of which scores the patches of an image.

    Source: T. R. Shaham, T. Dekel, T. Michaeli, "SinGAN: Learning a Generative Model from a Single
    Natural Image", 2019.

    Args:
        in_channels (int): Channels of the image.
        num_scales (int): Number of the last scale; there is one more, for they count from 0.
        kernel_size (int): Side of the kernels, pixels, an odd number. Defaults to 3.
        padding (int): Zero padding of each convolution, pixels. Defaults to 0.
        num_layers (int): Convolutions of a scale. Defaults to 5.
        base_channels (int): Channels after the first convolution of the first four scales; the
            next four have twice as many, and so on up to 128. Defaults to 32.
        min_feat_channels (int): Channels that all layers of the first scales have at least.
            Defaults to 32.
        init_cfg (dict | list, optional): How weights start. Defaults to None: convolutions from
            N(0, 0.02), as they are built.

    Raises:
        ValueError: If there are fewer than 3 layers, or the kernel has no middle.

    Example:
        >>> import torch
        >>> discriminator = SinGANMultiScaleDiscriminator(3, num_scales=2)
        >>> discriminator(torch.zeros(1, 3, 25, 30), curr_scale=0).shape
        torch.Size([1, 1, 15, 20])
    """

    def __init__(
        self,
        in_channels: int,
        num_scales: int,
        kernel_size: int = 3,
        padding: int = 0,
        num_layers: int = 5,
        base_channels: int = 32,
        min_feat_channels: int = 32,
        init_cfg: dict[str, Any] | list[Any] | None = None,
    ) -> None:
        super().__init__(
            num_scales,
            kernel_size,
            num_layers,
            base_channels,
            min_feat_channels,
            init_cfg,
            in_channels=in_channels,
            out_channels=1,
            padding=padding,
        )

    def forward(self, x: Tensor, curr_scale: int) -> Tensor:
        """Score the patches of images of a scale.

        Args:
            x (Tensor): Images ``(N, in_channels, H, W)``.
            curr_scale (int): The scale.

        Returns:
            Tensor: Scores ``(N, 1, h, w)``, one for each place where the patch lies in the image.
        """
        result: Tensor = self.blocks[curr_scale](x)
        return result
