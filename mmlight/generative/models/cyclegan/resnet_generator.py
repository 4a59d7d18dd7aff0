"""The generator of CycleGAN."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from mmlight.generative.models.conv_module import ConvModule
from mmlight.generative.models.gain_init import NORMAL_INIT
from mmlight.generative.models.patch_discriminator import biased
from mmlight.model import BaseModule
from mmlight.registry import MODELS

# Defaults of arguments; nobody changes them.
IN = {"type": "IN"}
RELU = {"type": "ReLU"}
TANH = {"type": "Tanh"}


class ResidualBlockWithDropout(nn.Module):
    """Two convolutions whose result is added to what came in.

    Args:
        channels (int): Channels of what comes in and of what goes out.
        padding_mode (str): How the convolutions pad, as ``nn.Conv2d`` has it.
        norm_cfg (dict): Norm after each.
        use_dropout (bool): Drop half of the values between them in training. Defaults to False.
    """

    def __init__(
        self, channels: int, padding_mode: str, norm_cfg: dict[str, Any], use_dropout: bool = False
    ) -> None:
        super().__init__()
        first, second = (
            ConvModule(
                channels,
                channels,
                3,
                padding=1,
                bias=biased(norm_cfg),
                norm_cfg=norm_cfg,
                act_cfg=act_cfg,
                padding_mode=padding_mode,
            )
            for act_cfg in (RELU, None)
        )
        dropout = [nn.Dropout(0.5)] if use_dropout else []
        self.block = nn.Sequential(first, *dropout, second)

    def forward(self, x: Tensor) -> Tensor:
        """Run the block.

        Args:
            x (Tensor): Feature map ``(N, channels, H, W)``.

        Returns:
            Tensor: Feature map of the same shape.
        """
        result: Tensor = x + self.block(x)
        return result


@MODELS.register_module()
class ResnetGenerator(BaseModule):
    """Generator of CycleGAN: a quarter of the size, residual blocks, and back.

    Source: Zhu, Park, Isola, Efros, "Unpaired Image-to-Image Translation using Cycle-Consistent
    Adversarial Networks", ICCV 2017; after Johnson, Alahi, Fei-Fei, "Perceptual Losses for
    Real-Time Style Transfer and Super-Resolution", ECCV 2016.

    Args:
        in_channels (int): Channels of the source image.
        out_channels (int): Channels of the image made.
        base_channels (int): Channels of the first feature map; four times as many at a quarter of
            the size. Defaults to 64.
        norm_cfg (dict): Norm after all convolutions but the last. Defaults to IN.
        use_dropout (bool): Drop half of the values inside the blocks in training.
            Defaults to False.
        num_blocks (int): Residual blocks. Defaults to 9.
        padding_mode (str): How the first convolution, the blocks and the last one pad, as
            ``nn.Conv2d`` has it. Defaults to ``reflect``.
        init_cfg (dict | list, optional): How weights start. Defaults to N(0, 0.02).

    Raises:
        ValueError: If the number of blocks is negative or the padding is not known.

    Example:
        >>> import torch
        >>> net = ResnetGenerator(3, 1, base_channels=4, num_blocks=1)
        >>> net(torch.zeros(2, 3, 32, 16)).shape
        torch.Size([2, 1, 32, 16])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        base_channels: int = 64,
        norm_cfg: dict[str, Any] = IN,
        use_dropout: bool = False,
        num_blocks: int = 9,
        padding_mode: str = "reflect",
        init_cfg: dict[str, Any] | list[dict[str, Any]] | None = NORMAL_INIT,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if num_blocks < 0:
            raise ValueError(f"num_blocks must not be negative, got {num_blocks}")
        around: dict[str, Any] = {
            "norm_cfg": norm_cfg,
            "act_cfg": RELU,
            "bias": biased(norm_cfg),
        }
        wide: dict[str, Any] = {"kernel_size": 7, "padding": 3, "padding_mode": padding_mode}
        half: dict[str, Any] = {"kernel_size": 3, "stride": 2, "padding": 1, **around}
        twice: dict[str, Any] = {**half, "transposed": True, "output_padding": 1}
        base, inner = base_channels, 4 * base_channels
        self.model = nn.Sequential(
            ConvModule(in_channels, base, **wide, **around),
            ConvModule(base, 2 * base, **half),
            ConvModule(2 * base, inner, **half),
            *(
                ResidualBlockWithDropout(inner, padding_mode, norm_cfg, use_dropout)
                for _ in range(num_blocks)
            ),
            ConvModule(inner, 2 * base, **twice),
            ConvModule(2 * base, base, **twice),
            ConvModule(base, out_channels, **wide, act_cfg=TANH),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Translate images.

        Args:
            x (Tensor): Images ``(N, in_channels, H, W)``.

        Returns:
            Tensor: Images ``(N, out_channels, H', W')``, -1 to 1; H' and W' are H and W rounded
            up to multiples of 4.
        """
        result: Tensor = self.model(x)
        return result
