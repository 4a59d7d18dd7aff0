"""The DCGAN discriminator."""

from __future__ import annotations

from typing import Any

import torch.nn as nn
from torch import Tensor

from mmlight.generative.models.conv_module import ConvModule
from mmlight.generative.models.dcgan.generator import BN, stages_between
from mmlight.generative.models.image_side import refuse_other_side
from mmlight.model import BaseModule
from mmlight.registry import MODELS

# Default of an argument; nobody changes it.
LEAKY_RELU = {"type": "LeakyReLU"}

DISCRIMINATOR_INIT = {"type": "Normal", "layer": "Conv2d", "std": 0.02}


@MODELS.register_module()
class DCGANDiscriminator(BaseModule):
    """Discriminator of DCGAN: an image becomes scores through strided convolutions.

    Source: Radford, Metz, Chintala, "Unsupervised Representation Learning with Deep Convolutional
    Generative Adversarial Networks", ICLR 2016.

    Args:
        input_scale (int): Side of the image, pixels.
        output_scale (int): Side of the last feature map, pixels, which one last convolution
            without padding reads.
        out_channels (int): Channels of the score map, 1 for a real or fake score.
        in_channels (int): Channels of the image. Defaults to 3.
        base_channels (int): Channels of the first feature map; each stage doubles them.
            Defaults to 128.
        default_norm_cfg (dict, optional): Norm of all blocks but the first and the last.
            Defaults to BN.
        default_act_cfg (dict, optional): Activation of all blocks but the last. Defaults to
            LeakyReLU.
        out_act_cfg (dict, optional): Activation of the score. Defaults to None.
        pretrained (str, optional): Checkpoint that gives the first weights. Defaults to None.
        init_cfg (dict | list, optional): How weights start. Defaults to convolutions from
            N(0, 0.02), as in the paper, and norms that change nothing.

    Raises:
        ValueError: If ``input_scale`` is not ``output_scale`` times a power of two.

    Example:
        >>> import torch
        >>> discriminator = DCGANDiscriminator(32, 4, 1, in_channels=1, base_channels=8)
        >>> discriminator(torch.zeros(2, 1, 32, 32)).shape
        torch.Size([2, 1])
    """

    def __init__(
        self,
        input_scale: int,
        output_scale: int,
        out_channels: int,
        in_channels: int = 3,
        base_channels: int = 128,
        default_norm_cfg: dict[str, Any] | None = BN,
        default_act_cfg: dict[str, Any] | None = LEAKY_RELU,
        out_act_cfg: dict[str, Any] | None = None,
        pretrained: str | None = None,
        init_cfg: dict[str, Any] | list[Any] | None = None,
    ) -> None:
        if pretrained is not None:
            init_cfg = {"type": "Pretrained", "checkpoint": pretrained}
        super().__init__(init_cfg=DISCRIMINATOR_INIT if init_cfg is None else init_cfg)
        self.input_scale = input_scale
        stages = stages_between(output_scale, input_scale)
        widths = [in_channels, *(base_channels * 2**i for i in range(stages))]
        self.downsamples = nn.ModuleList(
            ConvModule(
                widths[i],
                widths[i + 1],
                4,
                stride=2,
                padding=1,
                norm_cfg=default_norm_cfg if i else None,
                act_cfg=default_act_cfg,
            )
            for i in range(stages)
        )
        self.output_layer = ConvModule(widths[-1], out_channels, 4, act_cfg=out_act_cfg)

    def forward(self, x: Tensor) -> Tensor:
        """Score images.

        Args:
            x (Tensor): Images ``(N, in_channels, input_scale, input_scale)``.

        Returns:
            Tensor: Scores ``(N, out_channels * h * w)``, where ``h`` and ``w`` are what the last
            convolution leaves (1 for an ``output_scale`` of 4).

        Raises:
            ValueError: If the images are of another size.
        """
        refuse_other_side(x, self.input_scale, "input_scale")
        for block in self.downsamples:
            x = block(x)
        result: Tensor = self.output_layer(x).flatten(1)
        return result
