"""The Fréchet distance between generated and real images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchmetrics.image.fid import FrechetInceptionDistance

from mmlight.dist import get_world_size
from mmlight.evaluation.gen_metric import GenMetric
from mmlight.registry import METRICS, MODELS


@METRICS.register_module()
class FrechetDistance(GenMetric):
    """How far generated images are from real ones: 0 where their features are distributed alike.

    It is the Fréchet distance between two normal distributions, fitted to the features of the
    generated and of the real images. ``torchmetrics`` computes it. The features are those of any
    network; with an Inception network it would be the FID. It gives the value ``fd``.

    Source: Heusel et al., "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash
    Equilibrium", NeurIPS 2017.

    Args:
        fake_nums (int): Generated images to use.
        real_nums (int): Real images to use, -1 for the whole dataset. Defaults to -1.
        feature_extractor (dict | nn.Module): Network from images ``(N, C, H, W)``, uint8, 0 to
            255, to features ``(N, D)``; ``num_features`` is its D. Defaults to
            :class:`~mmlight.models.DigitsFeatures`.
        fake_key (str): Field of a sample that is the generated image. Defaults to ``fake_img``.
        real_key (str): Entry of the inputs that is the real image. Defaults to ``img``.
        sample_model (str): Generator to take: ``ema`` or ``orig``. Defaults to ``ema``.
        sampler_mode (str): See :class:`GenMetric`. Defaults to ``Noise``.
        collect_device (str): See :class:`GenMetric`. Defaults to ``cpu``.
        prefix (str, optional): Put before ``fd``. Defaults to ``FD``.

    Raises:
        ValueError: If there are fewer than 2 real or generated images to use.

    Example:
        >>> metric = FrechetDistance(fake_nums=4)
        >>> images = torch.arange(4 * 32 * 32).remainder(251).to(torch.uint8).reshape(4, 1, 32, 32)
        >>> metric.prepare(None, DataLoader([dict(inputs=dict(img=image)) for image in images]))
        >>> metric.process(None, [dict(fake_img=image) for image in images])
        >>> abs(metric.evaluate(4)["FD/fd"]) < 0.01
        True
    """

    default_prefix = "FD"

    def __init__(
        self,
        fake_nums: int,
        real_nums: int = -1,
        feature_extractor: dict | nn.Module | None = None,
        fake_key: str = "fake_img",
        real_key: str = "img",
        sample_model: str = "ema",
        sampler_mode: str = "Noise",
        collect_device: str = "cpu",
        prefix: str | None = None,
    ) -> None:
        super().__init__(
            fake_nums,
            real_nums,
            fake_key,
            real_key,
            sample_model,
            sampler_mode,
            collect_device,
            prefix,
        )
        if fake_nums < 2 or real_nums in (0, 1):
            raise ValueError(
                "a distribution needs at least 2 images, but fake_nums is "
                f"{fake_nums} and real_nums {real_nums}"
            )
        extractor = feature_extractor or {"type": "DigitsFeatures"}
        network = extractor if isinstance(extractor, nn.Module) else MODELS.build(extractor)
        self.distance = FrechetInceptionDistance(feature=network.eval(), reset_real_features=False)
        self._reals_ready = False
        self._fakes = 0

    @torch.no_grad()
    def prepare(self, module: nn.Module | None, dataloader: DataLoader) -> None:
        """Take the features of the real images, once.

        Args:
            module (nn.Module, optional): The model; the features are computed where it is.
            dataloader (DataLoader): The real images.

        Raises:
            KeyError: If the inputs of a batch do not have the real image.
            ValueError: If there are fewer real images than wanted.
        """
        weight = next(module.parameters(), None) if module is not None else None
        if weight is not None:
            self.distance.to(weight.device)
        if self._reals_ready:
            return
        wanted = -1 if self.real_nums < 0 else -(-self.real_nums // get_world_size())
        used = 0
        for images in self.real_batches(dataloader, wanted):
            self._update(images, real=True)
            used += len(images)
        if used < 2:
            raise ValueError(f"the distance needs at least 2 real images, there are {used}")
        self._reals_ready = True

    def _update(self, images: Tensor, real: bool) -> None:
        # What a model returns are grey levels with fractions; images have whole ones.
        images = images.round().clamp(0, 255).to(torch.uint8)
        self.distance.update(images.to(self.distance.device), real=real)

    @torch.no_grad()
    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Take the features of generated images, as far as they are still needed.

        Args:
            data_batch (Any): Not used.
            data_samples (Sequence[dict]): Samples with the image, 0 to 255.
        """
        needed = self.fake_nums_per_device - self._fakes
        images = [self.fake_image(sample) for sample in data_samples[:needed]]
        if images:
            self._update(torch.stack(images), real=False)
            self._fakes += len(images)

    def evaluate(self, size: int | None = None) -> dict[str, float]:  # type: ignore[override]
        """Compute the distance over all processes and forget the generated images.

        Args:
            size (int, optional): Not used: the number is ``fake_nums``. Defaults to None.

        Returns:
            dict[str, float]: ``fd``, with the prefix.
        """
        value = self.distance.compute()
        self.distance.reset()
        self._fakes = 0
        return self._with_prefix(self.compute_metrics([value]))

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Name the distance.

        Args:
            results (list): The distance, as the only item.

        Returns:
            dict[str, float]: The distance as ``fd``.
        """
        (value,) = results
        return {"fd": float(value)}
