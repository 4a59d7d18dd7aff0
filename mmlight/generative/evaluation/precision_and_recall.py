"""Improved precision and recall of generated images."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mmlight.generative.evaluation.held_features import HeldFeaturesMetric
from mmlight.generative.evaluation.weight_files import VGG16
from mmlight.registry import METRICS

_DEFAULT = "work_dirs/cache/vgg16.pt"


@METRICS.register_module(name=["PrecisionAndRecall", "PR"])
class PrecisionAndRecall(HeldFeaturesMetric):
    """How many generated images could be real ones, and how many real ones could be generated.

    An image could be of a set if its features lie within the ball around those of an image of the
    set that reaches to the ``k``-th nearest other of the set. ``precision`` is the share of the
    generated images that lie within a ball of a real one, ``recall`` the converse.

    Source: T. Kynkäänniemi et al., "Improved Precision and Recall Metric for Assessing Generative
    Models", NeurIPS 2019.

    Args:
        fake_nums (int): Generated images to use.
        real_nums (int): Real images to use, -1 for the whole dataset. Defaults to -1.
        k (int): Which neighbour says how large a ball is. Defaults to 3.
        fake_key (str, optional): Field of a sample that is the generated image. Defaults to
            None, ``fake_img``.
        real_key (str): Field of a sample, or entry of the inputs, that is the real image.
            Defaults to ``gt_img``.
        need_cond_input (bool): See :class:`GenMetric`. Defaults to False.
        sample_model (str): Generator to take: ``ema`` or ``orig``. Defaults to ``ema``.
        collect_device (str): See :class:`GenMetric`. Defaults to ``cpu``.
        prefix (str, optional): Put before the names. Defaults to None.
        vgg16_script (str): NVIDIA's TorchScript file of VGG16, or its address in the web. Where
            the file of the default is missing, the published one is brought once.
        vgg16_pkl (str, optional): File of the features of the real images: read if it is there,
            else written. Defaults to None, one for each dataset and network in torch's cache.
        row_batch_size (int): Images of which distances are computed at once. Defaults to 10000.
        col_batch_size (int): Images to which they are computed at once. Defaults to 10000.
        auto_save (bool): Whether the features of the real images are kept in a file. Defaults to
            True.
        feature_extractor (dict | nn.Module, optional): Another network from images
            ``(N, C, H, W)``, 0 to 255, red first, to features ``(N, D)``. Defaults to None, VGG16.

    Raises:
        ValueError: If there are not more images than ``k``, or a number is not positive.

    Example:
        >>> digits = dict(type="DigitsFeatures")
        >>> metric = PrecisionAndRecall(6, feature_extractor=digits, prefix="PR")
        >>> images = torch.arange(6 * 32 * 32).remainder(251).reshape(6, 1, 32, 32)
        >>> metric.prepare(None, torch.utils.data.DataLoader([dict(inputs=one) for one in images]))
        >>> metric.process(None, [dict(fake_img=image) for image in images])
        >>> metric.evaluate()
        {'PR/precision': 1.0, 'PR/recall': 1.0}
    """

    stored = "vgg_feat"

    value_names = ("precision", "recall")

    def __init__(
        self,
        fake_nums: int,
        real_nums: int = -1,
        k: int = 3,
        fake_key: str | None = None,
        real_key: str = "gt_img",
        need_cond_input: bool = False,
        sample_model: str = "ema",
        collect_device: str = "cpu",
        prefix: str | None = None,
        vgg16_script: str = _DEFAULT,
        vgg16_pkl: str | None = None,
        row_batch_size: int = 10000,
        col_batch_size: int = 10000,
        auto_save: bool = True,
        feature_extractor: dict[str, Any] | nn.Module | None = None,
    ) -> None:
        if vgg16_script == _DEFAULT and not os.path.isfile(_DEFAULT):
            vgg16_script = VGG16
        super().__init__(
            fake_nums,
            feature_extractor or {"type": "ScriptFeatures", "path": vgg16_script},
            vgg16_pkl,
            real_nums=real_nums,
            fake_key=fake_key or "fake_img",
            real_key=real_key,
            sample_model=sample_model,
            collect_device=collect_device,
            prefix=prefix,
            need_cond_input=need_cond_input,
        )
        if min(k, row_batch_size, col_batch_size) < 1:
            raise ValueError(
                "k, row_batch_size and col_batch_size must be positive, got "
                f"{k}, {row_batch_size} and {col_batch_size}"
            )
        if 0 <= fake_nums <= k or 0 <= real_nums <= k:
            raise ValueError(
                f"neighbour {k} of an image needs more than {k} images, but fake_nums is "
                f"{fake_nums} and real_nums {real_nums}"
            )
        self.k = k
        self.keeps = auto_save
        self.row_batch_size = row_batch_size
        self.col_batch_size = col_batch_size

    def compute_metrics(self, results: list[Any]) -> dict[str, float]:
        """Count the images that could be of the other set.

        Args:
            results (list[np.ndarray]): Features ``(D,)`` of the generated images.

        Returns:
            dict[str, float]: ``precision`` and ``recall``.

        Raises:
            ValueError: If there are not more real images than ``k``.
        """
        assert self._reals is not None
        if len(self._reals) <= self.k:
            raise ValueError(f"{len(self._reals)} real images have no neighbour {self.k}")
        fakes = torch.from_numpy(np.stack(results))
        return {
            "precision": self._share(fakes, self._reals),
            "recall": self._share(self._reals, fakes),
        }

    def _share(self, features: Tensor, others: Tensor) -> float:
        """Share of features that lie within the balls of the others."""
        radii = torch.cat([self._radii(rows, others) for rows in others.split(self.row_batch_size)])
        within = 0
        for rows in features.split(self.row_batch_size):
            inside = torch.zeros(len(rows), dtype=torch.bool, device=self._device)
            reach = radii.split(self.col_batch_size)
            for radius, distances in zip(reach, self._distances(rows, others), strict=True):
                inside |= (distances <= radius).any(dim=1)
            within += int(inside.sum())
        return within / len(features)

    def _radii(self, rows: Tensor, others: Tensor) -> Tensor:
        nearest: Tensor | None = None
        for distances in self._distances(rows, others):
            near = distances if nearest is None else torch.cat([nearest, distances], dim=1)
            nearest = near.topk(min(self.k + 1, near.shape[1]), dim=1, largest=False).values
        assert nearest is not None
        return nearest[:, self.k]  # the nearest of all is the image itself

    def _distances(self, rows: Tensor, others: Tensor) -> Iterator[Tensor]:
        rows = rows.to(self._device)
        for columns in others.split(self.col_batch_size):
            yield torch.cdist(rows, columns.to(self._device))
