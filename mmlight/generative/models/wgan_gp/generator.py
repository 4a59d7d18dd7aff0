"""The generator of WGAN-GP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from mmlight.generative.models.conv_module import ConvModule
from mmlight.model import BaseModule
from mmlight.registry import MODELS

Noise = Tensor | Callable[..., Tensor] | None

CONVOLUTION: dict[str, Any] = {
    "kernel_size": 3,
    "stride": 1,
    "padding": 1,
    "bias": True,
    "norm_cfg": {"type": "BN"},
    "act_cfg": {"type": "ReLU"},
}
UPSAMPLING: dict[str, Any] = {"scale_factor": 2, "mode": "nearest"}
# The layer that makes an image is drawn once more when weights are initialised.
GENERATOR_INIT = {"type": "Kaiming", "override": {"name": "to_rgb", "type": "Kaiming"}}


def scales_up_to(scale: int) -> list[int]:
    """List the sides of the feature maps, pixels, from 4 by doubling.

    Args:
        scale (int): Side of the image, pixels.

    Returns:
        list[int]: 4, 8, and so on.

    Raises:
        ValueError: If the image's side is not among them.

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


def width_at(scale: int, max_channels: int = 512) -> int:
    """Tell how many channels feature maps of a size have.

    Args:
        scale (int): Side of the feature map, pixels.
        max_channels (int): They are no more than this. Defaults to 512.

    Returns:
        int: ``max_channels``, at most 256 at 16 pixels, and half as many for each doubling.

    Example:
        >>> [width_at(scale) for scale in (4, 8, 16, 128)]
        [512, 512, 256, 32]
    """
    return min(max_channels, 4096 // scale)


class WGANNoiseTo2DFeat(nn.Module):
    """Turns noise into the first feature map.

    Args:
        noise_size (int): Length of a noise vector.
        out_channels (int): Channels of the feature map.
    """

    def __init__(self, noise_size: int, out_channels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(noise_size, out_channels * 16, bias=False)
        self.activation = nn.ReLU()
        self.norm = nn.BatchNorm2d(out_channels)
        self.bias = nn.Parameter(torch.zeros(1, out_channels, 1, 1))
        nn.init.normal_(self.linear.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Make the feature map.

        Args:
            x (Tensor): Noise ``(N, noise_size)``.

        Returns:
            Tensor: ``(N, out_channels, 4, 4)``.
        """
        x = self.linear(x).reshape(len(x), -1, 4, 4) + self.bias
        result: Tensor = self.norm(self.activation(x))
        return result


@MODELS.register_module()
class WGANGPGenerator(BaseModule):
    """Generator of WGAN-GP: noise becomes an image by nearest-neighbour growth and convolutions.

    Source: Gulrajani et al., "Improved Training of Wasserstein GANs", NeurIPS 2017.

    Args:
        noise_size (int): Length of a noise vector.
        out_scale (int): Side of the image, pixels: 4, 8, 16, and so on.
        conv_module_cfg (dict, optional): Arguments of the :class:`ConvModule` blocks. Defaults to
            None: kernels of 3 x 3 with bias, BN and ReLU.
        upsample_cfg (dict, optional): Arguments of ``nn.Upsample``. Defaults to None:
            ``scale_factor=2`` and ``mode="nearest"``.
        init_cfg (dict | list, optional): How weights start. Defaults to None: by Kaiming's rule,
            and of N(0, 1) behind the noise.
        out_channels (int): Channels of the image. Defaults to 3.
        max_channels (int): See :func:`width_at`. Defaults to 512.

    Raises:
        ValueError: If ``out_scale`` is not 4 times a power of two.

    Example:
        >>> generator = WGANGPGenerator(noise_size=8, out_scale=8)
        >>> generator(None, num_batches=2).shape
        torch.Size([2, 3, 8, 8])
    """

    def __init__(
        self,
        noise_size: int,
        out_scale: int,
        conv_module_cfg: dict[str, Any] | None = None,
        upsample_cfg: dict[str, Any] | None = None,
        init_cfg: dict[str, Any] | list[Any] | None = None,
        out_channels: int = 3,
        max_channels: int = 512,
    ) -> None:
        super().__init__(init_cfg=GENERATOR_INIT if init_cfg is None else init_cfg)
        self.noise_size = noise_size
        self.out_scale = out_scale
        first, *larger = scales_up_to(out_scale)
        block = CONVOLUTION if conv_module_cfg is None else conv_module_cfg
        growth: dict[str, Any] = (
            {"scale_factor": 2, "mode": "nearest"} if upsample_cfg is None else upsample_cfg
        )
        width = width_at(first, max_channels)
        self.noise2feat = WGANNoiseTo2DFeat(noise_size, width)
        self.conv_blocks = nn.ModuleList([ConvModule(width, width, **block)])
        for scale in larger:
            narrow = width_at(scale, max_channels)
            self.conv_blocks.append(nn.Upsample(**growth))
            self.conv_blocks.append(ConvModule(width, narrow, **block))
            self.conv_blocks.append(ConvModule(narrow, narrow, **block))
            width = narrow
        self.to_rgb = ConvModule(width, out_channels, 1, act_cfg={"type": "Tanh"})

    def forward(
        self, noise: Noise, num_batches: int = 0, return_noise: bool = False
    ) -> Tensor | dict[str, Tensor]:
        """Generate images.

        Args:
            noise (Tensor | Callable | None): Noise ``(N, noise_size)``, or a function that is
                given this shape, or None for noise from N(0, 1).
            num_batches (int): N, needed unless ``noise`` is a tensor. Defaults to 0.
            return_noise (bool): Also return the noise. Defaults to False.

        Returns:
            Tensor | dict: Images ``(N, out_channels, out_scale, out_scale)`` from -1 to 1; or a
            dict of them, ``fake_img``, and of ``noise_batch``.

        Raises:
            ValueError: If the noise has another shape, or no number of images is given.
        """
        if not isinstance(noise, Tensor):
            if num_batches <= 0:
                raise ValueError(f"num_batches must be positive to draw noise, got {num_batches}")
            draw = torch.randn if noise is None else noise
            noise = draw((num_batches, self.noise_size))
        if noise.ndim != 2 or noise.shape[1] != self.noise_size:
            raise ValueError(f"noise must be (N, {self.noise_size}), got {tuple(noise.shape)}")
        noise = noise.to(self.noise2feat.linear.weight.device)
        image = self.noise2feat(noise)
        for block in self.conv_blocks:
            image = block(image)
        image = self.to_rgb(image)
        return {"fake_img": image, "noise_batch": noise} if return_noise else image
