"""The base of metrics that need the features of every image, not only sums of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from mmlight.dist import collect_results, get_world_size
from mmlight.generative.evaluation.feature_metric import FeatureMetric


class HeldFeaturesMetric(FeatureMetric):
    """A metric that compares the features of all generated with those of all real images.

    The images themselves are not held. The features of the real ones are computed once and kept
    in a file; the main process holds them. Arguments are those of :class:`FeatureMetric`;
    ``stored`` names the features in the file, and ``keeps`` says whether there is one.
    """

    stored = "real_features"
    keeps = True
    _reals: Tensor | None = None
    _ready = False

    @torch.no_grad()
    def prepare(self, module: nn.Module | None, dataloader: DataLoader[Any]) -> None:
        """Take the features of the real images, once.

        Args:
            module (nn.Module, optional): The model; the features are computed where it is.
            dataloader (DataLoader): The real images.

        Raises:
            KeyError: If a batch does not have the real image.
            ValueError: If there are fewer real images than wanted.
        """
        super().prepare(module, dataloader)
        if self._ready:
            return
        path = self.cache_of(dataloader, "features") if self.keeps else None
        known = self.read_cache(path, self.stored)
        if known is None:
            self._reals = self._read_reals(dataloader)
            if self._reals is not None:
                self.write_cache(path, {self.stored: self._reals})
        else:
            self._reals = known.get(self.stored)
        self._ready = True

    def _read_reals(self, dataloader: DataLoader[Any]) -> Tensor | None:
        wanted = -1 if self.real_nums < 0 else -(-self.real_nums // get_world_size())
        rows: list[np.ndarray] = []
        for images in self.real_batches(dataloader, wanted):
            rows.extend(self.features(images).float().cpu().numpy())
        dataset: Any = dataloader.dataset
        size = len(dataset) if self.real_nums < 0 else self.real_nums
        collected = collect_results(rows, size, self.collect_device)
        return None if collected is None else torch.from_numpy(np.stack(collected))

    @torch.no_grad()
    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Take the features of generated images, as far as they are still needed.

        Args:
            data_batch (Any): Not used.
            data_samples (Sequence[dict]): Samples with the image ``(C, H, W)``, 0 to 255.
        """
        images = self.needed_images(data_samples, len(self.results))
        if images:
            features = self.features(torch.stack(images)).float()
            self.results.extend(features.cpu().numpy())

    def evaluate(self, size: int | None = None) -> dict[str, float]:  # type: ignore[override]
        """Compare the features of all processes, and forget those of the generated images.

        Args:
            size (int, optional): Not used: the number is ``fake_nums``. Defaults to None.

        Returns:
            dict[str, float]: Values by name, with the prefix.

        Raises:
            ValueError: If there were fewer generated images than ``fake_nums``.
        """
        self.refuse_too_few(len(self.results))
        return super().evaluate(self.fake_nums)
