"""CycleGAN: how its four networks train."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn.functional import l1_loss, mse_loss

from mmlight.generative.models.base_translation_model import BaseTranslationModel
from mmlight.generative.models.cyclegan.image_pool import ImagePool
from mmlight.generative.models.turns import iterations_before
from mmlight.logging import MessageHub
from mmlight.optim import OptimWrapperDict
from mmlight.registry import MODELS


@MODELS.register_module()
class CycleGAN(BaseTranslationModel):
    """CycleGAN: translation in both directions, learned from two sets of images without pairs.

    Source: Zhu, Park, Isola, Efros, "Unpaired Image-to-Image Translation using Cycle-Consistent
    Adversarial Networks", ICCV 2017.

    The arguments are those of :class:`~mmlight.generative.models.BaseTranslationModel`, and one;
    both domains
    can be reached. ``loss_config`` may have ``cycle_loss_weight``, the weight of the absolute
    difference after a translation there and back, 10 unless given, and ``id_loss_weight``, that of
    the difference that a generator makes to images of its own domain, 0.5 unless given.

    The images that may be shown again are in the message hub, so that a training resumes with
    them; of several processes it has those of the first alone.

    Args:
        buffer_size (int): Images of each domain that its discriminator may be shown again.
            Defaults to 50.

    Raises:
        ValueError: If there are not two domains that can both be reached.

    Example:
        >>> model = CycleGAN(
        ...     generator=dict(type="ResnetGenerator", in_channels=3, out_channels=3, num_blocks=1),
        ...     discriminator=dict(type="PatchDiscriminator", in_channels=3),
        ...     default_domain="zebra",
        ...     reachable_domains=["horse", "zebra"],
        ...     related_domains=["horse", "zebra"],
        ... )
        >>> model(torch.zeros(1, 3, 32, 32), target_domain="horse")["target"].shape
        torch.Size([1, 3, 32, 32])
    """

    default_loss_config: ClassVar[Mapping[str, float]] = {
        "cycle_loss_weight": 10.0,
        "id_loss_weight": 0.5,
    }

    def __init__(self, *args: Any, buffer_size: int = 50, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if len(self.related_domains) != 2 or len(self.reachable_domains) != 2:
            raise ValueError(
                "CycleGAN has two related_domains that are both reachable_domains, got "
                f"{self.related_domains} and {self.reachable_domains}"
            )
        self.buffer_size = buffer_size
        self.image_buffers = {name: ImagePool(buffer_size) for name in self.reachable_domains}
        self._hub_with_pools: str | None = None

    def train_step(  # type: ignore[override]
        self, data: Any, optim_wrapper: OptimWrapperDict
    ) -> dict[str, Tensor]:
        """Train all networks once, see :class:`~mmlight.generative.models.BaseTranslationModel`."""
        hub = MessageHub.get_current_instance()
        if self._hub_with_pools != hub.instance_name:
            self._share_pools(hub)
        return super().train_step(data, optim_wrapper)

    def _share_pools(self, hub: MessageHub) -> None:
        """Let a run's checkpoints have the pools, after taking those of a run that it resumes."""
        device = next(self.generators.parameters()).device
        for domain, pool in self.image_buffers.items():
            kept = hub.get_info(f"image_pool_{domain}")
            if kept and iterations_before() > 0:
                pool.images = [image.to(device) for image in kept]
            hub.update_info(f"image_pool_{domain}", pool.images)
        self._hub_with_pools = hub.instance_name

    def generate(self, images: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Translate the images of both domains, there and back.

        Returns:
            dict[str, Tensor]: ``fake_<domain>``, images of a domain made from the other, and
            ``cycle_<domain>``, what became of the images of a domain there and back.
        """
        made = {}
        for target in self.reachable_domains:
            source = self.source_of(target)
            made[f"fake_{target}"] = self.translation(images[source], target)
            made[f"cycle_{source}"] = self.translation(made[f"fake_{target}"], source)
        return made

    def disc_loss(
        self, images: Mapping[str, Tensor], made: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of the discriminators: for each the mean of its loss on generated and real images.

        Returns:
            tuple: The loss to minimise, and what to log: half of it as ``loss`` and of each part as
            ``loss_gan_d_<domain>``.
        """
        losses: dict[str, Any] = {}
        for domain in self.reachable_domains:
            shown = self.image_buffers[domain].query(made[f"fake_{domain}"].detach())
            fake = self.discriminators(domain, shown)
            real = self.discriminators(domain, images[domain])
            of_fake = mse_loss(fake, torch.zeros_like(fake))
            of_real = mse_loss(real, torch.ones_like(real))
            losses[f"loss_gan_d_{domain}"] = (of_fake + of_real) * 0.5
        loss, log_vars = self.parse_losses(losses)
        # MMagic's logs, and so the published ones, have half of what is minimised.
        return loss, {name: value.detach() * 0.5 for name, value in log_vars.items()}

    def gen_loss(
        self, images: Mapping[str, Tensor], made: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of the generators.

        Their images should pass as real and, translated back, be what they were; and images of a
        generator's own domain should stay as they are.

        Returns:
            tuple: The loss to minimise, and what to log: ``loss``, ``loss_gan_g_<domain>`` and,
            where they have a weight, ``cycle_loss`` and ``id_loss``.
        """
        cycle, identity = (self.loss_config[f"{name}_loss_weight"] for name in ("cycle", "id"))
        losses: dict[str, Any] = {}
        unchanged = []
        for domain in self.reachable_domains:
            if identity > 0:
                same = self.translation(images[domain], domain)
                unchanged.append(l1_loss(same, images[domain]) * identity)
            scores = self.discriminators(domain, made[f"fake_{domain}"])
            losses[f"loss_gan_g_{domain}"] = mse_loss(scores, torch.ones_like(scores))
        if cycle > 0:
            losses["cycle_loss"] = [
                l1_loss(made[f"cycle_{domain}"], images[domain]) * cycle
                for domain in self.reachable_domains
            ]
        if unchanged:
            losses["id_loss"] = unchanged
        return self.parse_losses(losses)
