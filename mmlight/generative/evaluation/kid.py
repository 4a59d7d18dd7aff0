"""The kernel inception distance between generated and real images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn
from torchmetrics.image.kid import KernelInceptionDistance

from mmlight.generative.evaluation.feature_metric import inception
from mmlight.generative.evaluation.held_features import HeldFeaturesMetric
from mmlight.registry import METRICS


@METRICS.register_module()
class KID(HeldFeaturesMetric):
    """How far generated images are from real ones, without bias for few images.

    It is the maximum mean discrepancy of the features with a cubic kernel, as ``torchmetrics``
    computes it from random subsets: the mean over the subsets is ``kid``, their standard deviation
    ``kid_std``. MMagic has no such metric; the arguments are those of
    :class:`FrechetInceptionDistance`.

    Source: M. Bińkowski et al., "Demystifying MMD GANs", ICLR 2018.

    Args:
        fake_nums (int): Generated images to use.
        real_nums (int): Real images to use, -1 for the whole dataset. Defaults to -1.
        inception_style (str): ``StyleGAN`` or ``PyTorch``. Defaults to ``StyleGAN``.
        inception_path (str, optional): The file of the network, or its address. Defaults to None,
            the published one.
        inception_pkl (str, optional): File of the features of the real images. Defaults to None,
            one for each dataset and network in torch's cache.
        fake_key (str, optional): Field of a sample that is the generated image. Defaults to
            None, ``fake_img``.
        real_key (str): Field of a sample, or entry of the inputs, that is the real image.
            Defaults to ``gt_img``.
        need_cond_input (bool): See :class:`GenMetric`. Defaults to False.
        sample_model (str): Generator to take: ``ema`` or ``orig``. Defaults to ``orig``.
        collect_device (str): See :class:`GenMetric`. Defaults to ``cpu``.
        prefix (str, optional): Put before the names. Defaults to None.
        sample_kwargs (Mapping, optional): See :class:`GenMetric`. Defaults to None.
        subsets (int): Number of subsets. Defaults to 100.
        subset_size (int): Images in a subset. Defaults to 1000.
        feature_extractor (dict | nn.Module, optional): Another network, see
            :class:`FrechetInceptionDistance`. Defaults to None, Inception.

    Raises:
        ValueError: If a subset is larger than the number of images.

    Example:
        >>> digits = dict(type="DigitsFeatures")
        >>> metric = KID(6, subsets=2, subset_size=4, feature_extractor=digits, prefix="KID-6")
        >>> images = torch.arange(6 * 32 * 32).remainder(251).reshape(6, 1, 32, 32)
        >>> metric.prepare(None, torch.utils.data.DataLoader([dict(inputs=one) for one in images]))
        >>> metric.process(None, [dict(fake_img=image) for image in images])
        >>> sorted(metric.evaluate())
        ['KID-6/kid', 'KID-6/kid_std']
    """

    value_names = ("kid", "kid_std")

    def __init__(
        self,
        fake_nums: int,
        real_nums: int = -1,
        inception_style: str = "StyleGAN",
        inception_path: str | None = None,
        inception_pkl: str | None = None,
        fake_key: str | None = None,
        real_key: str = "gt_img",
        need_cond_input: bool = False,
        sample_model: str = "orig",
        collect_device: str = "cpu",
        prefix: str | None = None,
        sample_kwargs: Mapping[str, Any] | None = None,
        subsets: int = 100,
        subset_size: int = 1000,
        feature_extractor: dict[str, Any] | nn.Module | None = None,
    ) -> None:
        super().__init__(
            fake_nums,
            inception(inception_style, inception_path, "fid", feature_extractor),
            inception_pkl,
            real_nums=real_nums,
            fake_key=fake_key or "fake_img",
            real_key=real_key,
            sample_model=sample_model,
            collect_device=collect_device,
            prefix=prefix,
            need_cond_input=need_cond_input,
            sample_kwargs=sample_kwargs,
        )
        if 0 <= fake_nums < subset_size or 0 <= real_nums < subset_size:
            raise ValueError(
                f"subset_size is {subset_size}, more than fake_nums, {fake_nums}, or real_nums, "
                f"{real_nums}"
            )
        self.subsets = subsets
        self.subset_size = subset_size

    def compute_metrics(self, results: list[Any]) -> dict[str, float]:
        """Compute the distance.

        Args:
            results (list[np.ndarray]): Features ``(D,)`` of the generated images.

        Returns:
            dict[str, float]: ``kid`` and ``kid_std``.

        Raises:
            ValueError: If there are fewer real images than a subset has.
        """
        assert self._reals is not None
        if len(self._reals) < self.subset_size:
            raise ValueError(
                f"subset_size is {self.subset_size}, but there are {len(self._reals)} real images"
            )
        given: Any = nn.Identity()
        given.num_features = self._reals.shape[1]
        distance = KernelInceptionDistance(
            feature=given,
            subsets=self.subsets,
            subset_size=self.subset_size,
            sync_on_compute=False,  # one process has the features of all
        ).to(self._device)
        distance.update(self._reals.to(self._device), real=True)
        distance.update(torch.from_numpy(np.stack(results)).to(self._device), real=False)
        mean, deviation = distance.compute()
        return {"kid": float(mean), "kid_std": float(deviation)}
