"""The Fréchet distance between generated and real images, of any features."""

from __future__ import annotations

from typing import Any

from torch import nn

from mmlight.generative.evaluation.fid import FrechetInceptionDistance
from mmlight.registry import METRICS


@METRICS.register_module()
class FrechetDistance(FrechetInceptionDistance):
    """The distance of :class:`FrechetInceptionDistance`, of features that are not Inception's.

    It gives the value ``fd``, so that nobody takes it for a FID.

    Args:
        fake_nums (int): Generated images to use.
        real_nums (int): Real images to use, -1 for the whole dataset. Defaults to -1.
        feature_extractor (dict | nn.Module): Network from images ``(N, C, H, W)``, 0 to 255, red
            first, to features ``(N, D)``. Defaults to
            :class:`~mmlight.generative.models.DigitsFeatures`.
        fake_key (str): Field of a sample that is the generated image. Defaults to ``fake_img``.
        real_key (str): Entry of the inputs that is the real image. Defaults to ``img``.
        sample_model (str): Generator to take: ``ema`` or ``orig``. Defaults to ``ema``.
        sampler_mode (str): See :class:`GenMetric`. Defaults to ``Noise``.
        collect_device (str): See :class:`GenMetric`. Defaults to ``cpu``.
        prefix (str, optional): Put before ``fd``. Defaults to ``FD``.

    Raises:
        ValueError: If there are fewer than 2 real or generated images to use.

    Example:
        >>> import torch
        >>> from torch.utils.data import DataLoader
        >>> metric = FrechetDistance(fake_nums=4)
        >>> images = torch.arange(4 * 32 * 32).remainder(251).to(torch.uint8).reshape(4, 1, 32, 32)
        >>> metric.prepare(None, DataLoader([dict(inputs=dict(img=image)) for image in images]))
        >>> metric.process(None, [dict(fake_img=image) for image in images])
        >>> abs(metric.evaluate(4)["FD/fd"]) < 0.01
        True
    """

    default_prefix = "FD"
    value_names = ("fd",)

    def __init__(
        self,
        fake_nums: int,
        real_nums: int = -1,
        feature_extractor: dict[str, Any] | nn.Module | None = None,
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
            fake_key=fake_key,
            real_key=real_key,
            sample_model=sample_model,
            collect_device=collect_device,
            prefix=prefix,
            feature_extractor=feature_extractor or {"type": "DigitsFeatures"},
            sampler_mode=sampler_mode,
        )

    def compute_metrics(self, results: list[Any]) -> dict[str, float]:
        """Name the distance.

        Args:
            results (list[float]): That of the means and that of the covariances.

        Returns:
            dict[str, float]: Their sum as ``fd``.
        """
        return {"fd": sum(results)}
