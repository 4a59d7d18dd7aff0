"""Multi-scale structural similarity of generated images with each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from mmlight.generative.evaluation.gen_metric import GenMetric
from mmlight.registry import METRICS

_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_WINDOW, _SIGMA = 11, 1.5
_RANGE = 255.0


@METRICS.register_module(name=["MS_SSIM", "MultiScaleStructureSimilarity"])
class MS_SSIM(GenMetric):
    """How alike pairs of generated images are, 0 to 1: high where a generator lacks variety.

    It gives the value ``avg``, the mean over the pairs of neighbouring images. Torchmetrics asks
    for more than 160 pixels a side; here, as in the sources, the window shrinks with the image.

    Source: Z. Wang et al., "Multiscale structural similarity for image quality assessment", 2003;
    for pairs: A. Odena et al., "Conditional Image Synthesis with Auxiliary Classifier GANs", 2017.

    Args:
        fake_nums (int): Generated images to use, an even number.
        fake_key (str, optional): Field of a sample that is the generated image. Defaults to
            None, ``fake_img``.
        need_cond_input (bool): Labels of the dataset as conditions; not available. Defaults to
            False.
        sample_model (str): Generator to take: ``ema`` or ``orig``. Defaults to ``ema``.
        collect_device (str): See :class:`GenMetric`. Defaults to ``cpu``.
        prefix (str, optional): Put before ``avg``. Defaults to None.

    Raises:
        ValueError: If ``fake_nums`` is odd, or conditions are asked for.

    Example:
        >>> metric = MS_SSIM(fake_nums=2, prefix="MS-SSIM")
        >>> image = torch.arange(1024.0).remainder(256).reshape(1, 32, 32)
        >>> metric.process(None, [dict(fake_img=image), dict(fake_img=image)])
        >>> round(metric.evaluate(2)["MS-SSIM/avg"], 4)
        1.0
    """

    value_names = ("avg",)

    def __init__(
        self,
        fake_nums: int,
        fake_key: str | None = None,
        need_cond_input: bool = False,
        sample_model: str = "ema",
        collect_device: str = "cpu",
        prefix: str | None = None,
    ) -> None:
        super().__init__(
            fake_nums,
            fake_key=fake_key or "fake_img",
            sample_model=sample_model,
            collect_device=collect_device,
            prefix=prefix,
            need_cond_input=need_cond_input,
        )
        if fake_nums % 2:
            raise ValueError(f"MS_SSIM compares pairs, but fake_nums is {fake_nums}, an odd number")
        self._unpaired: Tensor | None = None

    @torch.no_grad()
    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Compare neighbouring images, as far as pairs are still needed.

        Args:
            data_batch (Any): Not used.
            data_samples (Sequence[dict]): Samples with the image ``(C, H, W)``, 0 to 255.
        """
        images = [] if self._unpaired is None else [self._unpaired]
        needed = 2 * (-(-self.fake_nums_per_device // 2) - len(self.results))
        images += [self.fake_image(sample) for sample in data_samples[: needed - len(images)]]
        self._unpaired = images.pop() if len(images) % 2 else None
        if images:
            pairs = torch.stack(images)
            self.results.extend(ms_ssim(pairs[0::2], pairs[1::2]).tolist())

    def evaluate(self, size: int | None = None) -> dict[str, float]:  # type: ignore[override]
        """Take the mean over the pairs of all processes, and forget them.

        Args:
            size (int, optional): Not used: the number is ``fake_nums``. Defaults to None.

        Returns:
            dict[str, float]: ``avg``, with the prefix.
        """
        self._unpaired = None
        return super().evaluate(self.fake_nums // 2)

    def compute_metrics(self, results: list[Any]) -> dict[str, float]:
        """Take the mean.

        Args:
            results (list[float]): Similarity of each pair.

        Returns:
            dict[str, float]: The mean as ``avg``.
        """
        return {"avg": sum(results) / len(results)}


def ms_ssim(first: Tensor, second: Tensor) -> Tensor:
    """Compare each image with its partner over five scales.

    Args:
        first (Tensor): Images ``(N, C, H, W)``, 0 to 255, at least 16 pixels a side.
        second (Tensor): Their partners, alike.

    Returns:
        Tensor: Similarities ``(N,)``, 0 to 1.

    Raises:
        ValueError: If the images are smaller.

    Example:
        >>> images = torch.arange(256.0).reshape(1, 1, 16, 16)
        >>> ms_ssim(images, images)
        tensor([1.], dtype=torch.float64)
    """
    smallest = 2 ** (len(_WEIGHTS) - 1)
    if min(first.shape[-2:]) < smallest:
        raise ValueError(
            f"MS_SSIM needs images of at least {smallest} pixels a side, got "
            f"{tuple(first.shape[-2:])}"
        )
    first, second = first.double(), second.double()
    product = first.new_ones(len(first))
    for scale, weight in enumerate(_WEIGHTS):
        structure, luminance = _compare(first, second)
        last = scale == len(_WEIGHTS) - 1
        factor = (structure * luminance if last else structure).mean(dim=(1, 2, 3))
        product = product * factor.clamp(min=0) ** weight
        if not last:
            first, second = F.avg_pool2d(first, 2), F.avg_pool2d(second, 2)
    return product


def _compare(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Contrast and structure, and luminance, of each window that lies within the images."""
    size = min(_WINDOW, *first.shape[-2:])
    kernel = _gaussian(size, _SIGMA * size / _WINDOW).to(first)
    channels = first.shape[1]
    kernel = kernel.expand(channels, 1, size, size)

    def blur(images: Tensor) -> Tensor:
        return F.conv2d(images, kernel, groups=channels)

    mean_1, mean_2 = blur(first), blur(second)
    var_1, var_2 = blur(first**2) - mean_1**2, blur(second**2) - mean_2**2
    covariance = blur(first * second) - mean_1 * mean_2
    c_1, c_2 = (0.01 * _RANGE) ** 2, (0.03 * _RANGE) ** 2
    structure = (2 * covariance + c_2) / (var_1 + var_2 + c_2)
    luminance = (2 * mean_1 * mean_2 + c_1) / (mean_1**2 + mean_2**2 + c_1)
    return structure, luminance


def _gaussian(size: int, sigma: float) -> Tensor:
    at = torch.arange(size, dtype=torch.float64) - (size - 1) / 2
    line = torch.exp(-(at**2) / (2 * sigma**2))
    line = line / line.sum()
    return torch.outer(line, line)
