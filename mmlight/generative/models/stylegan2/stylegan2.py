"""StyleGAN2: how its two networks train."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from mmlight.generative.models.base_gan import BaseGAN
from mmlight.generative.models.stylegan2.regularisers import (
    NORM_MODES,
    path_lengths,
    path_penalty,
    r1_penalty,
)
from mmlight.generative.models.turns import iterations_before
from mmlight.optim import OptimWrapper
from mmlight.registry import MODELS
from mmlight.registry.diagnostics import did_you_mean


@dataclass(frozen=True)
class LossConfig:
    """Weights and turns of the regularisers.

    Neither is computed in every iteration: a weight has its interval as a factor, see the paper,
    appendix B, "lazy regularization".

    Args:
        r1_loss_weight (float): Weight of the discriminator's. Defaults to 80, 10 / 2 times 16.
        r1_interval (int): Iterations from one to the next; 0 for never. Defaults to 16.
        norm_mode (str): See :func:`~mmlight.generative.models.stylegan2.regularisers.r1_penalty`.
            Defaults to ``pixel``.
        r1_use_apex_amp (bool): Must be False: there is no Apex here. Defaults to False.
        scale_r1_loss (bool): Whether scores are scaled by the loss scale of the discriminator's
            wrapper, if it has one, while they are differentiated. Defaults to False.
        g_reg_interval (int): Iterations from one of the generator's to the next; 0 for never.
            Defaults to 4.
        g_reg_weight (float): Its weight. Defaults to 8, 2 times 4.
        pl_batch_shrink (int): What the number of images is divided by for it; 0 for not.
            Defaults to 2.
        g_reg_use_apex_amp (bool): Must be False. Defaults to False.

    Raises:
        ValueError: If a value is not possible.

    Example:
        >>> LossConfig.of(dict(r1_interval=8)).r1_interval
        8
    """

    r1_loss_weight: float = 80.0
    r1_interval: int = 16
    norm_mode: str = "pixel"
    r1_use_apex_amp: bool = False
    scale_r1_loss: bool = False
    g_reg_interval: int = 4
    g_reg_weight: float = 8.0
    pl_batch_shrink: int = 2
    g_reg_use_apex_amp: bool = False

    def __post_init__(self) -> None:
        if self.norm_mode not in NORM_MODES:
            raise ValueError(
                f"norm_mode of loss_config must be one of {', '.join(NORM_MODES)}, got "
                f"{self.norm_mode!r}"
            )
        for name in ("r1_use_apex_amp", "g_reg_use_apex_amp"):
            if getattr(self, name):
                raise ValueError(
                    f"{name}=True of loss_config asks for Apex, which is not supported; use "
                    "AmpOptimWrapper, and scale_r1_loss=True"
                )

    @classmethod
    def of(cls, given: dict[str, Any] | None) -> LossConfig:
        """Read a ``loss_config``.

        Args:
            given (dict, optional): The settings.

        Returns:
            LossConfig: Them, and the defaults of the others.

        Raises:
            TypeError: If one is not known.
        """
        known = [field.name for field in fields(cls)]
        for name in given or {}:
            if name not in known:
                raise TypeError(
                    f"loss_config of StyleGAN2 has no {name!r}."
                    f"{did_you_mean(name, known) or ' It has: ' + ', '.join(known)}"
                )
        return cls(**(given or {}))


@MODELS.register_module()
class StyleGAN2(BaseGAN):
    """StyleGAN2 with the non-saturating loss, R1 and path length regularisation.

    Source: Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", CVPR 2020.

    Args:
        generator (dict | nn.Module): The generator, or its config.
        discriminator (dict | nn.Module, optional): The discriminator, or its config. Defaults to
            None.
        data_preprocessor (dict | nn.Module, optional): Defaults to :class:`DataPreprocessor`.
        generator_steps (int): See :class:`~mmlight.generative.models.BaseGAN`. Defaults to 1.
        discriminator_steps (int): See there. Defaults to 1.
        ema_config (dict, optional): See there. Defaults to None.
        loss_config (dict, optional): See :class:`LossConfig`. Defaults to None.

    Example:
        >>> model = StyleGAN2(
        ...     generator=dict(type="StyleGANv2Generator", out_size=8, style_channels=4),
        ...     discriminator=dict(type="StyleGAN2Discriminator", in_size=8),
        ... )
        >>> [sample.fake_img.shape for sample in model(dict(num_batches=2))]
        [torch.Size([3, 8, 8]), torch.Size([3, 8, 8])]
    """

    mean_path_length: Tensor

    def __init__(
        self,
        generator: dict[str, Any] | nn.Module,
        discriminator: dict[str, Any] | nn.Module | None = None,
        data_preprocessor: dict[str, Any] | nn.Module | None = None,
        generator_steps: int = 1,
        discriminator_steps: int = 1,
        ema_config: dict[str, Any] | None = None,
        loss_config: dict[str, Any] | None = None,
    ) -> None:
        losses = LossConfig.of(loss_config)
        super().__init__(
            generator,
            discriminator,
            data_preprocessor,
            generator_steps=generator_steps,
            discriminator_steps=discriminator_steps,
            ema_config=ema_config,
            loss_config=loss_config,
        )
        self.losses = losses
        self.register_buffer("mean_path_length", torch.tensor(0.0))

    def disc_loss(
        self, disc_pred_fake: Tensor, disc_pred_real: Tensor, real_imgs: Tensor, scale: Any = None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of the discriminator, with R1 when it is its turn.

        Args:
            disc_pred_fake (Tensor): Scores of generated images ``(N, 1)``.
            disc_pred_real (Tensor): Scores of real images ``(N, 1)``.
            real_imgs (Tensor): The real images ``(N, C, H, W)``.
            scale (Callable, optional): See
                :func:`~mmlight.generative.models.stylegan2.regularisers.r1_penalty`. Defaults to
                None.

        Returns:
            tuple: The loss to minimise, and what to log.
        """
        losses: dict[str, Tensor | list[Tensor]] = {
            "loss_disc_fake": softplus(disc_pred_fake).mean(),
            "loss_disc_real": softplus(-disc_pred_real).mean(),
        }
        cfg = self.losses
        if self._is_turn(cfg.r1_interval):
            penalty = r1_penalty(self.discriminator, real_imgs, cfg.norm_mode, scale)
            losses["loss_r1_gp"] = penalty * cfg.r1_loss_weight
        return self.parse_losses(losses)

    def gen_loss(self, disc_pred_fake: Tensor, batch_size: int) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of the generator, with path length regularisation when it is its turn.

        Args:
            disc_pred_fake (Tensor): Scores of generated images ``(N, 1)``.
            batch_size (int): N.

        Returns:
            tuple: The loss to minimise, and what to log.
        """
        losses: dict[str, Tensor | list[Tensor]] = {"loss_gen": softplus(-disc_pred_fake).mean()}
        if self._is_turn(self.losses.g_reg_interval):
            losses["loss_path_regular"] = self._path_loss(batch_size) * self.losses.g_reg_weight
        return self.parse_losses(losses)

    def _path_loss(self, batch_size: int) -> Tensor:
        shrink = self.losses.pl_batch_shrink
        number = max(1, batch_size // shrink) if shrink else batch_size
        output = self.generator(None, num_batches=number, return_latents=True)
        lengths = path_lengths(output["fake_img"], output["latent"])
        penalty, mean = path_penalty(lengths, self.mean_path_length)
        self.mean_path_length.copy_(mean.detach())
        return penalty

    @staticmethod
    def _is_turn(interval: int) -> bool:
        return interval > 0 and iterations_before() % interval == 0

    def train_discriminator(
        self,
        inputs: dict[str, Any],
        data_samples: Sequence[Any] | None,
        optimizer_wrapper: OptimWrapper,
    ) -> dict[str, Tensor]:
        """Update the discriminator once.

        Returns:
            dict[str, Tensor]: ``loss``, ``loss_disc_fake``, ``loss_disc_real`` and, in its turn,
            ``loss_r1_gp``.
        """
        real = self.real_images(inputs, data_samples)
        with torch.no_grad():
            fake = self.generator(self.noise_fn(num_batches=len(real)))
        scores = self.discriminator(fake), self.discriminator(real)
        scaler = getattr(optimizer_wrapper, "loss_scaler", None)
        scale = scaler.scale if self.losses.scale_r1_loss and scaler is not None else None
        loss, log_vars = self.disc_loss(*scores, real, scale)
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
            dict[str, Tensor]: ``loss``, ``loss_gen`` and, in its turn, ``loss_path_regular``.
        """
        number = len(self.real_images(inputs, data_samples))
        fake = self.generator(self.noise_fn(num_batches=number))
        loss, log_vars = self.gen_loss(self.discriminator(fake), number)
        optimizer_wrapper.update_params(loss)
        return log_vars
