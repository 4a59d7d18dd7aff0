"""The Fréchet inception distance between generated and real images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchmetrics.image.fid import FrechetInceptionDistance as _OfTorchmetrics

from mmlight.dist import all_reduce, get_world_size, is_main_process
from mmlight.generative.evaluation.feature_metric import FeatureMetric, inception
from mmlight.generative.evaluation.translated import check_translates
from mmlight.registry import METRICS


@METRICS.register_module(name=["FrechetInceptionDistance", "FID", "FID-Full"])
class FrechetInceptionDistance(FeatureMetric):
    """How far generated images are from real ones: 0 where their features are distributed alike.

    It is the Fréchet distance between two normal distributions, fitted to the features of the
    generated and of the real images: ``fid``, the sum of the squared distance of the means,
    ``mean``, and of a distance of the covariances, ``cov``. ``torchmetrics`` computes it; sums are
    kept, not images or features. With an Inception network it is the FID.

    Source: M. Heusel et al., "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash
    Equilibrium", NeurIPS 2017.

    Args:
        fake_nums (int): Generated images to use.
        real_nums (int): Real images to use, -1 for the whole dataset. Defaults to -1.
        inception_style (str): ``StyleGAN``, NVIDIA's TorchScript file, which takes whole grey
            levels; or ``PyTorch``, see :class:`InceptionFeatures`. Defaults to ``StyleGAN``.
        inception_path (str, optional): The file, or its address in the web, from where it is
            brought once. Defaults to None, the published address.
        inception_pkl (str, optional): File of mean and covariance of the real images: read if it
            is there, else written. Defaults to None, one for each dataset and network in torch's
            cache.
        fake_key (str, optional): Field of a sample that is the generated image. Defaults to
            None, ``fake_img``.
        real_key (str): Field of a sample, or entry of the inputs, that is the real image.
            Defaults to ``gt_img``.
        need_cond_input (bool): See :class:`GenMetric`. Defaults to False.
        sample_model (str): Generator to take: ``ema`` or ``orig``. Defaults to ``orig``.
        collect_device (str): See :class:`GenMetric`. Defaults to ``cpu``.
        prefix (str, optional): Put before the names. Defaults to None.
        sample_kwargs (Mapping, optional): See :class:`GenMetric`. Defaults to None.
        feature_extractor (dict | nn.Module, optional): Another network from images
            ``(N, C, H, W)``, 0 to 255, red first, to features ``(N, D)``. Defaults to None,
            Inception.
        sampler_mode (str): See :class:`GenMetric`. Defaults to ``Noise``.

    Raises:
        ValueError: If there are fewer than 2 real or generated images to use, or the style is not
            known.

    Example:
        >>> metric = FrechetInceptionDistance(
        ...     4, feature_extractor=dict(type="DigitsFeatures"), prefix="FID-4")
        >>> images = torch.arange(4 * 32 * 32).remainder(251).to(torch.uint8).reshape(4, 1, 32, 32)
        >>> metric.prepare(None, DataLoader([dict(inputs=image) for image in images]))
        >>> metric.process(None, [dict(fake_img=image) for image in images])
        >>> {name: abs(round(value, 3)) for name, value in metric.evaluate().items()}
        {'FID-4/fid': 0.0, 'FID-4/mean': 0.0, 'FID-4/cov': 0.0}
    """

    value_names: Sequence[str] = ("fid", "mean", "cov")

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
        feature_extractor: dict[str, Any] | nn.Module | None = None,
        sampler_mode: str = "Noise",
    ) -> None:
        super().__init__(
            fake_nums,
            inception(inception_style, inception_path, "fid", feature_extractor),
            inception_pkl,
            real_nums=real_nums,
            fake_key=fake_key or "fake_img",
            real_key=real_key,
            sample_model=sample_model,
            sampler_mode=sampler_mode,
            collect_device=collect_device,
            prefix=prefix,
            need_cond_input=need_cond_input,
            sample_kwargs=sample_kwargs,
        )
        if fake_nums in (0, 1) or real_nums in (0, 1):
            raise ValueError(
                "a distribution needs at least 2 images, but fake_nums is "
                f"{fake_nums} and real_nums {real_nums}"
            )
        self._distance: _Distance | None = None
        self._fakes = 0

    @torch.no_grad()
    def prepare(self, module: nn.Module | None, dataloader: DataLoader[Any]) -> None:
        """Take mean and covariance of the features of the real images, once.

        Args:
            module (nn.Module, optional): The model; the features are computed where it is.
            dataloader (DataLoader): The real images.

        Raises:
            KeyError: If the inputs of a batch do not have the real image.
            ValueError: If there are fewer real images than wanted.
        """
        super().prepare(module, dataloader)
        if self._distance is None:
            path = self.cache_of(dataloader)
            known = self.read_cache(path, "real_mean", "real_cov")
            distance = self._read_reals(dataloader) if known is None else _Distance.of(known)
            if known is None:
                self.write_cache(path, distance.reals())
            self._distance = distance
        self._distance.to(self._device)

    def _read_reals(self, dataloader: DataLoader[Any]) -> _Distance:
        wanted = -1 if self.real_nums < 0 else -(-self.real_nums // get_world_size())
        distance: _Distance | None = None
        for images in self.real_batches(dataloader, wanted):
            features = self.features(images).double()
            if distance is None:
                distance = _Distance(features.shape[1]).to(self._device)
            distance.update(features, real=True)
        if distance is None:
            raise ValueError("the distance needs at least 2 real images, there are none")
        return distance.on_main_process()

    @torch.no_grad()
    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Take the features of generated images, as far as they are still needed.

        Args:
            data_batch (Any): Not used.
            data_samples (Sequence[dict]): Samples with the image ``(C, H, W)``, 0 to 255.
        """
        images = self.needed_images(data_samples, self._fakes)
        if images:
            assert self._distance is not None, "prepare() comes before process()"
            self._distance.update(self.features(torch.stack(images)).double(), real=False)
            self._fakes += len(images)

    def evaluate(self, size: int | None = None) -> dict[str, float]:  # type: ignore[override]
        """Compute the distance over all processes and forget the generated images.

        Args:
            size (int, optional): Not used: the number is ``fake_nums``. Defaults to None.

        Returns:
            dict[str, float]: ``fid``, ``mean`` and ``cov``, with the prefix.

        Raises:
            ValueError: If there were fewer generated images than ``fake_nums``.
        """
        self.refuse_too_few(self._fakes)
        assert self._distance is not None, "prepare() comes before evaluate()"
        parts = self._distance.compute().tolist()
        self._distance.reset()
        self._fakes = 0
        return self._with_prefix(self.compute_metrics(parts))

    def compute_metrics(self, results: list[Any]) -> dict[str, float]:
        """Name the distances.

        Args:
            results (list[float]): That of the means and that of the covariances.

        Returns:
            dict[str, float]: Their sum as ``fid``, and the two as ``mean`` and ``cov``.
        """
        mean, cov = results
        return {"fid": mean + cov, "mean": mean, "cov": cov}


