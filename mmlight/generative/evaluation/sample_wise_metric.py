"""The base of metrics that compare each image with its ground truth."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from mmlight.evaluator import BaseMetric

CONVERSIONS = (None, "y")
# Weights of red, green and blue in BT.601's luma of 16 to 235, for channels of 0 to 1.
_LUMA = (65.481, 128.553, 24.966)


class SampleWiseMetric(BaseMetric):
    """A metric of each image, of which the mean over a dataset is reported.

    Samples are what :class:`~mmlight.generative.models.BaseEditModel` returns: the ground truth,
    and in ``output`` the prediction; both ``(C, H, W)``, 0 to 255.

    Args:
        gt_key (str): Field of the ground truth. Defaults to ``gt_img``.
        pred_key (str): Field of the prediction. Defaults to ``pred_img``.
        collect_device (str): Where results of several processes meet. Defaults to ``cpu``.
        prefix (str, optional): Put before the name of the value. Defaults to None.
        crop_border (int): Pixels at each border that are left out. Defaults to 0.
        convert_to (str, optional): ``Y`` to compare the luma of ITU-R BT.601 alone.
            Defaults to None.

    Raises:
        ValueError: If the conversion is not known or the border is negative.
    """

    metric: str

    def __init__(
        self,
        gt_key: str = "gt_img",
        pred_key: str = "pred_img",
        collect_device: str = "cpu",
        prefix: str | None = None,
        crop_border: int = 0,
        convert_to: str | None = None,
    ) -> None:
        super().__init__(collect_device, prefix)
        if convert_to and convert_to.lower() not in CONVERSIONS:
            raise ValueError(f"convert_to must be None or 'Y', got {convert_to!r}")
        if crop_border < 0:
            raise ValueError(f"crop_border must not be negative, got {crop_border}")
        self.gt_key = gt_key
        self.pred_key = pred_key
        self.crop_border = crop_border
        self.convert_to = convert_to

    @property
    def value_names(self) -> Sequence[str]:  # type: ignore[override]
        """Sequence[str]: The name of its value."""
        return (self.metric,)

    @abstractmethod
    def compare(self, pred: Tensor, target: Tensor, sample: dict[str, Any]) -> Tensor:
        """Compute the metric of one image.

        Args:
            pred (Tensor): The prediction ``(C, H, W)``, float64, 0 to 255.
            target (Tensor): The ground truth, alike.
            sample (dict): What is known besides.

        Returns:
            Tensor: A number.
        """

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Compute the metric of each image of a batch.

        Args:
            data_batch (Any): The batch; not used.
            data_samples (Sequence[dict]): Outputs of the model.

        Raises:
            KeyError: If a sample lacks an image.
            ValueError: If the images differ in shape, or nothing is left within the border.
        """
        for sample in data_samples:
            target = self._image(sample, self.gt_key, self.gt_key)
            pred = self._image(sample.get("output", sample), self.pred_key, self.gt_key, sample)
            if pred.shape != target.shape:
                raise ValueError(
                    f"{type(self).__name__} compares images of one shape (C, H, W), but "
                    f"{self.pred_key} has {tuple(pred.shape)} and {self.gt_key} "
                    f"{tuple(target.shape)}{_where(sample)}"
                )
            if not pred.numel():
                raise ValueError(f"crop_border={self.crop_border} leaves nothing{_where(sample)}")
            self.results.append(float(self.compare(pred, target, sample)))

    def _image(
        self, found: dict[str, Any], key: str, order_of: str, sample: dict[str, Any] | None = None
    ) -> Tensor:
        if key not in found:
            raise KeyError(f"{type(self).__name__} finds no {key!r} in a sample with {list(found)}")
        image = torch.as_tensor(found[key]).detach().cpu().to(torch.float64)
        if self.crop_border:
            border = self.crop_border
            image = image[..., border:-border, border:-border]
        return self._luma(image, sample or found) if self.convert_to else image

    @staticmethod
    def _luma(image: Tensor, sample: dict[str, Any]) -> Tensor:
        order = str(sample.get("gt_channel_order") or "bgr").lower()
        weights = torch.tensor(_LUMA if order == "rgb" else _LUMA[::-1], dtype=image.dtype)
        return torch.einsum("c,chw->hw", weights, image / 255).unsqueeze(0) + 16

    def compute_metrics(self, results: list[Any]) -> dict[str, float]:
        """Take the mean.

        Args:
            results (list[float]): The metric of each image.

        Returns:
            dict[str, float]: The mean by the metric's name.
        """
        return {self.metric: sum(results) / len(results)}


def _where(sample: dict[str, Any]) -> str:
    return f": {sample['gt_path']}" if sample.get("gt_path") else ""
