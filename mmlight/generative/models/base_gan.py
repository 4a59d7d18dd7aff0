"""The base of models with a generator and a discriminator."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmlight.generative.datasets.data_sample import DataSample
from mmlight.generative.models.sampling import (
    mean_log_vars,
    requested_batch_size,
    requested_model,
    set_requires_grad,
)
from mmlight.generative.models.turns import iterations_before
from mmlight.model import BaseModel
from mmlight.optim import OptimWrapper, OptimWrapperDict
from mmlight.registry import MODELS

NoiseSource = Tensor | Callable[..., Tensor] | None


class BaseGAN(BaseModel, metaclass=ABCMeta):
    """A generator, perhaps its moving average, and a discriminator that train against each other.

    A subclass says how one discriminator step and one generator step go. The moving average is
    the attribute ``generator_ema``: either built here from ``ema_config`` and updated after each
    turn of the generator, or made and updated by
    :class:`~mmlight.engine.ExponentialMovingAverageHook`.

    Args:
        generator (dict | nn.Module): The generator, or its config.
        discriminator (dict | nn.Module, optional): The discriminator, or its config; without one
            the model can generate but not train. Defaults to None.
        data_preprocessor (dict | nn.Module, optional): Defaults to :class:`DataPreprocessor`.
        generator_steps (int): Updates of the generator in its turn. Defaults to 1.
        discriminator_steps (int): Updates of the discriminator before each turn of the generator;
            an iteration is one of them. Defaults to 1.
        noise_size (int, optional): Length of a noise vector. Defaults to the generator's.
        ema_config (dict, optional): Config of an averaged model (its type defaults to
            ``ExponentialMovingAverage``) with, besides, ``start_iter``, the first iteration of
            averaging. Defaults to None, no average here.
        loss_config (dict, optional): Settings of the losses, for subclasses. Defaults to None.
        init_cfg (dict | list, optional): How weights start. Defaults to None, each network's own.

    Raises:
        ValueError: If no noise size is given and the generator has none, or two disagree.
    """

    def __init__(
        self,
        generator: dict[str, Any] | nn.Module,
        discriminator: dict[str, Any] | nn.Module | None = None,
        data_preprocessor: dict[str, Any] | nn.Module | None = None,
        generator_steps: int = 1,
        discriminator_steps: int = 1,
        noise_size: int | None = None,
        ema_config: dict[str, Any] | None = None,
        loss_config: dict[str, Any] | None = None,
        init_cfg: dict[str, Any] | list[Any] | None = None,
    ) -> None:
        super().__init__(data_preprocessor or {"type": "DataPreprocessor"}, init_cfg)
        if isinstance(generator, dict):
            given = {} if noise_size is None else {"noise_size": noise_size}
            generator = MODELS.build(generator, default_args=given)
        if isinstance(discriminator, dict):
            discriminator = MODELS.build(discriminator)
        self.generator: Any = generator
        self.discriminator: Any = discriminator
        self.noise_size = self._agree_on_noise(noise_size)
        self.generator_steps = generator_steps
        self.discriminator_steps = discriminator_steps
        self.loss_config = dict(loss_config or {})
        self._ema_start: int | None = None
        if ema_config is not None:
            self._build_ema(ema_config)

    def _agree_on_noise(self, noise_size: int | None) -> int:
        of_generator = getattr(self.generator, "noise_size", None)
        sizes = {size for size in (noise_size, of_generator) if size is not None}
        if len(sizes) != 1:
            raise ValueError(
                f"noise_size must be given and the same for the model ({noise_size}) and its "
                f"generator ({of_generator})"
            )
        return sizes.pop()

    def _build_ema(self, ema_config: dict[str, Any]) -> None:
        cfg = dict(ema_config)
        cfg.setdefault("type", "ExponentialMovingAverage")
        self._ema_start = cfg.pop("start_iter", 0)
        self.generator_ema = MODELS.build(cfg, default_args={"model": self.generator})

    @property
    def with_ema_gen(self) -> bool:
        """bool: Whether there is a moving average of the generator."""
        return getattr(self, "generator_ema", None) is not None

    @property
    def device(self) -> torch.device:
        """torch.device: Where the generator is."""
        result: torch.device = next(self.generator.parameters()).device
        return result

    def noise_fn(self, noise: NoiseSource = None, num_batches: int = 0) -> Tensor:
        """Give noise for the generator, on its device.

        Args:
            noise (Tensor | Callable | None): Noise ``(N, ...)``; or a function of the shape ``(N,
                noise_size)``; or None for noise from N(0, 1). Defaults to None.
            num_batches (int): N, unless ``noise`` is a tensor. Defaults to 0.

        Returns:
            Tensor: The noise.

        Raises:
            ValueError: If no number is given.
        """
        if isinstance(noise, Tensor):
            return noise.to(self.device)
        if num_batches <= 0:
            raise ValueError(f"num_batches must be positive to draw noise, got {num_batches}")
        shape = (num_batches, self.noise_size)
        if noise is None:
            return torch.randn(shape, device=self.device)
        return noise(shape).to(self.device)

    def forward(
        self, inputs: Any, data_samples: Sequence[Any] | None = None, mode: str | None = None
    ) -> list[DataSample]:
        """Generate images.

        Args:
            inputs (Tensor | dict): Noise; or a dict with any of ``noise``, ``num_batches``,
                ``sample_model`` (``ema``, ``orig`` or ``ema/orig``) and ``sample_kwargs``
                (arguments of the generator).
            data_samples (Sequence, optional): What is known of each image to generate.
                Defaults to None.
            mode (str, optional): Not used: the losses have their own methods. Defaults to None.

        Returns:
            list[DataSample]: One for each image, with ``fake_img`` ``(C, H, W)``, 0 to 255, and
            ``noise``; for ``ema/orig`` with the samples ``ema`` and ``orig``, which have them.

        Raises:
            ValueError: If the number of images or the model to sample is not clear.
        """
        known = data_samples
        if isinstance(known, DataSample):
            known = known.split(allow_nonseq_value=True)
        options = inputs if isinstance(inputs, Mapping) else {"noise": inputs}
        sample_model = requested_model(inputs, self.with_ema_gen)
        size = requested_batch_size(inputs, known)
        noise = self.noise_fn(options.get("noise"), num_batches=size)
        kwargs = {**self.generator_arguments(), **(options.get("sample_kwargs") or {})}
        batch = DataSample(noise=noise, sample_model=sample_model)
        if "img" in options:
            batch.gt_img = self.data_preprocessor.destruct(options["img"], data_samples)
        for name in sample_model.split("/"):
            generator = self.generator_ema if name == "ema" else self.generator
            images = self.data_preprocessor.destruct(generator(noise, **kwargs), data_samples)
            if sample_model == name:
                batch.fake_img = images
            else:
                batch.set_field(DataSample(fake_img=images, noise=noise, sample_model=name), name)
        samples = batch.split(allow_nonseq_value=True)
        for sample, one in zip(samples, known or ()):
            sample.update(one)
        return samples

    def generator_arguments(self) -> dict[str, Any]:
        """Tell the generator what it has to know beside the noise, unless a request says it.

        Returns:
            dict: Arguments by name; none here, for subclasses.
        """
        return {}

    def train_step(  # type: ignore[override]
        self, data: Any, optim_wrapper: OptimWrapperDict
    ) -> dict[str, Tensor]:
        """Train the discriminator and, when it is its turn, the generator."""
        data = self.data_preprocessor(data, True)
        return self._turns(data, optim_wrapper["discriminator"], optim_wrapper["generator"])

    def _turns(
        self, data: dict[str, Any], disc_wrapper: OptimWrapper, gen_wrapper: OptimWrapper
    ) -> dict[str, Tensor]:
        with disc_wrapper.optim_context(self.discriminator):
            log_vars = self.train_discriminator(**data, optimizer_wrapper=disc_wrapper)
        done = iterations_before() + 1
        every = self.discriminator_steps * disc_wrapper._accumulative_counts
        if done % every == 0:
            log_vars.update(self._generator_turn(data, gen_wrapper))
            if self._ema_start is not None and done >= self._ema_start:
                self.generator_ema.update_parameters(self.generator)
        return log_vars

    def _generator_turn(self, data: dict[str, Any], wrapper: OptimWrapper) -> dict[str, Tensor]:
        set_requires_grad(self.discriminator, False)
        steps = []
        for _ in range(self.generator_steps * wrapper._accumulative_counts):
            with wrapper.optim_context(self.generator):
                steps.append(self.train_generator(**data, optimizer_wrapper=wrapper))
        set_requires_grad(self.discriminator, True)
        log_vars = mean_log_vars(steps)
        log_vars.pop("loss", None)
        return log_vars

    @staticmethod
    def real_images(inputs: Any, data_samples: Any) -> Tensor:
        """Find the real images of a batch.

        Args:
            inputs (Tensor | dict): The inputs; as the documents have it, with ``img``.
            data_samples (DataSample, optional): As MMagic has it, with ``gt_img``.

        Returns:
            Tensor: ``(N, C, H, W)`` in the model's range.

        Raises:
            ValueError: If there are none.
        """
        if isinstance(data_samples, DataSample) and "gt_img" in data_samples:
            result: Tensor = data_samples.get("gt_img")
            return result
        images = inputs.get("img") if isinstance(inputs, Mapping) else inputs
        if isinstance(images, Tensor):
            return images
        raise ValueError(
            "the batch has no real images: gt_img of its data_samples, or img of its inputs"
        )

    @abstractmethod
    def train_discriminator(
        self,
        inputs: dict[str, Any],
        data_samples: Sequence[Any] | None,
        optimizer_wrapper: OptimWrapper,
    ) -> dict[str, Tensor]:
        """Update the discriminator once.

        Args:
            inputs (dict): The inputs of the batch; ``img`` are real images in the model's range.
            data_samples (Sequence, optional): What is known of the images.
            optimizer_wrapper (OptimWrapper): The discriminator's.

        Returns:
            dict[str, Tensor]: What to log.
        """

    @abstractmethod
    def train_generator(
        self,
        inputs: dict[str, Any],
        data_samples: Sequence[Any] | None,
        optimizer_wrapper: OptimWrapper,
    ) -> dict[str, Tensor]:
        """Update the generator once.

        Args:
            inputs (dict): The inputs of the batch; ``img`` are real images in the model's range.
            data_samples (Sequence, optional): What is known of the images.
            optimizer_wrapper (OptimWrapper): The generator's.

        Returns:
            dict[str, Tensor]: What to log.
        """