@METRICS.register_module()
class TransFID(FrechetInceptionDistance):
    """The Fréchet inception distance of translated images, see :class:`FrechetInceptionDistance`.

    The model is given the batches of the dataset. The arguments are the same, except that images
    are not sampled from noise.

    Args:
        fake_nums (int): Translated images to use, -1 for as many as the dataset has.
        real_nums (int): Real images to use, -1 for the whole dataset. Defaults to -1.
        inception_style (str): ``StyleGAN`` or ``PyTorch``. Defaults to ``StyleGAN``.
        inception_path (str, optional): The file of the network. Defaults to None, the published.
        inception_pkl (str, optional): File of mean and covariance. Defaults to None.
        fake_key (str, optional): Field of a sample that is the translated image, such as
            ``fake_photo``. Defaults to None, ``fake_img``.
        real_key (str): Field of a sample, or entry of the inputs, that is the real image.
            Defaults to ``img``.
        sample_model (str): Has a meaning for models with an average alone. Defaults to ``ema``.
        collect_device (str): See :class:`GenMetric`. Defaults to ``cpu``.
        prefix (str, optional): Put before the names. Defaults to None.
        feature_extractor (dict | nn.Module, optional): Another network. Defaults to None.

    Raises:
        ValueError: As :class:`FrechetInceptionDistance`.

    Example:
        >>> TransFID(8, fake_key="fake_photo", real_key="img_photo", prefix="FID").sampler_mode
        'normal'
    """

    def __init__(
        self,
        fake_nums: int,
        real_nums: int = -1,
        inception_style: str = "StyleGAN",
        inception_path: str | None = None,
        inception_pkl: str | None = None,
        fake_key: str | None = None,
        real_key: str = "img",
        sample_model: str = "ema",
        collect_device: str = "cpu",
        prefix: str | None = None,
        feature_extractor: dict[str, Any] | nn.Module | None = None,
    ) -> None:
        super().__init__(
            fake_nums,
            real_nums,
            inception_style,
            inception_path,
            inception_pkl,
            fake_key,
            real_key,
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


class _Distance(_OfTorchmetrics):
    """Torchmetrics' distance, of features that are given, in its two parts."""

    def __init__(self, width: int) -> None:
        given: Any = nn.Identity()
        given.num_features = width
        super().__init__(feature=given, reset_real_features=False)

    @classmethod
    def of(cls, known: Mapping[str, Tensor]) -> _Distance:
        """The distance to real images of known mean and covariance, held by one process."""
        width = [len(known["real_mean"]) if known else 0]
        mean, cov = torch.zeros(0), torch.zeros(0, 0)
        if known:
            mean, cov = (known[name].double() for name in ("real_mean", "real_cov"))
        sizes = torch.tensor(width)
        all_reduce(sizes)
        self = cls(int(sizes))
        if known:
            # Mean and covariance are those of two images, as well as of any other number.
            self.real_features_sum += 2 * mean
            self.real_features_cov_sum += cov + 2 * torch.outer(mean, mean)
            self.real_features_num_samples += 2
        return self

    def _states(self) -> list[Tensor]:
        return [
            self.real_features_sum,
            self.real_features_cov_sum,
            self.real_features_num_samples,
        ]

    def on_main_process(self) -> _Distance:
        """Move the real images of all processes to the first; the sums go on to be summed."""
        for state in self._states():
            all_reduce(state)
            if not is_main_process():
                state.zero_()
        return self

    def reals(self) -> dict[str, Tensor]:
        """Mean and covariance of the real images of this process."""
        total, squares, count = self._states()
        mean = total / count
        cov = (squares - count * torch.outer(mean, mean)) / (count - 1)
        return {"real_mean": mean.cpu(), "real_cov": cov.cpu()}

    def compute(self) -> Tensor:
        """The squared distance of the means, and the distance of the covariances ``(2,)``."""
        distance = super().compute()
        real = self.real_features_sum / self.real_features_num_samples
        fake = self.fake_features_sum / self.fake_features_num_samples
        mean = (real - fake).square().sum()
        return torch.stack([mean, distance - mean])
