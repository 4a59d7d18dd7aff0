"""Structural similarity."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torchmetrics.functional.image import structural_similarity_index_measure

from mmlight.generative.evaluation.sample_wise_metric import SampleWiseMetric
from mmlight.registry import METRICS

_WINDOW = 11


@METRICS.register_module()
class SSIM(SampleWiseMetric):
    """Structural similarity of images of 0 to 255, at most 1; the higher the better.

    A window of 11 x 11 with a standard deviation of 1.5, where it lies within the image; the mean
    over the channels. Source: Z. Wang et al., "Image Quality Assessment: From Error Visibility to
    Structural Similarity", 2004.

    The arguments are those of
    :class:`~mmlight.generative.evaluation.sample_wise_metric.SampleWiseMetric`.

    Example:
        >>> import torch
        >>> metric = SSIM(prefix="set5")
        >>> image = torch.arange(256.0).reshape(1, 16, 16)
        >>> metric.process(None, [dict(gt_img=image, output=dict(pred_img=image))])
        >>> metric.evaluate(size=1)
        {'set5/SSIM': 1.0}
    """

    metric = "SSIM"

    def compare(self, pred: Tensor, target: Tensor, sample: dict[str, Any]) -> Tensor:
        """The similarity of one image."""
        if min(pred.shape[-2:]) < _WINDOW:
            raise ValueError(
                f"SSIM needs images of at least {_WINDOW} pixels a side within the border, got "
                f"{tuple(pred.shape[-2:])}"
            )
        _, everywhere = structural_similarity_index_measure(
            pred.unsqueeze(0),
            target.unsqueeze(0),
            sigma=1.5,
            data_range=255.0,
            return_full_image=True,
        )
        beyond = _WINDOW // 2
        return everywhere[..., beyond:-beyond, beyond:-beyond].mean()
