"""Peak signal-to-noise ratio."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torchmetrics.functional.image import peak_signal_noise_ratio

from mmlight.generative.evaluation.sample_wise_metric import SampleWiseMetric
from mmlight.registry import METRICS


@METRICS.register_module()
class PSNR(SampleWiseMetric):
    """Peak signal-to-noise ratio of images of 0 to 255, in dB; the higher the better.

    The arguments are those of
    :class:`~mmlight.generative.evaluation.sample_wise_metric.SampleWiseMetric`.

    Example:
        >>> import torch
        >>> metric = PSNR(prefix="set5", crop_border=2)
        >>> pred = dict(pred_img=torch.ones(3, 16, 16))
        >>> images = dict(gt_img=torch.zeros(3, 16, 16), output=pred)
        >>> metric.process(None, [images])
        >>> {name: round(value, 2) for name, value in metric.evaluate(size=1).items()}
        {'set5/PSNR': 48.13}
    """

    metric = "PSNR"

    def compare(self, pred: Tensor, target: Tensor, sample: dict[str, Any]) -> Tensor:
        """The ratio of one image, in dB."""
        return peak_signal_noise_ratio(pred, target, data_range=255.0)
