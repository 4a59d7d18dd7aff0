"""DCGAN: how its two networks train."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from mmlight.generative.models.base_gan import BaseGAN
from mmlight.optim import OptimWrapper
from mmlight.registry import MODELS


@MODELS.register_module()
class DCGAN(BaseGAN):
    """DCGAN with the non-saturating loss.

    Source: Radford, Metz, Chintala, "Unsupervised Representation Learning with Deep Convolutional
    Generative Adversarial Networks", ICLR 2016.

    The arguments are those of :class:`~mmlight.generative.models.BaseGAN`.

    Example:
        >>> model = DCGAN(
        ...     generator=dict(type="DCGANGenerator", output_scale=16, base_channels=8),
        ...     discriminator=dict(
        ...         type="DCGANDiscriminator", input_scale=16, output_scale=4, out_channels=1
        ...     ),
        ...     noise_size=10,
        ... )
        >>> [sample.fake_img.shape for sample in model(dict(num_batches=2))]
        [torch.Size([3, 16, 16]), torch.Size([3, 16, 16])]
    """

    def disc_loss(
        self, disc_pred_fake: Tensor, disc_pred_real: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of the discriminator: generated images are class 0, real ones class 1.

        Args:
            disc_pred_fake (Tensor): Scores (logits) of generated images ``(N, 1)``.
            disc_pred_real (Tensor): Scores (logits) of real images ``(N, 1)``.

        Returns:
            tuple: The loss to minimise, and what to log.
        """
        bce = binary_cross_entropy_with_logits
        return self.parse_losses(
            {
                "loss_disc_fake": bce(disc_pred_fake, torch.zeros_like(disc_pred_fake)),
                "loss_disc_real": bce(disc_pred_real, torch.ones_like(disc_pred_real)),
            }
        )

    def gen_loss(self, disc_pred_fake: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of the generator: its images should be class 1.

        Args:
            disc_pred_fake (Tensor): Scores (logits) of generated images ``(N, 1)``.

        Returns:
            tuple: The loss to minimise, and what to log.
        """
        target = torch.ones_like(disc_pred_fake)
        return self.parse_losses(
            {"loss_gen": binary_cross_entropy_with_logits(disc_pred_fake, target)}
        )

    def train_discriminator(
        self,
        inputs: dict[str, Any],
        data_samples: Sequence[Any] | None,
        optimizer_wrapper: OptimWrapper,
    ) -> dict[str, Tensor]:
        """Update the discriminator once.

        Returns:
            dict[str, Tensor]: ``loss``, ``loss_disc_fake`` and ``loss_disc_real``.
        """
        real = self.real_images(inputs, data_samples)
        with torch.no_grad():
            fake = self.generator(self.noise_fn(num_batches=len(real)))
        loss, log_vars = self.disc_loss(self.discriminator(fake), self.discriminator(real))
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
