"""The natural image quality evaluator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import correlate
from scipy.special import gamma

from mmlight.evaluator import BaseMetric
from mmlight.generative.evaluation.weight_files import weight_file
from mmlight.registry import METRICS
from mmlight.registry.diagnostics import did_you_mean

PUBLISHED = (
    "https://raw.githubusercontent.com/open-mmlab/mmagic/main/mmagic/evaluation/metrics/"
    "niqe_pris_params.npz"
)
_BLOCK = 96
_NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))
_SHAPES = np.arange(0.2, 10.001, 0.001)
_RATIOS = gamma(2 / _SHAPES) ** 2 / (gamma(1 / _SHAPES) * gamma(3 / _SHAPES))
# Weights of red, green and blue in BT.601's luma of 16 to 235 and of 0 to 255.
_CONVERSIONS = {"y": (65.481 / 255, 128.553 / 255, 24.966 / 255), "gray": (0.299, 0.587, 0.114)}


@METRICS.register_module()
class NIQE(BaseMetric):
    """How far an image is from undistorted natural ones, without a reference: the less the better.

    Each block of 96 x 96 pixels has 36 features of how its brightness varies; the metric is the
    distance of their normal distribution from one that was fitted to undistorted pictures. It
    gives the mean over the images, ``NIQE``.

    Source: A. Mittal et al., "Making a Completely Blind Image Quality Analyzer", IEEE Signal
    Processing Letters 2013.

    Args:
        key (str): Field of the image. Defaults to ``pred_img``.
        is_predicted (bool): Whether it is a field of the prediction, ``output``. Defaults to True.
        collect_device (str): See :class:`~mmlight.evaluator.BaseMetric`. Defaults to ``cpu``.
        prefix (str, optional): Put before ``NIQE``. Defaults to None.
        crop_border (int): Pixels at each border that are left out. Defaults to 0.
        input_order (str): ``HWC`` or ``CHW``, the order of an image that is an array; tensors are
            ``(C, H, W)``. Defaults to ``HWC``.
        convert_to (str): ``gray`` or ``Y``: what of the colours counts. Defaults to ``gray``.
        params_path (str, optional): File of the distribution of undistorted pictures, or its
            address in the web: ``mu_pris_param`` ``(1, 36)``, ``cov_pris_param`` ``(36, 36)`` and
            ``gaussian_window`` ``(7, 7)`` in a ``npz``. Defaults to None, MMagic's.

    Raises:
        ValueError: If an order or a conversion is not known, or the border is negative.

    Example:
        >>> NIQE(convert_to="grey", prefix="x")
        Traceback (most recent call last):
        ValueError: convert_to must be one of gray, Y, got 'grey'. Did you mean 'gray'?
    """

    value_names = ("NIQE",)

    def __init__(
        self,
        key: str = "pred_img",
        is_predicted: bool = True,
        collect_device: str = "cpu",
        prefix: str | None = None,
        crop_border: int = 0,
        input_order: str = "HWC",
        convert_to: str = "gray",
        params_path: str | None = None,
    ) -> None:
        super().__init__(collect_device, prefix)
        for name, value, known in (
            ("input_order", input_order, ("HWC", "CHW")),
            ("convert_to", str(convert_to).lower(), _CONVERSIONS),
        ):
            if value not in known:
                words = ("gray", "Y") if name == "convert_to" else tuple(known)
                given = convert_to if name == "convert_to" else value
                raise ValueError(
                    f"{name} must be one of {', '.join(words)}, got {given!r}."
                    f"{did_you_mean(str(given), words)}"
                )
        if crop_border < 0:
            raise ValueError(f"crop_border must not be negative, got {crop_border}")
        self.key = key
        self.is_predicted = is_predicted
        self.crop_border = crop_border
        self.input_order = input_order
        self.convert_to = convert_to.lower()
        self._path = params_path or PUBLISHED
        self._pristine: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None

    @property
    def pristine(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """tuple: Mean and covariance of undistorted pictures, and the window to look through."""
        if self._pristine is None:
            with np.load(weight_file(self._path), allow_pickle=False) as file:
                mean, cov, window = (
                    file[name] for name in ("mu_pris_param", "cov_pris_param", "gaussian_window")
                )
            self._pristine = mean.reshape(-1), cov, window
        return self._pristine

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Compute the metric of each image of a batch.

        Args:
            data_batch (Any): The batch; not used.
            data_samples (Sequence[dict]): Outputs of the model, images of 0 to 255.

        Raises:
            FileNotFoundError: If the file of undistorted pictures is missing.
            KeyError: If a sample lacks the image.
            ValueError: If an image is smaller than a block.
        """
        for sample in data_samples:
            found = sample.get("output", sample) if self.is_predicted else sample
            if self.key not in found:
                raise KeyError(f"NIQE finds no {self.key!r} in a sample with {list(found)}")
            order = str(sample.get("gt_channel_order") or "bgr").lower()
            self.results.append(self._quality(self._brightness(found[self.key], order)))

    def _brightness(self, given: Any, order: str) -> np.ndarray:
        image = np.asarray(given.cpu() if isinstance(given, torch.Tensor) else given, np.float64)
        if image.ndim == 3 and not isinstance(given, torch.Tensor) and self.input_order == "HWC":
            image = image.transpose(2, 0, 1)
        if image.ndim == 3 and len(image) == 3:
            weights = _CONVERSIONS[self.convert_to]
            offset = 16 if self.convert_to == "y" else 0
            image = np.tensordot(weights[:: 1 if order == "rgb" else -1], image, 1) + offset
        image = image.reshape(image.shape[-2:])
        if self.crop_border:
            image = image[
                self.crop_border : -self.crop_border, self.crop_border : -self.crop_border
            ]
        result: np.ndarray = image.round()
        return result

    def _quality(self, image: np.ndarray) -> float:
        mean, cov, window = self.pristine
        features = block_features(image, window)
        known = features[~np.isnan(features).any(axis=1)]
        of_blocks = np.cov(known, rowvar=False)
        moved = mean - np.nanmean(features, axis=0)
        return float(np.sqrt(moved @ np.linalg.pinv((cov + of_blocks) / 2) @ moved))

    def compute_metrics(self, results: list[Any]) -> dict[str, float]:
        """Take the mean.

        Args:
            results (list[float]): The metric of each image.

        Returns:
            dict[str, float]: The mean as ``NIQE``.
        """
        return {"NIQE": sum(results) / len(results)}


