"""The discriminator, or critic, of WGAN-GP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from mmlight.generative.models.conv_module import ConvModule
from mmlight.generative.models.image_side import refuse_other_side
from mmlight.generative.models.wgan_gp.generator import scales_up_to, width_at
from mmlight.model import BaseModule
from mmlight.registry import MODELS

LEAKY_RELU = {"type": "LeakyReLU", "negative_slope": 0.2}
CONVOLUTION: dict[str, Any] = {
    "kernel_size": 3,
    "stride": 1,
    "padding": 1,
    "bias": True,
    "norm_cfg": {"type": "LN2d"},
    "act_cfg": LEAKY_RELU,
}
# The layer that reads the image is drawn once more when weights are initialised.
DISCRIMINATOR_INIT = {
    "type": "Kaiming",
    "override": {"name": "from_rgb", "type": "Kaiming", "a": 0.2, "nonlinearity": "leaky_relu"},
}


class ConvLNModule(nn.Module):
    """A convolution, a norm over each whole image, and an activation.

    The norm's type, which is its name among the children too, is ``LN2d``, a layer norm with a
    scale and a shift for each value of the feature map, or ``GN``, which has them for each
    channel.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        scale (int): Side of the output, pixels.
        kernel_size (int): Side of the kernel, pixels.
        stride (int): Stride, pixels. Defaults to 1.
        padding (int): Zero padding, pixels. Defaults to 0.
        bias (bool): Whether the convolution has a bias. Defaults to True.
        norm_cfg (dict, optional): The norm. Defaults to None.
        act_cfg (dict, optional): The activation. Defaults to None.
        conv_cfg (None): There is one kind of convolution. Defaults to None.
        order (Sequence[str]): There is one order. Defaults to ``("conv", "norm", "act")``.

    Raises:
        ValueError: If ``conv_cfg``, ``order`` or ``norm_cfg`` asks for what there is not.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        scale: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        bias: bool = True,
        norm_cfg: dict[str, Any] | None = None,
        act_cfg: dict[str, Any] | None = None,
        conv_cfg: None = None,
        order: Sequence[str] = ("conv", "norm", "act"),
    ) -> None:
        super().__init__()
        if conv_cfg is not None or tuple(order) != ("conv", "norm", "act"):
            raise ValueError(
                "conv_module_cfg must have conv_cfg=None and order=('conv', 'norm', 'act'), got "
                f"{conv_cfg} and {order}"
            )
        block = ConvModule(
            in_channels, out_channels, kernel_size, stride, padding, act_cfg=act_cfg, bias=bias
        )
        self.conv, self.activate = block.conv, block.activate
        self.norm_name = norm_cfg["type"] if norm_cfg else ""
        if norm_cfg:
            self.add_module(self.norm_name, _build_norm(norm_cfg, out_channels, scale))

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block.

        Args:
            x (Tensor): Feature map ``(N, in_channels, H, W)``.

        Returns:
            Tensor: Feature map ``(N, out_channels, scale, scale)``.
        """
        x = self.conv(x)
        if self.norm_name:
            x = getattr(self, self.norm_name)(x)
        return x if self.activate is None else self.activate(x)


def _build_norm(cfg: dict[str, Any], channels: int, scale: int) -> nn.Module:
    kwargs = dict(cfg)
    kind = kwargs.pop("type")
    if kind == "LN2d":
        return nn.LayerNorm((channels, scale, scale), **kwargs)
    if kind == "GN":
        return nn.GroupNorm(kwargs.pop("num_groups", 1), channels, **kwargs)
    raise ValueError(f"the norm of a critic must be LN2d, GN or None, got {kind!r}")


class WGANDecisionHead(nn.Module):
    """Turns the last feature map into a score.

    Args:
        in_channels (int): Channels of the feature map, which is 4 x 4 pixels.
        mid_channels (int): Channels in between.
        norm_cfg (dict, optional): Norm in between.
    """

    def __init__(
        self, in_channels: int, mid_channels: int, norm_cfg: dict[str, Any] | None
    ) -> None:
        super().__init__()
        self.conv = ConvLNModule(
            in_channels, mid_channels, 1, kernel_size=4, norm_cfg=norm_cfg, act_cfg=LEAKY_RELU
        )
        self.linear = nn.Linear(mid_channels, 1)
        nn.init.normal_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Score the images.

        Args:
            x (Tensor): ``(N, in_channels, 4, 4)``.

        Returns:
            Tensor: ``(N, 1)``.
        """
        result: Tensor = self.linear(self.conv(x).flatten(1))
        return result


@MODELS.register_module()
class WGANGPDiscriminator(BaseModule):
    """Discriminator of WGAN-GP, a critic without batch norm: its penalty is one of each image.

    Source: Gulrajani et al., "Improved Training of Wasserstein GANs", NeurIPS 2017.

    Args:
        in_channel (int): Channels of the image.
        in_scale (int): Side of the image, pixels: 4, 8, 16, and so on.
        conv_module_cfg (dict, optional): Arguments of the :class:`ConvLNModule` blocks. Defaults
            to None: kernels of 3 x 3 with bias, ``LN2d`` and a LeakyReLU of slope 0.2.
        init_cfg (dict | list, optional): How weights start. Defaults to None: by Kaiming's rule,
            and of N(0, 1) before the score.
        max_channels (int): See :func:`~mmlight.generative.models.wgan_gp.generator.width_at`.
            Defaults to 512.

    Raises:
        ValueError: If ``in_scale`` is not 4 times a power of two, or a block asks for what there
            is not.

    Example:
        >>> import torch
        >>> WGANGPDiscriminator(in_channel=1, in_scale=8)(torch.zeros(2, 1, 8, 8)).shape
        torch.Size([2, 1])
    """

    def __init__(
        self,
        in_channel: int,
        in_scale: int,
        conv_module_cfg: dict[str, Any] | None = None,
        init_cfg: dict[str, Any] | list[Any] | None = None,
        max_channels: int = 512,
    ) -> None:
        super().__init__(init_cfg=DISCRIMINATOR_INIT if init_cfg is None else init_cfg)
        self.in_scale = in_scale
        block = CONVOLUTION if conv_module_cfg is None else conv_module_cfg
        widths = {scale: width_at(scale, max_channels) for scale in scales_up_to(in_scale)}
        smallest, *larger = widths
        self.from_rgb = ConvModule(in_channel, widths[in_scale], 1, act_cfg=LEAKY_RELU)
        self.conv_blocks = nn.ModuleList()
        for scale in reversed(larger):
            narrow, wide = widths[scale], widths[scale // 2]
            self.conv_blocks.append(ConvLNModule(narrow, narrow, scale, **block))
            self.conv_blocks.append(ConvLNModule(narrow, wide, scale, **block))
            self.conv_blocks.append(nn.AvgPool2d(2))
        width = widths[smallest]
        self.decision = WGANDecisionHead(width, width, block.get("norm_cfg"))

    def forward(self, x: Tensor) -> Tensor:
        """Score images.

        Args:
            x (Tensor): Images ``(N, in_channel, in_scale, in_scale)``.

        Returns:
            Tensor: Scores ``(N, 1)``, the higher the more real.

        Raises:
            ValueError: If the images are of another size.
        """
        refuse_other_side(x, self.in_scale, "in_scale")
        x = self.from_rgb(x)
        for block in self.conv_blocks:
            x = block(x)
        result: Tensor = self.decision(x)
        return result
