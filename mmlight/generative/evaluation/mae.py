"""Mean absolute error."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from mmlight.generative.evaluation.sample_wise_metric import SampleWiseMetric
from mmlight.registry import METRICS


@METRICS.register_module()
class MAE(SampleWiseMetric):
    """Mean absolute error of images of 0 to 255, as a part of 1; the lower the better.

    Args:
        gt_key (str): Field of the ground truth. Defaults to ``gt_img``.
        pred_key (str): Field of the prediction. Defaults to ``pred_img``.
        mask_key (str, optional): Field of a mask ``(1, H, W)``; only where it is not zero are
            values compared. Defaults to None.
        scaling (float): Factor of the error. Defaults to 1.
        collect_device (str): Where results of several processes meet. Defaults to ``cpu``.
        prefix (str, optional): Put before the name of the value. Defaults to None.

    Example:
        >>> metric = MAE(prefix="set5")
        >>> pred = dict(pred_img=torch.full((3, 2, 2), 51.0))
        >>> images = dict(gt_img=torch.zeros(3, 2, 2), output=pred)
        >>> metric.process(None, [images])
        >>> metric.evaluate(size=1)
        {'set5/MAE': 0.2}
    """

    metric = "MAE"

    def __init__(
        self,
        gt_key: str = "gt_img",
        pred_key: str = "pred_img",
        mask_key: str | None = None,
        scaling: float = 1,
        collect_device: str = "cpu",
        prefix: str | None = None,
    ) -> None:
        super().__init__(gt_key, pred_key, collect_device, prefix)
        self.mask_key = mask_key
        self.scaling = scaling

    def compare(self, pred: Tensor, target: Tensor, sample: dict[str, Any]) -> Tensor:
        """The error of one image."""
        error = (pred - target).abs()
        if self.mask_key is not None:
            mask = torch.as_tensor(sample[self.mask_key]).cpu()
            error = error[(mask != 0).expand_as(error)]
        return error.mean() / 255 * self.scaling
