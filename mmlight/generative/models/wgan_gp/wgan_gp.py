"""WGAN-GP: how its two networks train."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from mmlight.generative.models.base_gan import BaseGAN
from mmlight.generative.models.losses.gradient_penalty import gradient_penalty_loss
from mmlight.optim import OptimWrapper
from mmlight.registry import MODELS


@MODELS.register_module()
class WGANGP(BaseGAN):
    """A Wasserstein GAN whose critic is kept smooth by a penalty of its gradients.

    Source: Gulrajani et al., "Improved Training of Wasserstein GANs", NeurIPS 2017.

    ``loss_config`` may have ``gp_loss_weight``, the weight of the penalty, 10 without it, and
    ``gp_norm_mode``, see
    :func:`~mmlight.generative.models.losses.gradient_penalty.gradient_penalty_loss`, ``HWC``
    without it.

    The arguments are those of :class:`~mmlight.generative.models.BaseGAN`.

    Raises:
        ValueError: If ``loss_config`` has another entry.

    Example:
        >>> model = WGANGP(
        ...     generator=dict(type="WGANGPGenerator", noise_size=4, out_scale=8),
        ...     discriminator=dict(type="WGANGPDiscriminator", in_channel=3, in_scale=8),
        ...     loss_config=dict(gp_loss_weight=50),
        ... )
        >>> model(dict(num_batches=1))[0].fake_img.shape
        torch.Size([3, 8, 8])
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        settings = {"gp_norm_mode": "HWC", "gp_loss_weight": 10, **self.loss_config}
        self.gp_norm_mode = settings.pop("gp_norm_mode")
        self.gp_loss_weight = settings.pop("gp_loss_weight")
        if settings:
            raise ValueError(
                f"loss_config of WGANGP may have gp_norm_mode and gp_loss_weight, got "
                f"{sorted(settings)}"
            )

    def disc_loss(
        self,
        real_data: Tensor,
        fake_data: Tensor,
        disc_pred_fake: Tensor,
        disc_pred_real: Tensor,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of the discriminator: real images should score higher than generated ones.

        Args:
            real_data (Tensor): Real images ``(N, C, H, W)``.
            fake_data (Tensor): Generated images ``(N, C, H, W)``.
            disc_pred_fake (Tensor): Scores of the generated images ``(N, 1)``.
            disc_pred_real (Tensor): Scores of the real images ``(N, 1)``.

        Returns:
            tuple: The loss to minimise, and what to log.
        """
        penalty = gradient_penalty_loss(
            self.discriminator, real_data, fake_data, norm_mode=self.gp_norm_mode
        )
        return self.parse_losses(
            {
                "loss_disc_fake": disc_pred_fake.mean(),
                "loss_disc_real": -disc_pred_real.mean(),
                "loss_gp": self.gp_loss_weight * penalty,
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
        """Update the discriminator once.

        Returns:
            dict[str, Tensor]: ``loss``, ``loss_disc_fake``, ``loss_disc_real`` and ``loss_gp``.
        """
        real = self.real_images(inputs, data_samples)
        with torch.no_grad():
            fake = self.generator(self.noise_fn(num_batches=len(real)))
        pred_fake, pred_real = self.discriminator(fake), self.discriminator(real)
        loss, log_vars = self.disc_loss(real, fake, pred_fake, pred_real)
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
        fake = self.generator(self.noise_fn(num_batches=len(real)))
        loss, log_vars = self.gen_loss(self.discriminator(fake))
        optimizer_wrapper.update_params(loss)
        return log_vars
