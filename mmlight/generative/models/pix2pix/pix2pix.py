"""pix2pix: how its two networks train."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, l1_loss

from mmlight.generative.models.base_translation_model import BaseTranslationModel
from mmlight.registry import MODELS


@MODELS.register_module()
class Pix2Pix(BaseTranslationModel):
    """pix2pix: translation learned from pairs of images.

    Source: Isola, Zhu, Zhou, Efros, "Image-to-Image Translation with Conditional Adversarial
    Networks", CVPR 2017.

    The discriminator sees the source and the target one above the other. The arguments are those
    of :class:`~mmlight.generative.models.BaseTranslationModel`; there are two domains, of which
    the default
    one is trained. ``loss_config`` may have ``pixel_loss_weight``, the weight of the absolute
    difference from the right image; 100 unless given.

    Raises:
        ValueError: If there are not two domains.

    Example:
        >>> model = Pix2Pix(
        ...     generator=dict(type="UnetGenerator", in_channels=3, out_channels=3, num_down=5),
        ...     discriminator=dict(type="PatchDiscriminator", in_channels=6),
        ...     default_domain="photo",
        ...     reachable_domains=["photo"],
        ...     related_domains=["photo", "mask"],
        ... )
        >>> model(torch.zeros(1, 3, 32, 32))["target"].shape
        torch.Size([1, 3, 32, 32])
    """

    default_loss_config: ClassVar[Mapping[str, float]] = {"pixel_loss_weight": 100.0}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if len(self.related_domains) != 2:
            raise ValueError(f"Pix2Pix has two related_domains, got {self.related_domains}")

    def generate(self, images: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Translate the source images.

        Returns:
            dict[str, Tensor]: ``fake``, images ``(N, C', H, W)``.

        Raises:
            ValueError: If the images of the domains do not make pairs.
        """
        shapes = {domain: (len(img), *img.shape[2:]) for domain, img in images.items()}
        if len(set(shapes.values())) > 1:
            raise ValueError(
                "pix2pix needs pairs of images of one size, got (N, H, W) = "
                + ", ".join(f"{shape} of img_{domain}" for domain, shape in shapes.items())
            )
        return {"fake": self.translation(images[self.source_of(self.default_domain)])}

    def _scores(self, images: Mapping[str, Tensor], target: Tensor) -> Tensor:
        source = images[self.source_of(self.default_domain)]
        result: Tensor = self.discriminators(self.default_domain, torch.cat((source, target), 1))
        return result

    def disc_loss(
        self, images: Mapping[str, Tensor], made: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of the discriminator: the mean of its loss on generated and on real pairs.

        Returns:
            tuple: The loss to minimise, and what to log: ``loss``, ``loss_gan_d_fake`` and
            ``loss_gan_d_real``.
        """
        bce = binary_cross_entropy_with_logits
        fake = self._scores(images, made["fake"].detach())
        real = self._scores(images, images[self.default_domain])
        total, log_vars = self.parse_losses(
            {
                "loss_gan_d_fake": bce(fake, torch.zeros_like(fake)),
                "loss_gan_d_real": bce(real, torch.ones_like(real)),
            }
        )
        loss = total * 0.5
        log_vars["loss"] = loss.detach()
        return loss, log_vars

    def gen_loss(
        self, images: Mapping[str, Tensor], made: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of the generator: its pairs should pass as real, its images be the right ones.

        Returns:
            tuple: The loss to minimise, and what to log: ``loss``, ``loss_gan_g`` and, if it has
            a weight, ``loss_pixel``.
        """
        scores = self._scores(images, made["fake"])
        passing = binary_cross_entropy_with_logits(scores, torch.ones_like(scores))
        losses: dict[str, Any] = {"loss_gan_g": passing}
        weight = self.loss_config["pixel_loss_weight"]
        if weight > 0:
            losses["loss_pixel"] = l1_loss(made["fake"], images[self.default_domain]) * weight
        return self.parse_losses(losses)
