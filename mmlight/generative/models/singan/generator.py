"""The generators of SinGAN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate, pad

from mmlight.generative.models.singan.scales import MultiScaleNetwork
from mmlight.registry import MODELS
from mmlight.registry.diagnostics import did_you_mean

# Default of an argument; nobody changes it.
TANH = {"type": "Tanh"}
RAND_MODES = ("rand", "recon")


@MODELS.register_module()
class SinGANMultiScaleGenerator(MultiScaleNetwork):
    """A generator a scale, each of which adds details to what the scale before has made.

    Source: T. R. Shaham, T. Dekel, T. Michaeli, "SinGAN: Learning a Generative Model from a Single
    Natural Image", 2019.

    Args:
        in_channels (int): Channels of the input, those of the image.
        out_channels (int): Channels of the image.
        num_scales (int): Number of the last scale; there is one more, for they count from 0.
        kernel_size (int): Side of the kernels, pixels, an odd number. Defaults to 3.
        padding (int): Zero padding of each convolution, pixels; what is missing to keep the size
            is put around the image before the first. Defaults to 0.
        num_layers (int): Convolutions of a scale. Defaults to 5.
        base_channels (int): Channels after the first convolution of the first four scales; the
            next four have twice as many, and so on up to 128. Defaults to 32.
        min_feat_channels (int): Channels that all layers of the first scales have at least.
            Defaults to 32.
        out_act_cfg (dict, optional): Activation of what a scale adds. Defaults to Tanh.
        init_cfg (dict | list, optional): How weights start. Defaults to None: convolutions from
            N(0, 0.02), as they are built.

    Raises:
        ValueError: If there are fewer than 3 layers, or the kernel has no middle.

    Example:
        >>> generator = SinGANMultiScaleGenerator(3, 3, num_scales=1)
        >>> noises = [torch.randn(1, 1, 9, 12), torch.zeros(1, 3, 12, 16)]
        >>> generator(torch.zeros(1, 3, 9, 12), noises, [1, 0.1], "recon", curr_scale=1).shape
        torch.Size([1, 3, 12, 16])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        num_scales: int,
        kernel_size: int = 3,
        padding: int = 0,
        num_layers: int = 5,
        base_channels: int = 32,
        min_feat_channels: int = 32,
        out_act_cfg: dict[str, Any] | None = TANH,
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
            out_channels=out_channels,
            padding=padding,
            out_act_cfg=out_act_cfg,
        )
        self.in_channels = in_channels
        self.border = num_layers * ((kernel_size - 1) // 2 - padding)

    def forward(
        self,
        input_sample: Tensor,
        fixed_noises: Sequence[Tensor],
        noise_weights: Sequence[float],
        rand_mode: str,
        curr_scale: int,
        num_batches: int = 1,
        get_prev_res: bool = False,
    ) -> Tensor | dict[str, Any]:
        """Generate images of a scale, from the smallest one on.

        Only the last scale gets gradients: those before are trained already.

        Args:
            input_sample (Tensor): What the first scale adds details to: zeros ``(1, in_channels,
                H, W)`` of the smallest size.
            fixed_noises (Sequence[Tensor]): The noise of each scale from which the real image
                comes: ``(1, 1, H, W)``, then ``(1, in_channels, H, W)``.
            noise_weights (Sequence[float]): Factor of the noise of each scale.
            rand_mode (str): ``rand`` for new noise from N(0, 1), ``recon`` for the fixed one.
            curr_scale (int): The scale.
            num_batches (int): Number N of images for ``rand``. Defaults to 1.
            get_prev_res (bool): Also give the images of the scales before. Defaults to False.

        Returns:
            Tensor | dict: Images ``(N, out_channels, H, W)``; or a dict of them, ``fake_img``, and
            of those of the scales before, ``prev_res_list``.

        Raises:
            ValueError: If the mode is not known.
        """
        if rand_mode not in RAND_MODES:
            raise ValueError(
                f"rand_mode must be one of {', '.join(RAND_MODES)}, got {rand_mode!r}."
                f"{did_you_mean(rand_mode, RAND_MODES)}"
            )
        image, before = input_sample, []
        learns = torch.is_grad_enabled()
        for scale in range(curr_scale + 1):
            noise = fixed_noises[scale]
            if scale:
                before.append(image)
                image = interpolate(image, noise.shape[-2:], mode="bicubic", align_corners=True)
            if rand_mode == "rand":
                noise = torch.randn(num_batches, *noise.shape[1:], device=noise.device)
            with torch.set_grad_enabled(learns and scale == curr_scale):
                image = self._add_details(scale, image, noise * noise_weights[scale])
        return {"fake_img": image, "prev_res_list": before} if get_prev_res else image

    def _add_details(self, scale: int, image: Tensor, noise: Tensor) -> Tensor:
        around = (self.border,) * 4
        result: Tensor = image + self.blocks[scale](pad(noise, around) + pad(image, around))
        return result
