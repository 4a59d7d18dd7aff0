"""The DCGAN generator."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn as nn
from torch import Tensor

from mmlight.generative.models.conv_module import ConvModule
from mmlight.model import BaseModule, NormalInit, normal_init
from mmlight.registry import MODELS

Noise = Tensor | Callable[..., Tensor] | None

# Defaults of arguments; nobody changes them.
BN = {"type": "BN"}
RELU = {"type": "ReLU"}
TANH = {"type": "Tanh"}


class DCGANGeneratorInit(NormalInit):
    """Fills the convolutions and norms of a generator, one after the other, as MMagic does.

    Weights of convolutions are from N(0, 0.02) as in the paper, scales of norms from N(0, 1).

    The arguments are those of :class:`~mmlight.model.BaseInit`.
    """

    def fill(self, layer: nn.Module) -> None:
        """Fill one layer, a convolution or a norm."""
        normal_init(layer, 0, 0.02 if isinstance(layer, nn.ConvTranspose2d) else 1)


GENERATOR_INIT = {
    "type": DCGANGeneratorInit,
    "layer": ["ConvTranspose2d", "_BatchNorm", "_InstanceNorm"],
}


def stages_between(small: int, large: int) -> int:
    """Count the doublings that lead from one image side to another.

    Args:
        small (int): Side of the small image, pixels.
        large (int): Side of the large image, pixels.

    Returns:
        int: The number of stages, at least 1.

    Raises:
        ValueError: If ``large`` is not ``small`` times a power of two, or not larger.

    Example:
        >>> stages_between(4, 32)
        3
    """
    stages = round(math.log2(large / small))
    if stages < 1 or small * 2**stages != large:
        raise ValueError(f"{large} must be {small} times 2, 4, 8, ...")
    return stages


@MODELS.register_module()
class DCGANGenerator(BaseModule):
    """Generator of DCGAN: noise becomes an image through transposed convolutions.

    Source: Radford, Metz, Chintala, "Unsupervised Representation Learning with Deep Convolutional
    Generative Adversarial Networks", ICLR 2016.

    Args:
        output_scale (int): Side of the image, pixels.
        out_channels (int): Channels of the image. Defaults to 3.
        base_channels (int): Channels of the first feature map; each stage halves them.
            Defaults to 1024.
        input_scale (int): Side of the first feature map, pixels. Defaults to 4.
        noise_size (int): Length of a noise vector. Defaults to 100.
        default_norm_cfg (dict, optional): Norm of all blocks but the last. Defaults to BN.
        default_act_cfg (dict, optional): Activation of all blocks but the last. Defaults to ReLU.
        out_act_cfg (dict, optional): Activation of the image. Defaults to Tanh.
        pretrained (str, optional): Checkpoint that gives the first weights. Defaults to None.
        init_cfg (dict | list, optional): How weights start. Defaults to
            :class:`DCGANGeneratorInit`.

    Raises:
        ValueError: If ``output_scale`` is not ``input_scale`` times a power of two.

    Example:
        >>> generator = DCGANGenerator(32, out_channels=1, base_channels=16, noise_size=8)
        >>> generator(None, num_batches=2).shape
        torch.Size([2, 1, 32, 32])
    """

    def __init__(
        self,
        output_scale: int,
        out_channels: int = 3,
        base_channels: int = 1024,
        input_scale: int = 4,
        noise_size: int = 100,
        default_norm_cfg: dict[str, Any] | None = BN,
        default_act_cfg: dict[str, Any] | None = RELU,
        out_act_cfg: dict[str, Any] | None = TANH,
        pretrained: str | None = None,
        init_cfg: dict[str, Any] | list[Any] | None = None,
    ) -> None:
        if pretrained is not None:
            init_cfg = {"type": "Pretrained", "checkpoint": pretrained}
        super().__init__(init_cfg=GENERATOR_INIT if init_cfg is None else init_cfg)
        self.output_scale = output_scale
        self.noise_size = noise_size
        stages = stages_between(input_scale, output_scale)
        block: dict[str, Any] = {
            "transposed": True,
            "norm_cfg": default_norm_cfg,
            "act_cfg": default_act_cfg,
        }
        self.noise2feat = ConvModule(noise_size, base_channels, input_scale, **block)
        widths = [base_channels // 2**i for i in range(stages)]
        self.upsampling = nn.ModuleList(
            ConvModule(wide, narrow, 4, stride=2, padding=1, **block)
            for wide, narrow in itertools.pairwise(widths)
        )
        self.output_layer = ConvModule(
            widths[-1], out_channels, 4, 2, 1, transposed=True, act_cfg=out_act_cfg
        )

    def forward(
        self, noise: Noise, num_batches: int = 0, return_noise: bool = False
    ) -> Tensor | dict[str, Tensor]:
        """Generate images.

        Args:
            noise (Tensor | Callable | None): Noise ``(N, noise_size)`` or ``(N, noise_size, 1,
                1)``, or a function that is given the shape ``(N, noise_size)``, or None for
                noise from N(0, 1).
            num_batches (int): N, needed unless ``noise`` is a tensor. Defaults to 0.
            return_noise (bool): Also return the noise. Defaults to False.

        Returns:
            Tensor | dict: Images ``(N, out_channels, output_scale, output_scale)``; or a dict of
            them, ``fake_img``, and of ``noise_batch``.

        Raises:
            ValueError: If the noise has another length, or no number of images is given.
        """
        if not isinstance(noise, Tensor):
            if num_batches <= 0:
                raise ValueError(f"num_batches must be positive to draw noise, got {num_batches}")
            draw = torch.randn if noise is None else noise
            noise = draw((num_batches, self.noise_size))
        if noise.ndim not in (2, 4) or noise.shape[1] != self.noise_size:
            raise ValueError(
                f"noise must be (N, {self.noise_size}) or (N, {self.noise_size}, 1, 1), "
                f"got {tuple(noise.shape)}"
            )
        weight = self.noise2feat.conv.weight
        noise = noise.reshape(len(noise), self.noise_size, 1, 1).to(weight.device)
        image = self.noise2feat(noise)
        for block in self.upsampling:
            image = block(image)
        image = self.output_layer(image)
        return {"fake_img": image, "noise_batch": noise} if return_noise else image
