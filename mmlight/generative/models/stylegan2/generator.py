"""The generator of StyleGAN2."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
import torch.nn as nn
from torch import Tensor

from mmlight.generative.models.stylegan2.layers import EqualLinear, channels_by_size, levels_of
from mmlight.generative.models.stylegan2.modulation import StyledConv, ToRGB
from mmlight.model import BaseModule
from mmlight.registry import MODELS

Styles = Tensor | Sequence[Tensor] | Callable[..., Tensor] | None
STYLE_MODES = ("mix", "single")


class PixelNorm(nn.Module):
    """Scales vectors to a mean square of one.

    Args:
        eps (float): Added to the root of the mean square.
    """

    def __init__(self, eps: float) -> None:
        super().__init__()
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Scale vectors ``(N, C)``."""
        length = torch.linalg.norm(x, dim=1, keepdim=True)
        result: Tensor = x / (length / x.shape[1] ** 0.5 + self.eps)
        return result


class ConstantInput(nn.Module):
    """The learned feature map that all images start from.

    Args:
        channels (int): Its channels.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.input = nn.Parameter(torch.randn(1, channels, 4, 4))

    def forward(self, style: Tensor) -> Tensor:
        """Give it for each of N styles: ``(N, channels, 4, 4)``."""
        return self.input.repeat(len(style), 1, 1, 1)


@MODELS.register_module()
class StyleGANv2Generator(BaseModule):
    """Generator of StyleGAN2: noise becomes styles, and styles make an image.

    Source: Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", CVPR 2020.

    Args:
        out_size (int): Side of the image, pixels, a power of two from 4 to 1024.
        style_channels (int): Features of a style.
        out_channels (int): Channels of the image. Defaults to 3.
        noise_size (int, optional): Length of a noise vector. Defaults to ``style_channels``.
        num_mlps (int): Layers that make a style of noise. Defaults to 8.
        channel_multiplier (int): What the channels from 64 pixels on are multiplied with.
            Defaults to 2.
        blur_kernel (Sequence[float]): The filter after each doubling. Defaults to ``(1, 3, 3,
            1)``.
        lr_mlp (float): Share of the optimizer's steps that those layers make. Defaults to 0.01.
        default_style_mode (str): In training, ``mix`` for images with two styles now and then,
            or ``single``. Defaults to ``mix``.
        eval_style_mode (str): The same in evaluation. Defaults to ``single``.
        norm_eps (float): See :class:`PixelNorm`. Defaults to 1e-6.
        mix_prob (float): How often ``mix`` takes two styles. Defaults to 0.9.
        num_fp16_scales (int): How many of the largest scales compute in half precision.
            Defaults to 0.
        fp16_enabled (bool): Whether all do. Defaults to False.
        bgr2rgb (bool): Whether the channels of the image are turned round. Defaults to False.
        pretrained (dict, optional): Where the first weights are: ``ckpt_path`` and perhaps
            ``prefix``, as ``generator_ema.module``. Defaults to None.
        max_channels (int): The channels of no feature map are more. Defaults to 512.

    Raises:
        ValueError: If the size or a mode is not known.

    Example:
        >>> generator = StyleGANv2Generator(8, style_channels=4, num_mlps=2)
        >>> generator(None, num_batches=2).shape
        torch.Size([2, 3, 8, 8])
    """

    def __init__(
        self,
        out_size: int,
        style_channels: int,
        out_channels: int = 3,
        noise_size: int | None = None,
        num_mlps: int = 8,
        channel_multiplier: int = 2,
        blur_kernel: Sequence[float] = (1, 3, 3, 1),
        lr_mlp: float = 0.01,
        default_style_mode: str = "mix",
        eval_style_mode: str = "single",
        norm_eps: float = 1e-6,
        mix_prob: float = 0.9,
        num_fp16_scales: int = 0,
        fp16_enabled: bool = False,
        bgr2rgb: bool = False,
        pretrained: dict[str, Any] | None = None,
        max_channels: int = 512,
    ) -> None:
        super().__init__(init_cfg=None if pretrained is None else _pretrained_init(pretrained))
        for mode in (default_style_mode, eval_style_mode):
            if mode not in STYLE_MODES:
                raise ValueError(f"a style mode is one of {', '.join(STYLE_MODES)}, got {mode!r}")
        self.levels = levels_of(out_size, "out_size")
        self.out_size = out_size
        self.style_channels = style_channels
        self.noise_size = style_channels if noise_size is None else noise_size
        self.default_style_mode = default_style_mode
        self.eval_style_mode = eval_style_mode
        self.mix_prob = mix_prob
        self.fp16_enabled = fp16_enabled
        self.bgr2rgb = bgr2rgb
        self.num_latents = 2 * self.levels - 2
        self._truncation_latent: Tensor | None = None
        widths = [self.noise_size, *[style_channels] * num_mlps]
        self.style_mapping = nn.Sequential(
            PixelNorm(norm_eps),
            *(
                EqualLinear(inputs, outputs, lr_mul=lr_mlp, activate=True)
                for inputs, outputs in itertools.pairwise(widths)
            ),
        )
        channels = channels_by_size(channel_multiplier, max_channels)
        self._build_synthesis(out_channels, channels, blur_kernel, num_fp16_scales)
        for index, noise in enumerate(self.make_injected_noise()):
            self.register_buffer(f"injected_noise_{index}", noise)

    def _build_synthesis(
        self,
        out_channels: int,
        channels: dict[int, int],
        blur_kernel: Sequence[float],
        num_fp16_scales: int,
    ) -> None:
        width, styles, half = channels[4], self.style_channels, self.fp16_enabled
        self.constant_input = ConstantInput(width)
        self.conv1 = StyledConv(width, width, styles, blur_kernel, half=half)
        self.to_rgb1 = ToRGB(width, out_channels, styles, half=half)
        self.convs = nn.ModuleList()
        self.to_rgbs = nn.ModuleList()
        for level in range(3, self.levels + 1):
            half = self.fp16_enabled or level > self.levels - num_fp16_scales
            wide, width = width, channels[2**level]
            self.convs.append(StyledConv(wide, width, styles, blur_kernel, True, half))
            self.convs.append(StyledConv(width, width, styles, blur_kernel, half=half))
            self.to_rgbs.append(ToRGB(width, out_channels, styles, blur_kernel, half))

    def make_injected_noise(self) -> list[Tensor]:
        """Draw noise for each convolution.

        Returns:
            list[Tensor]: One map for 4 x 4 pixels, then two for each scale: ``(1, 1, H, W)``.
        """
        device = self.constant_input.input.device
        sizes = [4, *(2**level for level in range(3, self.levels + 1) for _ in range(2))]
        return [torch.randn(1, 1, size, size, device=device) for size in sizes]

    def train(self, mode: bool = True) -> StyleGANv2Generator:
        """Turn to training, where a mean style that was computed is forgotten, or to evaluation."""
        if mode:
            self._truncation_latent = None
        return super().train(mode)

    @torch.no_grad()
    def get_mean_latent(self, num_samples: int = 4096, bs_per_repeat: int = 1024) -> Tensor:
        """Compute the mean of styles.

        Args:
            num_samples (int): Number of styles. Defaults to 4096.
            bs_per_repeat (int): How many are computed at once. Defaults to 1024.

        Returns:
            Tensor: ``(1, style_channels)``.

        Raises:
            ValueError: If the first number is no multiple of the second.
        """
        if num_samples <= 0 or num_samples % bs_per_repeat:
            raise ValueError(
                f"num_samples must be a multiple of bs_per_repeat={bs_per_repeat}, got "
                f"{num_samples}"
            )
        device = self.constant_input.input.device
        repeats = num_samples // bs_per_repeat
        total = torch.zeros(1, self.style_channels, device=device)
        for _ in range(repeats):
            noise = torch.randn(bs_per_repeat, self.noise_size, device=device)
            total += self.style_mapping(noise).mean(0, keepdim=True)
        return total / repeats

    def forward(
        self,
        styles: Styles,
        num_batches: int = 0,
        return_noise: bool = False,
        return_latents: bool = False,
        return_latent_only: bool = False,
        inject_index: int | None = None,
        truncation: float = 1.0,
        truncation_latent: Tensor | None = None,
        input_is_latent: bool = False,
        injected_noise: Sequence[Tensor] | None = None,
        add_noise: bool = True,
        randomize_noise: bool = True,
    ) -> Tensor | dict[str, Any]:
        """Generate images.

        Args:
            styles (Tensor | Sequence[Tensor] | Callable | None): Noise ``(N, noise_size)``, or
                two of it for images with two styles, or a function of that shape, or None for
                noise from N(0, 1). With ``input_is_latent`` styles ``(N, style_channels)``, or
                in a list one for each layer ``(N, num_latents, style_channels)``.
            num_batches (int): N, needed unless there is a tensor. Defaults to 0.
            return_noise (bool): Return the noise with the images. Defaults to False.
            return_latents (bool): Return the styles with the images. Defaults to False.
            return_latent_only (bool): Return the styles alone. Defaults to False.
            inject_index (int, optional): The first layer that has the second style. Defaults to
                None, a random one.
            truncation (float): Share of the way from the mean style. Defaults to 1.
            truncation_latent (Tensor, optional): The mean style ``(1, style_channels)``.
                Defaults to None: it is computed once and kept until the next training.
            input_is_latent (bool): Whether ``styles`` are styles. Defaults to False.
            injected_noise (Sequence[Tensor], optional): What :meth:`make_injected_noise` gave.
                Defaults to None.
            add_noise (bool): Whether noise is added in the layers. Defaults to True.
            randomize_noise (bool): Whether it is drawn anew; otherwise it is the one that
                checkpoints hold. Defaults to True.

        Returns:
            Tensor | dict: Images ``(N, out_channels, out_size, out_size)``; or styles ``(N,
            num_latents, style_channels)``; or a dict with ``fake_img``, ``latent``,
            ``inject_index`` and ``noise_batch``.

        Raises:
            ValueError: If noise or styles are of another shape, or N is not given.
        """
        noise = self._given(styles, num_batches, input_is_latent)
        vectors = noise if input_is_latent else [self.style_mapping(one) for one in noise]
        if truncation < 1:
            mean = self._mean_style() if truncation_latent is None else truncation_latent
            vectors = [mean + truncation * (one - mean) for one in vectors]
        latent, inject_index = self._latent_of_layers(vectors, inject_index)
        if return_latent_only:
            return latent
        maps: Sequence[Tensor | None] = [None] * (self.num_latents - 1)
        if injected_noise is not None:
            maps = injected_noise
        elif not randomize_noise:
            maps = [getattr(self, f"injected_noise_{i}") for i in range(len(maps))]
        image = self._synthesize(latent, maps, add_noise)
        if not return_noise and not return_latents:
            return image
        return {
            "fake_img": image,
            "latent": latent,
            "inject_index": inject_index,
            "noise_batch": noise,
        }

    def _given(self, styles: Styles, num_batches: int, input_is_latent: bool) -> list[Tensor]:
        """Draw the noise unless it is there, and put it on the generator's device."""
        device = self.constant_input.input.device
        if styles is None or callable(styles):
            if num_batches <= 0:
                raise ValueError(f"num_batches must be positive to draw noise, got {num_batches}")
            mode = self.default_style_mode if self.training else self.eval_style_mode
            count = 2 if mode == "mix" and random.random() < self.mix_prob else 1
            draw = partial(torch.randn, device=device) if styles is None else styles
            given = [draw((num_batches, self.noise_size)) for _ in range(count)]
        else:
            given = [styles] if isinstance(styles, Tensor) else list(styles)
            length = self.style_channels if input_is_latent else self.noise_size
            if not given or any(one.shape[-1] != length or one.ndim < 2 for one in given):
                raise ValueError(
                    f"noise or styles must be (N, {length}), got "
                    f"{[tuple(one.shape) for one in given]}"
                )
        return [one.to(device) for one in given]

    def _mean_style(self) -> Tensor:
        if self._truncation_latent is None:
            self._truncation_latent = self.get_mean_latent()
        return self._truncation_latent

    def _latent_of_layers(
        self, vectors: Sequence[Tensor], inject_index: int | None
    ) -> tuple[Tensor, int]:
        """Give each layer its style, ``(N, num_latents, style_channels)``."""
        if len(vectors) == 1:
            only = vectors[0]
            every = only.unsqueeze(1).repeat(1, self.num_latents, 1) if only.ndim == 2 else only
            return every, self.num_latents
        if inject_index is None:
            inject_index = random.randint(1, self.num_latents - 1)
        if not 0 <= inject_index <= self.num_latents:
            raise ValueError(
                f"inject_index must be from 0 to {self.num_latents}, the number of layers with a "
                f"style, got {inject_index}"
            )
        first, second = (one.unsqueeze(1) for one in vectors)
        counts = inject_index, self.num_latents - inject_index
        pair = [first.repeat(1, counts[0], 1), second.repeat(1, counts[1], 1)]
        return torch.cat(pair, 1), inject_index

    def _synthesize(
        self, latent: Tensor, noises: Sequence[Tensor | None], add_noise: bool
    ) -> Tensor:
        x = self.constant_input(latent)
        x = self.conv1(x, latent[:, 0], noises[0], add_noise)
        image = self.to_rgb1(x, latent[:, 1])
        for index, to_rgb in enumerate(self.to_rgbs):
            for layer in (2 * index, 2 * index + 1):
                x = self.convs[layer](x, latent[:, layer + 1], noises[layer + 1], add_noise)
            image = to_rgb(x, latent[:, 2 * index + 3], image)
        result: Tensor = image.flip(1) if self.bgr2rgb else image
        return result


def _pretrained_init(pretrained: dict[str, Any]) -> dict[str, Any]:
    cfg = dict(pretrained)
    if "ckpt_path" not in cfg or set(cfg) - {"ckpt_path", "prefix", "map_location"}:
        raise ValueError(
            f"pretrained has ckpt_path and perhaps prefix and map_location, got {pretrained!r}"
        )
    return {"type": "Pretrained", "checkpoint": cfg.pop("ckpt_path"), **cfg}
