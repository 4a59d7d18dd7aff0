"""Shows what a model predicts for the images of a test."""

from __future__ import annotations

import os.path as osp
from collections.abc import Iterator, Sequence
from typing import Any

import cv2
import numpy as np

from mmlight.hooks.hook import DataBatch, Hook
from mmlight.hooks.never import warn_of_never, why_never
from mmlight.hooks.runner_protocol import RunnerLike
from mmlight.registry import HOOKS
from mmlight.utils.checks import every, flags
from mmlight.utils.dl_utils import tensor2imgs


@HOOKS.register_module()
class NaiveVisualizationHook(Hook):
    """Give images of a test and their predictions to ``runner.visualizer.add_datasample``.

    A data sample has to have ``img_path``, ``ori_width`` and ``ori_height``, to which the image is
    resized; one with ``pad_shape`` is first cropped to ``scale`` (width, height).

    Args:
        interval: Batches between two that are drawn; -1 for none.
        draw_gt: Whether to draw the ground truth.
        draw_pred: Whether to draw the prediction.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If ``interval`` is 0 or below -1.

    Example:
        >>> NaiveVisualizationHook(interval=5).draw_gt
        True
    """

    priority = "NORMAL"
    writes = True

    def __init__(self, interval: int = 1, draw_gt: bool = True, draw_pred: bool = True) -> None:
        every(self, interval=interval)
        flags(self, draw_gt=draw_gt, draw_pred=draw_pred)
        self._interval = interval
        self.draw_gt = draw_gt
        self.draw_pred = draw_pred

    def before_test(self, runner: RunnerLike) -> None:
        """Warn if nothing will be drawn."""
        why = why_never(self._interval, self._interval, None, "batches")
        warn_of_never(runner, self, "draw an image", why, interval=self._interval)

    def before_train(self, runner: RunnerLike) -> None:
        """Give the model to the visualizer, whose backends may draw it as a graph."""
        runner.visualizer.add_graph(runner.model, None)

    def after_test_iter(
        self,
        runner: RunnerLike,
        batch_idx: int,
        data_batch: DataBatch = None,
        outputs: Sequence[Any] | None = None,
    ) -> None:
        """Draw the batch if it is its turn."""
        if not self.every_n_inner_iters(batch_idx, self._interval):
            return
        for (image, sample), output in zip(_samples(data_batch), outputs or (), strict=False):
            runner.visualizer.add_datasample(
                osp.basename(sample.img_path),
                self._original(image, sample),
                sample,
                output,
                self.draw_gt,
                self.draw_pred,
            )

    def _original(self, image: Any, sample: Any) -> np.ndarray:
        """The image as it was before it was normalized, padded and resized."""
        batch = image if image.ndim == 4 else image[None]
        pixels = tensor2imgs(batch, **sample.get("img_norm_cfg", {}))[0]
        size = (sample.ori_width, sample.ori_height)
        if "pad_shape" in sample:
            pixels = self._unpad(pixels, sample.get("scale", size))
        return cv2.resize(pixels, size)

    def _unpad(self, input: np.ndarray, unpad_shape: tuple[int, int]) -> np.ndarray:
        """The upper left part of an image, ``unpad_shape`` being its width and height."""
        width, height = unpad_shape
        return input[:height, :width]


def _samples(data_batch: DataBatch) -> Iterator[tuple[Any, Any]]:
    """Pairs of image and data sample of a batch, however it was collated."""
    if isinstance(data_batch, dict):
        samples = data_batch.get("data_samples", data_batch.get("data_sample"))
        yield from zip(data_batch["inputs"], samples or (), strict=False)
        return
    for item in data_batch or ():
        yield item["inputs"], item.get("data_sample", item.get("data_samples"))
