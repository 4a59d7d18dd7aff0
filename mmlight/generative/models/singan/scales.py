"""What the two networks of SinGAN have in common: one small network a scale."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from mmlight.generative.models.conv_module import ConvModule
from mmlight.model import BaseModule, normal_init

# Scales that have the same number of channels, so that each can start from the one before.
_SCALES_OF_A_WIDTH = 4
_MOST_CHANNELS = 128


class ConvChain(nn.Module):
    """Convolutions one after the other, with as many channels in or fewer from each to the next.

    Args:
        in_channels (int): Channels of the image.
        out_channels (int): Channels of the result.
        kernel_size (int): Side of the kernels, pixels.
        padding (int): Zero padding of each convolution, pixels.
        num_layers (int): Number of convolutions, at least 3.
        base_channels (int): Channels after the first convolution.
        min_feat_channels (int): Channels that the last but one has at least; each after the first
            halves them.
        out_act_cfg (dict, optional): Activation of the result. Defaults to None.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        padding: int,
        num_layers: int,
        base_channels: int,
        min_feat_channels: int,
        out_act_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        inner: dict[str, Any] = {
            "norm_cfg": {"type": "BN"},
            "act_cfg": {"type": "LeakyReLU", "negative_slope": 0.2},
        }
        shape: dict[str, Any] = {"kernel_size": kernel_size, "padding": padding}
        width = base_channels
        self.head = ConvModule(in_channels, width, **shape, **inner)
        self.body = nn.Sequential()
        for index in range(1, num_layers - 1):
            narrow = max(base_channels // 2**index, min_feat_channels)
            self.body.add_module(f"block{index}", ConvModule(width, narrow, **shape, **inner))
            width = narrow
        self.tail = ConvModule(width, out_channels, **shape, act_cfg=out_act_cfg)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                normal_init(module, 0, 0.02)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the convolutions to ``(N, in_channels, H, W)``."""
        result: Tensor = self.tail(self.body(self.head(x)))
        return result


class MultiScaleNetwork(BaseModule):
    """A network a scale, from the smallest on; every fourth has twice as many channels.

    Args:
        num_scales (int): Number of the last scale; there is one more, for they count from 0.
        kernel_size (int): Side of the kernels, pixels, an odd number.
        num_layers (int): Convolutions of a scale.
        base_channels (int): Channels after the first convolution of the first scales.
        min_feat_channels (int): Least channels within the first scales.
        init_cfg (dict | list, optional): How weights start.
        **chain (Any): The other arguments of :class:`ConvChain`.

    Raises:
        ValueError: If there are fewer than 3 layers, or the kernel has no middle.
    """

    def __init__(
        self,
        num_scales: int,
        kernel_size: int,
        num_layers: int,
        base_channels: int,
        min_feat_channels: int,
        init_cfg: dict[str, Any] | list[Any] | None,
        **chain: Any,
    ) -> None:
        super().__init__(init_cfg)
        if num_layers < 3:
            raise ValueError(f"num_layers must be at least 3, got {num_layers}")
        if kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd, got {kernel_size}")
        self.num_scales = num_scales
        self.blocks = nn.ModuleList()
        for scale in range(num_scales + 1):
            wider = 2 ** (scale // _SCALES_OF_A_WIDTH)
            self.blocks.append(
                ConvChain(
                    kernel_size=kernel_size,
                    num_layers=num_layers,
                    base_channels=min(base_channels * wider, _MOST_CHANNELS),
                    min_feat_channels=min(min_feat_channels * wider, _MOST_CHANNELS),
                    **chain,
                )
            )

    def check_and_load_prev_weight(self, curr_scale: int) -> None:
        """Let a scale start with the weights of the scale before, if it has as many channels.

        Args:
            curr_scale (int): The scale that begins to train.
        """
        if curr_scale == 0:
            return
        before, block = self.blocks[curr_scale - 1], self.blocks[curr_scale]
        weights = before.state_dict()
        if all(value.shape == weights[name].shape for name, value in block.state_dict().items()):
            block.load_state_dict(weights)
