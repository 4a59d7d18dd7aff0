"""PGGAN: how its two networks grow and train."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from mmlight.dist import get_world_size
from mmlight.generative.models.base_gan import BaseGAN
from mmlight.generative.models.losses.gradient_penalty import gradient_penalty_loss
from mmlight.generative.models.pggan.schedule import ScaleSchedule
from mmlight.logging import MessageHub
from mmlight.optim import OptimWrapper, OptimWrapperDict
from mmlight.registry import MODELS

# What the message hub, and so a checkpoint, calls the number of images before the scale began.
SCALE_BEGAN = "pggan_scale_began"


@MODELS.register_module()
class ProgressiveGrowingGAN(BaseGAN):
    """A GAN that begins with small images and grows.

    Each scale has optimizers of its own, ``generator_8`` and ``discriminator_8`` for 8 x 8
    pixels, see :class:`~mmlight.engine.PGGANOptimWrapperConstructor`; images larger than the
    scale are made smaller, and :class:`~mmlight.engine.PGGANFetchDataHook` has them read at a
    fitting size. Outside of training the model generates images of the scale that it has reached,
    before any training those of the last one.

    Source: Karras et al., "Progressive Growing of GANs for Improved Quality, Stability, and
    Variation", ICLR 2018.

    Args:
        generator (dict | nn.Module): The generator, or its config.
        discriminator (dict | nn.Module, optional): The discriminator, or its config.
        data_preprocessor (dict | nn.Module, optional): As
            :class:`~mmlight.generative.models.BaseGAN` has it.
        nkimgs_per_scale (Mapping[str | int, float]): Thousands of images by scale, see
            :class:`ScaleSchedule`.
        noise_size (int, optional): Length of a noise vector. Defaults to the generator's.
        interp_real (dict, optional): Arguments of :func:`torch.nn.functional.interpolate` for
            real images that are larger than the scale. Defaults to None: ``mode="bilinear"`` and
            ``align_corners=True``.
        transition_kimgs (float): Thousands of images in which the layers of a new scale fade in.
            Defaults to 600.
        ema_config (dict, optional): As :class:`~mmlight.generative.models.BaseGAN` has it.

    Raises:
        ValueError: If a scale is not one of the generator's.

    Example:
        >>> model = ProgressiveGrowingGAN(
        ...     generator=dict(
        ...         type="PGGANGenerator", noise_size=8, out_scale=16, base_channels=64
        ...     ),
        ...     nkimgs_per_scale={"4": 1, "8": 1, "16": 1},
        ... )
        >>> model(dict(num_batches=1))[0].fake_img.shape
        torch.Size([3, 16, 16])
        >>> model(dict(num_batches=1, sample_kwargs=dict(curr_scale=8)))[0].fake_img.shape
        torch.Size([3, 8, 8])
    """

    shown_nkimg: Tensor
    _curr_transition_weight: Tensor
    _next_scale_int: Tensor
    _curr_scale_int: Tensor

    def __init__(
        self,
        generator: dict[str, Any] | nn.Module,
        discriminator: dict[str, Any] | nn.Module | None = None,
        data_preprocessor: dict[str, Any] | nn.Module | None = None,
        nkimgs_per_scale: Mapping[str | int, float] | None = None,
        noise_size: int | None = None,
        interp_real: dict[str, Any] | None = None,
        transition_kimgs: float = 600,
        ema_config: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(
            generator,
            discriminator,
            data_preprocessor,
            noise_size=noise_size,
            ema_config=ema_config,
        )
        self._schedule = ScaleSchedule(nkimgs_per_scale or {}, transition_kimgs)
        scales = self._schedule.scales
        unknown = sorted(set(scales) - set(self.generator.scales))
        if unknown:
            raise ValueError(
                f"nkimgs_per_scale has {unknown}, the generator has the scales "
                f"{self.generator.scales}"
            )
        self.scales = [(scale, scale) for scale in scales]
        self.interp_real = interp_real or {"mode": "bilinear", "align_corners": True}
        self.register_buffer("shown_nkimg", torch.tensor(0.0))
        self.register_buffer("_curr_transition_weight", torch.tensor(1.0))
        self.register_buffer("_next_scale_int", torch.tensor(scales[0], dtype=torch.int32))
        self.register_buffer("_curr_scale_int", torch.tensor(scales[-1], dtype=torch.int32))
        # What the buffers say, for reading them at each step would wait for the device.
        self._sampled: dict[str, Any] = {"curr_scale": scales[-1], "transition_weight": 1.0}
        self._loaded = False
        self.register_load_state_dict_post_hook(_read_buffers)

    @property
    def curr_scale(self) -> tuple[int, int]:
        """tuple[int, int]: Height and width of the images of the last training step, pixels.

        Before the first one, of the first.
        """
        return (self._schedule.scale,) * 2

    @property
    def next_scale(self) -> int:
        """int: Side of the images of the next training step, pixels."""
        return self._schedule.next_scale

    def generator_arguments(self) -> dict[str, Any]:
        """Tell the generator the scale that has been reached, and how far it has faded in.

        Returns:
            dict: ``curr_scale`` and ``transition_weight``.
        """
        return self._sampled

    def train_step(  # type: ignore[override]
        self, data: Any, optim_wrapper: OptimWrapperDict
    ) -> dict[str, Any]:
        """Train both networks at the scale whose turn it is.

        Returns:
            dict[str, Any]: The losses, on the device; ``shown_nkimg``, ``curr_scale`` and
            ``transition_weight``, numbers.

        Raises:
            ValueError: If the images are smaller than the scale.
        """
        data = self.data_preprocessor(data, True)
        schedule = self._schedule
        if self._loaded:  # only now the message hub of the checkpoint is there
            began = MessageHub.get_current_instance().get_info(SCALE_BEGAN)
            schedule.resume(float(schedule.shown), schedule.scale, began)
            self._loaded = False
        before = schedule.stage
        schedule.begin_step()
        scale, weight = schedule.scale, schedule.weight
        if schedule.stage != before:
            MessageHub.get_current_instance().update_info(SCALE_BEGAN, float(schedule.began))
        self._sampled = {"curr_scale": scale, "transition_weight": weight}
        real = self._at_scale(self.real_images(data["inputs"], data["data_samples"]))
        log_vars: dict[str, Any] = self._turns(
            {"inputs": real, "data_samples": None},
            optim_wrapper[f"discriminator_{scale}"],
            optim_wrapper[f"generator_{scale}"],
        )
        schedule.end_step(len(real) * get_world_size())
        self.shown_nkimg.fill_(float(schedule.shown))
        self._curr_transition_weight.fill_(weight)
        self._next_scale_int.fill_(schedule.next_scale)
        self._curr_scale_int.fill_(scale)
        log_vars.update(
            shown_nkimg=float(schedule.shown), curr_scale=scale, transition_weight=weight
        )
        return log_vars

    def _at_scale(self, real: Tensor) -> Tensor:
        """Make real images as large as the scale."""
        side = self._schedule.scale
        if real.shape[-2:] == (side, side):
            return real
        if min(real.shape[-2:]) >= side:
            return interpolate(real, size=(side, side), **self.interp_real)
        if self._sampled["transition_weight"] == 0:
            # Read before the model grew; the discriminator still looks at half the size alone.
            return interpolate(real, size=(side, side), mode="nearest")
        raise ValueError(
            f"real images of {tuple(real.shape[-2:])} pixels are smaller than the scale, {side}: "
            "PGGANFetchDataHook changes the dataset over, or the images have to be larger"
        )

    def disc_loss(
        self,
        disc_pred_fake: Tensor,
        disc_pred_real: Tensor,
        fake_data: Tensor,
        real_data: Tensor,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of the discriminator: that of WGAN-GP, and one that keeps scores near zero.

        Args:
            disc_pred_fake (Tensor): Scores of the generated images ``(N, 1)``.
            disc_pred_real (Tensor): Scores of the real images ``(N, 1)``.
            fake_data (Tensor): Generated images ``(N, C, H, W)``.
            real_data (Tensor): Real images ``(N, C, H, W)``.

        Returns:
            tuple: The loss to minimise, and what to log.
        """
        critic = partial(self.discriminator, **self._sampled)
        penalty = gradient_penalty_loss(critic, real_data, fake_data, norm_mode="HWC")
        drift = 0.0005 * (disc_pred_fake**2 + disc_pred_real**2)
        return self.parse_losses(
            {
                "loss_disc_fake": disc_pred_fake.mean(),
                "loss_disc_real": -disc_pred_real.mean(),
                "loss_gp": 10 * penalty,
                "loss_disc_shift": drift.mean(),
            }
        )

    def gen_loss(self, disc_pred_fake: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of the generator: its images should score high.

        Args:
            disc_pred_fake (Tensor): Scores of generated images ``(N, 1)``.

        Returns:
            tuple: The loss to minimise, and what to log.
        """
        return self.parse_losses({"loss_gen": -disc_pred_fake.mean()})

    def train_discriminator(
        self,
        inputs: dict[str, Any],
        data_samples: Sequence[Any] | None,
        optimizer_wrapper: OptimWrapper,
    ) -> dict[str, Tensor]:
        real = self.real_images(inputs, data_samples)
        with torch.no_grad():
            fake = self.generator(self.noise_fn(num_batches=len(real)), **self._sampled)
        pred_fake = self.discriminator(fake, **self._sampled)
        pred_real = self.discriminator(real, **self._sampled)
        loss, log_vars = self.disc_loss(pred_fake, pred_real, fake, real)
        optimizer_wrapper.update_params(loss)
        return log_vars

    def train_generator(
        self,
        inputs: dict[str, Any],
        data_samples: Sequence[Any] | None,
        optimizer_wrapper: OptimWrapper,
    ) -> dict[str, Tensor]:
        """Update the generator once.

        Returns:
            dict[str, Tensor]: ``loss`` and ``loss_gen``.
        """
        real = self.real_images(inputs, data_samples)
        fake = self.generator(self.noise_fn(num_batches=len(real)), **self._sampled)
        loss, log_vars = self.gen_loss(self.discriminator(fake, **self._sampled))
        optimizer_wrapper.update_params(loss)
        return log_vars


def _read_buffers(model: ProgressiveGrowingGAN, incompatible_keys: Any) -> None:
    """Go on at the scale of a checkpoint that has just been loaded."""
    model._sampled = {
        "curr_scale": int(model._curr_scale_int),
        "transition_weight": float(model._curr_transition_weight),
    }
    model._schedule.resume(float(model.shown_nkimg), int(model._curr_scale_int), None)
    model._loaded = True
