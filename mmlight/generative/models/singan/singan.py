"""SinGAN: how the networks of one scale after the other train."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, mse_loss
from typing_extensions import Self

from mmlight.fileio import load
from mmlight.generative.datasets.data_sample import DataSample
from mmlight.generative.models.base_gan import BaseGAN
from mmlight.generative.models.singan.generator import RAND_MODES
from mmlight.generative.models.singan.rate_steps import RateSteps
from mmlight.generative.models.turns import iterations_before
from mmlight.logging import MessageHub, print_log
from mmlight.model.bare_model import bare_model
from mmlight.optim import OptimWrapper, OptimWrapperDict
from mmlight.registry import MODELS
from mmlight.registry.diagnostics import did_you_mean

_GRADIENT_PENALTY_WEIGHT = 0.1
_RECONSTRUCTION_WEIGHT = 10
# What a picture is made from beside weights; a checkpoint has it under this name among what it
# keeps of the message hub.
_STATE = ("curr_stage", "noise_weights", "fixed_noises")
STATE_KEY = "singan"
_SAMPLE_OPTIONS = ("num_batches", "sample_model", "mode", "curr_scale", "get_prev_res")


@MODELS.register_module()
class SinGAN(BaseGAN):
    """SinGAN: a pyramid of generators that learns from one image.

    The scales train one after the other, from the smallest on, ``iters_per_scale`` turns of the
    generator each; the last one trains on as long as the run does. A scale starts with the weights
    of the one before. Optimizers are those of
    :class:`~mmlight.engine.SinGANOptimWrapperConstructor`, a pair for each scale.

    What images need beside weights is in the attributes ``curr_stage`` (the scale that trains),
    ``noise_weights`` and ``fixed_noises``: a training resumes them from its checkpoint, and
    :class:`~mmlight.engine.PickleDataHook` writes them for ``test_pkl_data``.

    Source: T. R. Shaham, T. Dekel, T. Michaeli, "SinGAN: Learning a Generative Model from a Single
    Natural Image", 2019.

    Args:
        generator (dict | nn.Module): The generators, or their config.
        discriminator (dict | nn.Module, optional): The discriminators, or their config; without
            them the model can generate but not train. Defaults to None.
        data_preprocessor (dict | nn.Module, optional): Defaults to :class:`DataPreprocessor`.
        generator_steps (int): Updates of the generator in its turn. Defaults to 1.
        discriminator_steps (int): Updates of the discriminator before each turn of the generator;
            an iteration is one of them. Defaults to 1.
        num_scales (int, optional): Number of the last scale. Defaults to the generator's.
        iters_per_scale (int): Turns of the generator in each scale. Defaults to 2000.
        noise_weight_init (float): Factor of the root mean square error, from which a scale's
            weight of the noise comes. Defaults to 0.1.
        lr_scheduler_args (dict, optional): Arguments of :class:`RateSteps`. Defaults to None, as
            the optimizers have it.
        test_pkl_data (str, optional): File with what images need beside weights, for a model that
            has not trained itself. Defaults to None.

    Raises:
        ValueError: If the model and its generator have different numbers of scales.

    Example:
        >>> model = SinGAN(dict(type="SinGANMultiScaleGenerator", in_channels=3, out_channels=3,
        ...                     num_scales=1))
        >>> model.fixed_noises = [torch.randn(1, 1, 9, 12), torch.zeros(1, 3, 12, 16)]
        >>> model.noise_weights, model.curr_stage = [1, 0.1], 1
        >>> model(dict(mode="recon"))[0].fake_img.shape
        torch.Size([3, 12, 16])
    """

    def __init__(
        self,
        generator: dict[str, Any] | nn.Module,
        discriminator: dict[str, Any] | nn.Module | None = None,
        data_preprocessor: dict[str, Any] | nn.Module | None = None,
        generator_steps: int = 1,
        discriminator_steps: int = 1,
        num_scales: int | None = None,
        iters_per_scale: int = 2000,
        noise_weight_init: float = 0.1,
        lr_scheduler_args: dict[str, Any] | None = None,
        test_pkl_data: str | None = None,
    ) -> None:
        super().__init__(
            generator, discriminator, data_preprocessor, generator_steps, discriminator_steps
        )
        self.num_scales = self.generator.num_scales if num_scales is None else num_scales
        for network in (self.generator, self.discriminator):
            if network is not None and network.num_scales != self.num_scales:
                raise ValueError(
                    f"num_scales is {self.num_scales} for the model, but {network.num_scales} for "
                    f"its {type(network).__name__}"
                )
        self.iters_per_scale = iters_per_scale
        self.noise_weight_init = noise_weight_init
        self.rate_steps = RateSteps(**(lr_scheduler_args or {"milestones": ()}))
        self.test_pkl_data = test_pkl_data
        self._forget()

    def _agree_on_noise(self, noise_size: int | None) -> int:
        return 0  # The noise of a scale is an image.

    def _forget(self) -> None:
        self.curr_stage = -1
        self.noise_weights: list[float] = [1]
        self.fixed_noises: list[Tensor] = []

    def _apply(self, fn: Any, recurse: bool = True) -> Self:
        # What images need beside weights goes where the weights go.
        super()._apply(fn, recurse)
        self.fixed_noises = [fn(noise) for noise in self.fixed_noises]
        return self

    def load_test_pkl(self) -> None:
        """Read what images need beside weights from the file ``test_pkl_data``.

        Raises:
            RuntimeError: If the model names no such file.
            FileNotFoundError: If there is none at the path.
            KeyError: If something is missing in the file.
        """
        if self.test_pkl_data is None:
            raise RuntimeError(
                "this SinGAN has not trained, so it has no noises to make images from: set "
                "test_pkl_data to a file that PickleDataHook wrote in the training"
            )
        try:
            found = load(self.test_pkl_data)
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f"model.test_pkl_data: there is no file {self.test_pkl_data}; give one that "
                "PickleDataHook wrote in the training"
            ) from error
        for name in _STATE:
            if name not in found:
                raise KeyError(f"{self.test_pkl_data} has no {name!r}, but {sorted(found)}")
        self.take_noises(found)

    def take_noises(self, state: Mapping[str, Any]) -> None:
        """Take over what images need beside weights.

        Args:
            state (Mapping): ``curr_stage``, ``noise_weights`` and ``fixed_noises``.
        """
        self.curr_stage = int(state["curr_stage"])
        self.noise_weights = [*state["noise_weights"]]
        self.fixed_noises = [
            torch.as_tensor(noise, device=self.device) for noise in state["fixed_noises"]
        ]

    def _keep(self) -> None:
        state = {name: getattr(self, name) for name in _STATE}
        state["noise_weights"] = [*self.noise_weights]
        state["fixed_noises"] = [noise.cpu() for noise in self.fixed_noises]
        MessageHub.get_current_instance().update_info(STATE_KEY, state)

    def _resume(self) -> None:
        state = MessageHub.get_current_instance().get_info(STATE_KEY)
        if state is None:
            raise RuntimeError(
                "the checkpoint has no fixed noises and weights of noises, so that SinGAN cannot "
                "resume; checkpoints of mmlight have them in their message hub"
            )
        self.take_noises(state)

    def forward(
        self, inputs: Any, data_samples: Sequence[Any] | None = None, mode: str | None = None
    ) -> list[DataSample]:
        """Generate an image.

        Args:
            inputs (dict): Any of ``mode`` (``rand`` for a new image, ``recon`` for the one that
                was learnt), ``curr_scale`` (the scale, by default the one that trained last),
                ``get_prev_res`` (whether to give the images of the scales before too),
                ``num_batches`` (1) and ``sample_model`` (``orig``).
            data_samples (Sequence, optional): What is known of the image. Defaults to None.
            mode (str, optional): As in ``inputs``, which counts more; anything but the two stands
                for ``rand``. Defaults to None.

        Returns:
            list[DataSample]: One, with ``fake_img`` ``(C, H, W)``, 0 to 255, and, if wanted,
            ``prev_res_list``, a list of such images.

        Raises:
            TypeError: If the inputs are no dict, or have another key.
            ValueError: If more than one image is asked for, another model, or a mode or scale that
                is not there.
            RuntimeError: If the model has not trained and has no ``test_pkl_data``.
        """
        options = self._checked_options(inputs)
        if self.curr_stage < 0:
            self.load_test_pkl()
        scale = options.get("curr_scale", self.curr_stage)
        if not 0 <= scale < len(self.noise_weights):
            raise ValueError(
                f"curr_scale={scale} has not trained: there are {len(self.noise_weights)} scales"
            )
        made = self._generate(
            options.get("mode") or (mode if mode in RAND_MODES else "rand"), scale, True
        )
        image, *before = (
            self.data_preprocessor.destruct(images, data_samples)[0]
            for images in (made["fake_img"], *made["prev_res_list"])
        )
        sample = DataSample(fake_img=image, sample_model="orig")
        if options.get("get_prev_res"):
            sample.set_field(before, "prev_res_list")
        if isinstance(data_samples, DataSample):  # the preprocessor has stacked them
            data_samples = data_samples.split(allow_nonseq_value=True)
        for known in data_samples or ():
            sample.update(known)
        return [sample]

    @staticmethod
    def _checked_options(inputs: Any) -> Mapping[str, Any]:
        if not isinstance(inputs, Mapping):
            raise TypeError(f"SinGAN samples from a dict, got a {type(inputs).__name__}")
        for name in inputs:
            if name not in _SAMPLE_OPTIONS:
                raise TypeError(
                    f"SinGAN knows no {name!r} to sample with, but {', '.join(_SAMPLE_OPTIONS)}."
                    f"{did_you_mean(name, _SAMPLE_OPTIONS)}"
                )
        for name, only in (("num_batches", 1), ("sample_model", "orig")):
            if inputs.get(name, only) != only:
                raise ValueError(f"SinGAN samples with {name}={only!r}, not {inputs[name]!r}")
        return inputs

    def _generate(self, mode: str, scale: int, get_prev_res: bool = False) -> Any:
        smallest = self.fixed_noises[0]
        channels = bare_model(self.generator).in_channels
        start = smallest.new_zeros(1, channels, *smallest.shape[-2:])
        return self.generator(
            start,
            self.fixed_noises,
            self.noise_weights,
            mode,
            scale,
            get_prev_res=get_prev_res,
        )

    def train_step(  # type: ignore[override]
        self, data: Any, optim_wrapper: OptimWrapperDict
    ) -> dict[str, Any]:
        """Train the discriminator of a scale and, when it is its turn, the generator.

        Returns:
            dict[str, Any]: The losses, on the device, and ``curr_stage``.

        Raises:
            KeyError: If the batch has no image.
            RuntimeError: If a training resumes from a checkpoint without the noises.
        """
        data = self.data_preprocessor(data, True)
        before, length = iterations_before(), self.iters_per_scale * self.discriminator_steps
        self._enter_scale(before, before // length, data["inputs"])
        scale, done = self.curr_stage, before + 1
        disc_wrapper = optim_wrapper[f"discriminator_{scale}"]
        gen_wrapper = optim_wrapper[f"generator_{scale}"]
        log_vars: dict[str, Any] = self._turns(data, disc_wrapper, gen_wrapper)
        a_turn = self.discriminator_steps * disc_wrapper._accumulative_counts
        if done % a_turn == 0:
            factor = self.rate_steps.factor((done - scale * length) // a_turn)
            for group in (*gen_wrapper.param_groups, *disc_wrapper.param_groups):
                group["lr"] *= factor
        if done % length == 0:
            self._weigh_noise(scale, data["inputs"])
        return {**log_vars, "curr_stage": scale}

    def _enter_scale(self, before: int, scale: int, inputs: Mapping[str, Any]) -> None:
        """Begin a training or its next scale, if it is time for it."""
        if before == 0:
            self._forget()
            self._warn_of_missing(inputs)
            self.construct_fixed_noises(inputs)
        elif self.curr_stage < 0:
            self._resume()
        scale = min(scale, self.num_scales, _scales_of(inputs) - 1)
        if scale != self.curr_stage:
            self.curr_stage = scale
            for network in (self.generator, self.discriminator):
                bare_model(network).check_and_load_prev_weight(scale)
            self._keep()

    def _warn_of_missing(self, inputs: Mapping[str, Any]) -> None:
        given = _scales_of(inputs)
        if given <= self.num_scales:
            print_log(
                f"num_scales={self.num_scales} stands for {self.num_scales + 1} scales, but the "
                f"batch has {given}: real_scale{given - 1} trains until the end, and the larger "
                "scales do not train",
                logger="current",
                level=logging.WARNING,
            )

    def construct_fixed_noises(self, inputs: Mapping[str, Any]) -> None:
        """Draw the noise from which the image shall come: one for the smallest scale, else zeros.

        Args:
            inputs (Mapping): The image at all scales.
        """
        reals = [inputs[f"real_scale{scale}"] for scale in range(_scales_of(inputs))]
        first = torch.randn(1, 1, *reals[0].shape[-2:], device=reals[0].device)
        self.fixed_noises = [first, *(torch.zeros_like(real) for real in reals[1:])]

    @torch.no_grad()
    def _weigh_noise(self, scale: int, inputs: Mapping[str, Any]) -> None:
        """Let the next scale have as much noise as this one is away from the image."""
        real = inputs.get(f"real_scale{scale + 1}")
        if real is not None and scale < self.num_scales:
            image = interpolate(self._generate("recon", scale), real.shape[-2:])
            error = mse_loss(image, real).sqrt().item()
            self.noise_weights.append(self.noise_weight_init * error)
            self._keep()

    def train_discriminator(
        self,
        inputs: dict[str, Any],
        data_samples: Sequence[Any] | None,
        optimizer_wrapper: OptimWrapper,
    ) -> dict[str, Tensor]:
        """Update the discriminator of the scale once.

        Returns:
            dict[str, Tensor]: ``loss``, ``loss_disc_fake``, ``loss_disc_real`` and ``loss_gp``.
        """
        scale = self.curr_stage
        real = inputs[f"real_scale{scale}"]
        with torch.no_grad():
            fake = self._generate("rand", scale)
        scores = self.discriminator(fake, scale), self.discriminator(real, scale)
        loss, log_vars = self.disc_loss(*scores, fake, real)
        optimizer_wrapper.update_params(loss)
        return log_vars

    def disc_loss(
        self, disc_pred_fake: Tensor, disc_pred_real: Tensor, fake_data: Tensor, real_data: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of the discriminator: that of WGAN-GP, on patches.

        Args:
            disc_pred_fake (Tensor): Scores of the generated image ``(1, 1, h, w)``.
            disc_pred_real (Tensor): Scores of the real image ``(1, 1, h, w)``.
            fake_data (Tensor): The generated image ``(1, C, H, W)``.
            real_data (Tensor): The real image ``(1, C, H, W)``.

        Returns:
            tuple: The loss to minimise, and what to log.
        """
        penalty = self._gradient_penalty(fake_data, real_data)
        return self.parse_losses(
            {
                "loss_disc_fake": disc_pred_fake.mean(),
                "loss_disc_real": -disc_pred_real.mean(),
                "loss_gp": _GRADIENT_PENALTY_WEIGHT * penalty,
            }
        )

    def _gradient_penalty(self, fake: Tensor, real: Tensor) -> Tensor:
        """How far gradients between the images are from length 1, at each pixel."""
        part = torch.rand(len(real), 1, 1, 1, device=real.device)
        between = (part * real + (1 - part) * fake).requires_grad_()
        scores = self.discriminator(between, curr_scale=self.curr_stage)
        (gradients,) = torch.autograd.grad(
            scores, between, torch.ones_like(scores), create_graph=True
        )
        result: Tensor = ((gradients.norm(2, dim=1) - 1) ** 2).mean()
        return result

    def train_generator(
        self,
        inputs: dict[str, Any],
        data_samples: Sequence[Any] | None,
        optimizer_wrapper: OptimWrapper,
    ) -> dict[str, Tensor]:
        """Update the generator of the scale once.

        Returns:
            dict[str, Tensor]: ``loss``, ``loss_gen`` and ``loss_mse``.
        """
        scale = self.curr_stage
        scores = self.discriminator(self._generate("rand", scale), curr_scale=scale)
        image = self._generate("recon", scale)
        loss, log_vars = self.gen_loss(scores, image, inputs[f"real_scale{scale}"])
        optimizer_wrapper.update_params(loss)
        return log_vars

    def gen_loss(
        self, disc_pred_fake: Tensor, recon_imgs: Tensor, real_imgs: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Loss of the generator: good scores, and the real image from the fixed noise.

        Args:
            disc_pred_fake (Tensor): Scores of the generated image ``(1, 1, h, w)``.
            recon_imgs (Tensor): The image from the fixed noise ``(1, C, H, W)``.
            real_imgs (Tensor): The real image ``(1, C, H, W)``.

        Returns:
            tuple: The loss to minimise, and what to log.
        """
        return self.parse_losses(
            {
                "loss_gen": -disc_pred_fake.mean(),
                "loss_mse": _RECONSTRUCTION_WEIGHT * mse_loss(recon_imgs, real_imgs),
            }
        )


def _scales_of(inputs: Any) -> int:
    if not isinstance(inputs, Mapping) or "real_scale0" not in inputs:
        raise KeyError(
            "the batch has no real_scale0: SinGANDataset has it, and PackInputs passes on its keys"
        )
    return sum(name.startswith("real_scale") for name in inputs)