def block_features(image: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Describe how the brightness of each block varies, at its size and at half of it.

    Args:
        image (np.ndarray): Brightness ``(H, W)``, 0 to 255, of two blocks of 96 x 96 at least;
            what does not fill a block is left out.
        window (np.ndarray): Weights of the surroundings of a pixel, of sum 1.

    Returns:
        np.ndarray: Features ``(blocks, 36)``.

    Raises:
        ValueError: If the image is smaller than two blocks.
    """
    rows, columns = image.shape[0] // _BLOCK, image.shape[1] // _BLOCK
    if rows * columns < 2:
        raise ValueError(f"NIQE needs images of two blocks of 96 x 96, got {image.shape}")
    image = image[: rows * _BLOCK, : columns * _BLOCK]
    scales = []
    for size in (_BLOCK, _BLOCK // 2):
        mean = correlate(image, window, mode="nearest")
        spread = np.sqrt(np.abs(correlate(image**2, window, mode="nearest") - mean**2))
        blocks = ((image - mean) / (spread + 1)).reshape(rows, size, columns, size)
        blocks = blocks.transpose(0, 2, 1, 3).reshape(-1, size, size)
        scales.append([_features(block) for block in blocks])
        image = _half(image)
    return np.concatenate(scales, axis=1)


def _features(block: np.ndarray) -> list[float]:
    shape, left, right = _generalised_normal(block)
    features = [shape, (left + right) / 2]
    for shift in _NEIGHBOURS:
        shape, left, right = _generalised_normal(block * np.roll(block, shift, axis=(0, 1)))
        mean = (right - left) * gamma(2 / shape) / gamma(1 / shape)
        features += [shape, mean, left, right]
    return features


def _generalised_normal(values: np.ndarray) -> tuple[float, float, float]:
    """Shape and widths to the left and right of an asymmetric generalised normal distribution."""
    values = values.ravel()
    left, right = (
        np.sqrt(np.mean(side**2)) if side.size else np.nan
        for side in (values[values < 0], values[values > 0])
    )
    skew = left / right
    ratio = np.mean(np.abs(values)) ** 2 / np.mean(values**2)
    ratio = ratio * (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
    shape = _SHAPES[np.argmin((_RATIOS - ratio) ** 2)]
    width = np.sqrt(gamma(1 / shape) / gamma(3 / shape))
    return shape, left * width, right * width


def _half(image: np.ndarray) -> np.ndarray:
    """Halve an image by a cubic filter as wide as it shrinks, mirrored at its borders."""
    padded = torch.from_numpy(np.pad(image, 8, mode="symmetric"))[None, None]
    small = F.interpolate(padded, scale_factor=0.5, mode="bicubic", antialias=True)
    return small[0, 0, 4:-4, 4:-4].numpy()
