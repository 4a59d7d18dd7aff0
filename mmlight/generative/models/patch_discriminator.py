"""The PatchGAN discriminator of pix2pix and CycleGAN."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from mmlight.generative.models.conv_module import ConvModule
from mmlight.generative.models.gain_init import NORMAL_INIT
from mmlight.model import BaseModule
from mmlight.registry import MODELS

# Defaults of arguments; nobody changes them.
BN = {"type": "BN"}
LEAKY_RELU = {"type": "LeakyReLU", "negative_slope": 0.2}
# Feature maps have at most this many times the base channels.
WIDEST = 8


def biased(norm_cfg: dict[str, Any]) -> bool:
    """Tell whether convolutions have a bias before this norm: before an instance norm they do."""
    return norm_cfg["type"] in ("IN", "IN2d")


@MODELS.register_module()
class PatchDiscriminator(BaseModule):
    """Scores patches of an image: each value of its output sees a part of it alone.

    Source: Isola, Zhu, Zhou, Efros, "Image-to-Image Translation with Conditional Adversarial
    Networks", CVPR 2017. With ``num_conv=3`` a value sees 70 x 70 pixels.

    Args:
        in_channels (int): Channels of the image; of both images together for pix2pix.
        base_channels (int): Channels of the first feature map; each stage doubles them up to
            eight times. Defaults to 64.
        num_conv (int): Convolutions of stride 2, at least 1; two of stride 1 follow.
            Defaults to 3.
        norm_cfg (dict): Norm of all stages but the first. Defaults to BN.
        init_cfg (dict | list, optional): How weights start. Defaults to N(0, 0.02).

    Raises:
        ValueError: If there is no convolution of stride 2.

    Example:
        >>> import torch
        >>> PatchDiscriminator(3, base_channels=4)(torch.zeros(2, 3, 64, 64)).shape
        torch.Size([2, 1, 6, 6])
    """

    def __init__(
        self,
        in_channels: int,
        base_channels: int = 64,
        num_conv: int = 3,
        norm_cfg: dict[str, Any] = BN,
        init_cfg: dict[str, Any] | list[dict[str, Any]] | None = NORMAL_INIT,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if num_conv < 1:
            raise ValueError(f"num_conv must be at least 1, got {num_conv}")
        widths = [base_channels * min(2**i, WIDEST) for i in range(num_conv + 1)]
        first = ConvModule(in_channels, widths[0], 4, 2, 1, act_cfg=LEAKY_RELU)
        stages = [
            ConvModule(
                widths[i - 1],
                widths[i],
                4,
                stride=2 if i < num_conv else 1,
                padding=1,
                bias=biased(norm_cfg),
                norm_cfg=norm_cfg,
                act_cfg=LEAKY_RELU,
            )
            for i in range(1, num_conv + 1)
        ]
        self.model = nn.Sequential(first, *stages, nn.Conv2d(widths[-1], 1, 4, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Score the patches of images.

        Args:
            x (Tensor): Images ``(N, in_channels, H, W)``.

        Returns:
            Tensor: Scores ``(N, 1, h, w)``; with ``num_conv=3`` h is ``H / 8 - 2``.
        """
        result: Tensor = self.model(x)
        return result
