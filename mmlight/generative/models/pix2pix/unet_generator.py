"""The U-Net of pix2pix."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from mmlight.generative.models.conv_module import ConvModule
from mmlight.generative.models.gain_init import NORMAL_INIT
from mmlight.generative.models.patch_discriminator import BN, WIDEST, biased
from mmlight.model import BaseModule
from mmlight.registry import MODELS

RELU = {"type": "ReLU"}


class UnetLevel(nn.Module):
    """A level of a U-Net below the first: half the size and back, beside what came in.

    Args:
        channels (int): Channels of what comes in.
        inner_channels (int): Channels at half the size.
        norm_cfg (dict): Norm after the convolutions.
        inside (nn.Module, optional): The next level; None for the last.
        dropout (bool): Whether half of what is made is dropped in training. Defaults to False.

    Example:
        >>> UnetLevel(4, 8, dict(type="BN"), None)(torch.zeros(1, 4, 8, 8)).shape
        torch.Size([1, 8, 8, 8])
    """

    def __init__(
        self,
        channels: int,
        inner_channels: int,
        norm_cfg: dict[str, Any],
        inside: nn.Module | None,
        dropout: bool = False,
    ) -> None:
        super().__init__()
        bias = biased(norm_cfg)
        down_norm = norm_cfg if inside is not None else None  # at the last level there is one value
        parts: list[nn.Module] = [
            ConvModule(channels, inner_channels, 4, 2, 1, norm_cfg=down_norm, bias=bias)
        ]
        if inside is not None:
            parts.append(inside)
        parts.append(
            ConvModule(
                inner_channels if inside is None else 2 * inner_channels,
                channels,
                4,
                stride=2,
                padding=1,
                transposed=True,
                norm_cfg=norm_cfg,
                act_cfg=RELU,
                bias=bias,
                act_first=True,
            )
        )
        if dropout:
            parts.append(nn.Dropout(0.5))
        self.model = nn.Sequential(*parts)

    def forward(self, x: Tensor) -> Tensor:
        """Run the level.

        Args:
            x (Tensor): Feature map ``(N, channels, H, W)``.

        Returns:
            Tensor: Feature map ``(N, 2 * channels, H, W)``: what came in, rectified, and what was
            made of it.
        """
        x = leaky_relu(x, 0.2)
        return torch.cat((x, self.model(x)), 1)


class _FirstLevel(nn.Module):
    """The level of the images; a module of its own for the names of the weights."""

    def __init__(self, *parts: nn.Module) -> None:
        super().__init__()
        self.model = nn.Sequential(*parts)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.model(x)
        return result


@MODELS.register_module()
class UnetGenerator(BaseModule):
    """Generator of pix2pix: an encoder and a decoder that are joined at each size.

    Source: Isola, Zhu, Zhou, Efros, "Image-to-Image Translation with Conditional Adversarial
    Networks", CVPR 2017.

    Args:
        in_channels (int): Channels of the source image.
        out_channels (int): Channels of the image made.
        num_down (int): How often the size is halved, at least 5; 8 lead from 256 pixels to one.
            Defaults to 8.
        base_channels (int): Channels of the first feature map; each level doubles them up to
            eight times. Defaults to 64.
        norm_cfg (dict): Norm of all convolutions but those at the image and at the smallest size.
            Defaults to BN.
        use_dropout (bool): Drop half of the values at the levels of most channels but the last;
            there is no other noise. Defaults to False.
        init_cfg (dict | list, optional): How weights start. Defaults to N(0, 0.02).

    Raises:
        ValueError: If ``num_down`` is less than 5.

    Example:
        >>> UnetGenerator(3, 1, num_down=5, base_channels=4)(torch.zeros(2, 3, 64, 32)).shape
        torch.Size([2, 1, 64, 32])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        num_down: int = 8,
        base_channels: int = 64,
        norm_cfg: dict[str, Any] = BN,
        use_dropout: bool = False,
        init_cfg: dict[str, Any] | list[dict[str, Any]] | None = NORMAL_INIT,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if num_down < 5:
            raise ValueError(f"num_down must be at least 5, got {num_down}")
        self.num_down = num_down
        widths = [base_channels * min(2**level, WIDEST) for level in range(num_down)]
        inside: nn.Module | None = None
        for level in reversed(range(1, num_down)):
            dropout = use_dropout and 4 <= level < num_down - 1
            inside = UnetLevel(widths[level - 1], widths[level], norm_cfg, inside, dropout)
        assert inside is not None
        self.model = _FirstLevel(
            ConvModule(in_channels, base_channels, 4, 2, 1, bias=biased(norm_cfg)),
            inside,
            ConvModule(
                2 * base_channels,
                out_channels,
                4,
                stride=2,
                padding=1,
                transposed=True,
                act_cfg=RELU,
                act_first=True,
            ),
            nn.Tanh(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Translate images.

        Args:
            x (Tensor): Images ``(N, in_channels, H, W)``; H and W are multiples of
                ``2 ** num_down``.

        Returns:
            Tensor: Images ``(N, out_channels, H, W)``, -1 to 1.

        Raises:
            ValueError: If the size does not fit.
        """
        factor = 2**self.num_down
        if x.shape[-2] % factor or x.shape[-1] % factor:
            raise ValueError(
                f"UnetGenerator(num_down={self.num_down}) takes images whose height and width are "
                f"multiples of {factor}, got {x.shape[-2]} x {x.shape[-1]}"
            )
        result: Tensor = self.model(x)
        return result
