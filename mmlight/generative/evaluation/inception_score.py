"""The inception score of generated images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader

from mmlight.dist import all_reduce, get_rank, get_world_size
from mmlight.generative.evaluation.feature_metric import FeatureMetric, inception
from mmlight.generative.evaluation.translated import check_translates
from mmlight.registry import METRICS
from mmlight.registry.diagnostics import did_you_mean

_SIZE = (299, 299)
_PILLOW = {
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
}
_TORCH = ("bicubic", "bilinear", "nearest", "area")


@METRICS.register_module(name=["IS", "InceptionScore"])
class InceptionScore(FeatureMetric):
    """How clearly generated images show one class each, and how many classes: the more the better.

    It is the exponential of the mean divergence between the classes of an image and those of all
    images. The images come in splits, one after another: the mean over the splits is ``is``, their
    standard deviation ``is_std``. Sums over the images of a split are kept, not their classes.

    Source: T. Salimans et al., "Improved Techniques for Training GANs", NeurIPS 2016.

    Args:
        fake_nums (int): Generated images to use. Defaults to 50000.
        resize (bool): Whether images are resized to 299 x 299. Defaults to True.
        splits (int): Number of splits; images that would make one more count for none.
            Defaults to 10.
        inception_style (str): ``StyleGAN``, NVIDIA's TorchScript file; or ``PyTorch``,
            torchvision's classifier, see :class:`InceptionFeatures`. Defaults to ``StyleGAN``.
        inception_path (str, optional): The file, or its address in the web, from where it is
            brought once. Defaults to None, the published address.
        resize_method (str): ``bicubic``, ``bilinear``, ``nearest`` or, by Pillow, ``box``, by
            torch, ``area``. Defaults to ``bicubic``.
        use_pillow_resize (bool): Whether Pillow resizes, with a filter as wide as it shrinks, or
            torch. Defaults to True.
        fake_key (str, optional): Field of a sample that is the generated image. Defaults to
            None, ``fake_img``.
        need_cond_input (bool): See :class:`GenMetric`. Defaults to False.
        sample_model (str): Generator to take: ``ema`` or ``orig``. Defaults to ``orig``.
        collect_device (str): See :class:`GenMetric`. Defaults to ``cpu``.
        prefix (str, optional): Put before the names. Defaults to None.
        feature_extractor (dict | nn.Module, optional): Another network, whose method ``classify``
            makes logits ``(N, classes)`` of images ``(N, C, H, W)``, 0 to 255, red first.
            Defaults to None, Inception.
        sampler_mode (str): See :class:`GenMetric`. Defaults to ``Noise``.

    Raises:
        ValueError: If there are more splits than images, or a style or a way to resize is not
            known.

    Example:
        >>> digits = dict(type="DigitsFeatures")
        >>> metric = IS(4, resize=False, splits=2, feature_extractor=digits, prefix="IS-4")
        >>> images = torch.arange(4 * 32 * 32).remainder(251).reshape(4, 1, 32, 32)
        >>> metric.prepare(None, DataLoader(images))
        >>> metric.process(None, [dict(fake_img=image) for image in images])
        >>> sorted(metric.evaluate())
        ['IS-4/is', 'IS-4/is_std']
    """

    value_names = ("is", "is_std")

    def __init__(
        self,
        fake_nums: int = 50000,
        resize: bool = True,
        splits: int = 10,
        inception_style: str = "StyleGAN",
        inception_path: str | None = None,
        resize_method: str = "bicubic",
        use_pillow_resize: bool = True,
        fake_key: str | None = None,
        need_cond_input: bool = False,
        sample_model: str = "orig",
        collect_device: str = "cpu",
        prefix: str | None = None,
        feature_extractor: dict[str, Any] | nn.Module | None = None,
        sampler_mode: str = "Noise",
    ) -> None:
        super().__init__(
            fake_nums,
            inception(inception_style, inception_path, "classifier", feature_extractor),
            fake_key=fake_key or "fake_img",
            real_key="gt_img",
            sample_model=sample_model,
            sampler_mode=sampler_mode,
            collect_device=collect_device,
            prefix=prefix,
            need_cond_input=need_cond_input,
        )
        methods = tuple(_PILLOW) if use_pillow_resize else _TORCH
        if resize_method not in methods:
            raise ValueError(
                f"resize_method must be one of {', '.join(methods)} with use_pillow_resize="
                f"{use_pillow_resize}, got {resize_method!r}.{did_you_mean(resize_method, methods)}"
            )
        self.resize = resize
        self.splits = splits
        self._check_splits()
        self.resize_method = resize_method
        self.use_pillow_resize = use_pillow_resize
        self._fakes = 0
        # Of each split the sum of the probabilities, and at the end that of p log(p).
        self._sums: Tensor | None = None

    def _check_splits(self) -> None:
        if self.splits < 1 or 0 < self.fake_nums < self.splits:
            raise ValueError(
                f"splits must be at least 1 and at most fake_nums, {self.fake_nums}, got "
                f"{self.splits}"
            )

    def settle_number(self, dataloader: DataLoader[Any]) -> None:
        """Take the number of images of the dataset where ``fake_nums`` is -1.

        Args:
            dataloader (DataLoader): The real images.

        Raises:
            ValueError: If there are more splits than images.
        """
        super().settle_number(dataloader)
        self._check_splits()

    @torch.no_grad()
    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Take the classes of generated images, as far as they are still needed.

        Args:
            data_batch (Any): Not used.
            data_samples (Sequence[dict]): Samples with the image ``(C, H, W)``, 0 to 255.
        """
        images = self.needed_images(data_samples, self._fakes)
        if not images:
            return
        batch = self.images_for_network(torch.stack(images))
        logits = self.network.classify(self._resized(batch) if self.resize else batch)
        chances = logits.double().softmax(dim=1)
        rows = torch.cat([chances, torch.xlogy(chances, chances).sum(1, keepdim=True)], dim=1)
        if self._sums is None:
            self._sums = rows.new_zeros(self.splits, rows.shape[1])
        # Process r of n has the images r, r + n, r + 2n and so on.
        numbers = torch.arange(self._fakes, self._fakes + len(images)) * get_world_size()
        split = (numbers + get_rank()) // (self.fake_nums // self.splits)
        counts = split < self.splits
        self._sums.index_add_(0, split[counts].to(rows.device), rows[counts.to(rows.device)])
        self._fakes += len(images)

    def _resized(self, images: Tensor) -> Tensor:
        if not self.use_pillow_resize:
            aligned = {} if self.resize_method in ("nearest", "area") else {"align_corners": False}
            images = F.interpolate(images.float(), _SIZE, mode=self.resize_method, **aligned)
            return images.clamp(0, 255).to(torch.uint8)
        resized = []
        for image in images.to(torch.uint8).cpu().numpy():
            pixels = image[0] if len(image) == 1 else image.transpose(1, 2, 0)
            made = Image.fromarray(pixels).resize(_SIZE, _PILLOW[self.resize_method])
            resized.append(torch.from_numpy(np.array(made)).reshape(*_SIZE, -1).permute(2, 0, 1))
        return torch.stack(resized).to(images.device)

    def evaluate(self, size: int | None = None) -> dict[str, float]:  # type: ignore[override]
        """Compute the score over all processes and forget the generated images.

        Args:
            size (int, optional): Not used: the number is ``fake_nums``. Defaults to None.

        Returns:
            dict[str, float]: ``is`` and ``is_std``, with the prefix.

        Raises:
            ValueError: If there were fewer generated images than ``fake_nums``.
        """
        self.refuse_too_few(self._fakes)
        assert self._sums is not None
        all_reduce(self._sums)
        means = self._sums / (self.fake_nums // self.splits)
        self._sums, self._fakes = None, 0
        chances = means[:, :-1]
        scores = (means[:, -1] - torch.xlogy(chances, chances).sum(1)).exp()
        return self._with_prefix(self.compute_metrics(scores.tolist()))

    def compute_metrics(self, results: list[Any]) -> dict[str, float]:
        """Take mean and standard deviation of the scores.

        Args:
            results (list[float]): The score of each split.

        Returns:
            dict[str, float]: ``is`` and ``is_std``.
        """
        return {"is": float(np.mean(results)), "is_std": float(np.std(results))}


IS = InceptionScore


@METRICS.register_module()
class TransIS(InceptionScore):
    """The inception score of translated images, see :class:`InceptionScore`.

    The model is given the batches of the dataset.

    Args:
        fake_nums (int): Translated images to use, -1 for as many as the dataset has. Defaults to
            50000.
        resize (bool): See :class:`InceptionScore`. Defaults to True.
        splits (int): Number of splits. Defaults to 10.
        inception_style (str): ``StyleGAN`` or ``PyTorch``. Defaults to ``StyleGAN``.
        inception_path (str, optional): The file of the network. Defaults to None, the published.
        resize_method (str): See :class:`InceptionScore`. Defaults to ``bicubic``.
        use_pillow_resize (bool): See :class:`InceptionScore`. Defaults to True.
        fake_key (str, optional): Field of a sample that is the translated image, such as
            ``fake_photo``. Defaults to None, ``fake_img``.
        sample_model (str): Has a meaning for models with an average alone. Defaults to ``ema``.
        collect_device (str): See :class:`GenMetric`. Defaults to ``cpu``.
        prefix (str, optional): Put before the names. Defaults to None.
        feature_extractor (dict | nn.Module, optional): Another network. Defaults to None.

    Raises:
        ValueError: As :class:`InceptionScore`.

    Example:
        >>> TransIS(20, fake_key="fake_photo", prefix="IS").sampler_mode
        'normal'
    """

    def __init__(
        self,
        fake_nums: int = 50000,
        resize: bool = True,
        splits: int = 10,
        inception_style: str = "StyleGAN",
        inception_path: str | None = None,
        resize_method: str = "bicubic",
        use_pillow_resize: bool = True,
        fake_key: str | None = None,
        sample_model: str = "ema",
        collect_device: str = "cpu",
        prefix: str | None = None,
        feature_extractor: dict[str, Any] | nn.Module | None = None,
    ) -> None:
        super().__init__(
            fake_nums,
            resize,
            splits,
            inception_style,
            inception_path,
            resize_method,
            use_pillow_resize,
            fake_key,
            sample_model=sample_model,
            collect_device=collect_device,
            prefix=prefix,
            feature_extractor=feature_extractor,
            sampler_mode="normal",
        )

    def check(self, module: nn.Module, dataloader: DataLoader[Any]) -> None:
        """Refuse a model that does not make the images, besides what is checked otherwise.

        Args:
            module (nn.Module): The model.
            dataloader (DataLoader): The real images.

        Raises:
            TypeError: If the model does not translate.
            ValueError: If it does not translate to the domain of ``fake_key``.
        """
        check_translates(self, module)
        super().check(module, dataloader)
