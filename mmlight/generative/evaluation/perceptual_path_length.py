"""The perceptual path length of a generator."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.hub import get_dir
from torch.utils.data import DataLoader

from mmlight.generative.evaluation.feature_metric import FeatureMetric
from mmlight.generative.evaluation.gen_metric import GenMetric
from mmlight.generative.evaluation.weight_files import as_rgb
from mmlight.registry import METRICS, MODELS
from mmlight.registry.diagnostics import did_you_mean

_SPACES, _SAMPLINGS = ("W", "Z"), ("end", "full")
_LARGEST = 256


@METRICS.register_module(name=["PerceptualPathLength", "PPL"])
class PerceptualPathLength(FeatureMetric):
    """How evenly images change along paths between two of them: the less the better.

    Two images are made a small step apart on the way from one noise to another. ``ppl_score`` is
    the mean of their perceptual distance, over the step squared, without the smallest and the
    largest hundredth.

    Source: T. Karras et al., "A Style-Based Generator Architecture for Generative Adversarial
    Networks", CVPR 2019; the distance: R. Zhang et al., "The Unreasonable Effectiveness of Deep
    Features as a Perceptual Metric", CVPR 2018.

    Args:
        fake_nums (int): Paths to use.
        real_nums (int): Real images, of which none are used. Defaults to 0.
        fake_key (str, optional): Field of a sample that is the generated image. Defaults to
            None, ``fake_img``.
        real_key (str): Not used, as there are no real images. Defaults to ``gt_img``.
        need_cond_input (bool): See :class:`GenMetric`. Defaults to False.
        sample_model (str): Generator to take: ``ema`` or ``orig``. Defaults to ``ema``.
        collect_device (str): See :class:`GenMetric`. Defaults to ``cpu``.
        prefix (str, optional): Put before ``ppl_score``. Defaults to None.
        crop (bool): Whether only the middle of an image counts, where faces are: half of its
            height and width, without its upper three eighths. Defaults to True.
        epsilon (float): The step, as a share of the way. Defaults to 1e-4.
        space (str): ``W``, straight ways between styles, or ``Z``, ways on the sphere between
            noises. Defaults to ``W``.
        sampling (str): ``end``, steps at the beginning of the way, or ``full``, anywhere on it.
            Defaults to ``end``.
        latent_dim (int): Length of a noise vector. Defaults to 512.
        perceptual_distance (dict | nn.Module, optional): Network from two batches of images
            ``(N, 3, H, W)`` of -1 to 1, in the dataset's order of channels, to distances ``(N,)``.
            Defaults to None, :class:`PerceptualDistance`.

    Raises:
        ValueError: If a space, a sampling or a number is not known.

    Example:
        >>> distance = nn.PairwiseDistance()
        >>> metric = PerceptualPathLength(2, prefix="ppl-w", perceptual_distance=distance)
        >>> metric.prepare(None, None)
        >>> paths = torch.zeros(4, 3, 8, 8)
        >>> paths[1::2] = 1
        >>> metric.process(None, [dict(fake_img=image) for image in paths])
        >>> len(metric.results)
        2
    """

    extractor_argument = "perceptual_distance"
    value_names = ("ppl_score",)

    def __init__(
        self,
        fake_nums: int,
        real_nums: int = 0,
        fake_key: str | None = None,
        real_key: str = "gt_img",
        need_cond_input: bool = False,
        sample_model: str = "ema",
        collect_device: str = "cpu",
        prefix: str | None = None,
        crop: bool = True,
        epsilon: float = 1e-4,
        space: str = "W",
        sampling: str = "end",
        latent_dim: int = 512,
        perceptual_distance: dict[str, Any] | nn.Module | None = None,
    ) -> None:
        if real_nums != 0:
            raise ValueError(f"PerceptualPathLength takes no real images: real_nums={real_nums}")
        super().__init__(
            fake_nums,
            perceptual_distance or {"type": "PerceptualDistance"},
            fake_key=fake_key or "fake_img",
            real_key=real_key,
            sample_model=sample_model,
            collect_device=collect_device,
            prefix=prefix,
            need_cond_input=need_cond_input,
        )
        for name, value, known in (("space", space, _SPACES), ("sampling", sampling, _SAMPLINGS)):
            if value not in known:
                raise ValueError(
                    f"{name} must be one of {', '.join(known)}, got {value!r}."
                    f"{did_you_mean(str(value), known)}"
                )
        if not epsilon > 0 or fake_nums < 1:
            raise ValueError(
                f"epsilon and fake_nums must be positive, got {epsilon} and {fake_nums}"
            )
        self.crop = crop
        self.epsilon = epsilon
        self.space = space
        self.sampling = sampling
        self.latent_dim = latent_dim

    def check(self, module: nn.Module, dataloader: DataLoader[Any]) -> None:
        """Refuse a model without the noise or the styles that the ways go between.

        Args:
            module (nn.Module): The model.
            dataloader (DataLoader): The real images.

        Raises:
            TypeError: If the generator has no styles.
            ValueError: If the length of its noise is another.
            ModuleNotFoundError: If the network of the distance needs a package.
        """
        generator: Any = getattr(module, "generator", None)
        if self.space == "W" and not hasattr(generator, "style_mapping"):
            raise TypeError(
                f"PerceptualPathLength in space W needs a generator with a style_mapping, as that "
                f"of StyleGAN2, but {type(module).__name__} has {type(generator).__name__}; "
                "space='Z' needs noise alone"
            )
        size = getattr(module, "noise_size", None)
        if size != self.latent_dim:
            raise ValueError(
                f"latent_dim of PerceptualPathLength is {self.latent_dim}, but the noise_size of "
                f"{type(module).__name__} is {size}"
            )
        super().check(module, dataloader)

    def sampler_key(self) -> Hashable:
        """Name the kind of samples that the metric needs.

        Returns:
            Hashable: Only metrics with ways of the same kind share their samples.
        """
        return "Path", self.sample_model, self.space, self.sampling, self.epsilon

    def get_metric_sampler(
        self, model: nn.Module, dataloader: DataLoader[Any], metrics: Sequence[GenMetric]
    ) -> PathSampler:
        """Make the sampler for a group of metrics.

        Args:
            model (nn.Module): The model.
            dataloader (DataLoader): The real images; its batch size is the number of paths.
            metrics (Sequence[GenMetric]): The group, which this metric is in.

        Returns:
            PathSampler: Pairs of noise, batch by batch.
        """
        needed = max(metric.fake_nums_per_device for metric in metrics)
        return PathSampler(self, model, needed, dataloader.batch_size or 1)

    @torch.no_grad()
    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Compare the two images of each path, as far as paths are still needed.

        Args:
            data_batch (Any): Not used.
            data_samples (Sequence[dict]): Samples with the image ``(C, H, W)``, 0 to 255: the two
                of a path one after the other.
        """
        needed = 2 * (self.fake_nums_per_device - len(self.results))
        images = [self.fake_image(sample) for sample in data_samples[:needed]]
        if not images:
            return
        batch = torch.stack(images).to(self._device)
        if self.crop:
            height, width = batch.shape[-2] // 8, batch.shape[-1] // 8
            batch = batch[..., 3 * height : 7 * height, 2 * width : 6 * width]
        factor = batch.shape[-2] // _LARGEST
        if factor > 1:
            batch = F.avg_pool2d(batch, factor)
        batch = batch / 127.5 - 1
        distances = self.network(batch[0::2], batch[1::2]).reshape(len(batch) // 2, -1).mean(1)
        self.results.extend((distances / self.epsilon**2).tolist())

    def evaluate(self, size: int | None = None) -> dict[str, float]:  # type: ignore[override]
        """Take the mean over the paths of all processes, and forget them.

        Args:
            size (int, optional): Not used: the number is ``fake_nums``. Defaults to None.

        Returns:
            dict[str, float]: ``ppl_score``, with the prefix.

        Raises:
            ValueError: If there were fewer paths than ``fake_nums``.
        """
        self.refuse_too_few(len(self.results))
        return super().evaluate(self.fake_nums)

    def compute_metrics(self, results: list[Any]) -> dict[str, float]:
        """Take the mean without the smallest and the largest.

        Args:
            results (list[float]): Distance of each path, over the step squared.

        Returns:
            dict[str, float]: The mean as ``ppl_score``.
        """
        distances = np.array(results)
        lowest = np.percentile(distances, 1, method="lower")
        highest = np.percentile(distances, 99, method="higher")
        inner = distances[(lowest <= distances) & (distances <= highest)]
        return {"ppl_score": float(inner.mean())}


class PathSampler:
    """Gives noise or styles in pairs that are a step apart on a way.

    Args:
        metric (PerceptualPathLength): Says which ways.
        module (nn.Module): The model.
        paths (int): Number of paths.
        batch_size (int): Paths in a batch.
    """

    def __init__(
        self, metric: PerceptualPathLength, module: nn.Module, paths: int, batch_size: int
    ) -> None:
        self.metric = metric
        self.module: Any = module
        self.sizes = [min(batch_size, paths - start) for start in range(0, paths, batch_size)]

    def __len__(self) -> int:
        return len(self.sizes)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        averaged = self.metric.sample_model == "ema"
        generator = self.module.generator_ema if averaged else self.module.generator
        generator = getattr(generator, "module", generator)
        for size in self.sizes:
            arguments: dict[str, Any] = {}
            if hasattr(generator, "make_injected_noise"):
                arguments["injected_noise"] = generator.make_injected_noise()
                arguments["input_is_latent"] = self.metric.space == "W"
            inputs = {"noise": self._pairs(generator, size), "num_batches": 2 * size}
            options = {"sample_model": self.metric.sample_model, "sample_kwargs": arguments}
            yield {"inputs": {**inputs, **options}}

    def _pairs(self, generator: Any, size: int) -> Tensor:
        device = next(generator.parameters()).device
        metric = self.metric
        noise = torch.randn(2 * size, metric.latent_dim, device=device)
        start = torch.zeros(size, 1, device=device)
        if metric.sampling == "full":
            start = torch.rand(size, device=device)[:, None]
        if metric.space == "W":
            noise = generator.style_mapping(noise)
        first, second = noise[0::2], noise[1::2]
        between: Any = torch.lerp if metric.space == "W" else slerp
        steps = [between(first, second, share) for share in (start, start + metric.epsilon)]
        return torch.stack(steps, dim=1).flatten(0, 1)


def slerp(first: Tensor, second: Tensor, share: Tensor) -> Tensor:
    """Go along the sphere from one vector towards another.

    Args:
        first (Tensor): Vectors ``(N, D)``.
        second (Tensor): Vectors ``(N, D)``.
        share (Tensor): How far ``(N, 1)``, 1 for the whole way.

    Returns:
        Tensor: Vectors ``(N, D)`` of length 1.

    Example:
        >>> slerp(torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 1.0]]), torch.tensor([[0.5]]))
        tensor([[0.7071, 0.7071]])
    """
    first, second = F.normalize(first), F.normalize(second)
    cosine = (first * second).sum(-1, keepdim=True)
    angle = share * torch.acos(cosine)
    across = F.normalize(second - cosine * first)
    return F.normalize(first * torch.cos(angle) + across * torch.sin(angle))


@MODELS.register_module()
class PerceptualDistance(nn.Module):
    """LPIPS with VGG16, of ``torchmetrics``; it needs the package ``torchvision``.

    torchvision brings the weights of VGG16 from the web once, into torch's cache.

    Source: R. Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual
    Metric", CVPR 2018.

    Raises:
        ModuleNotFoundError: If torchvision is not installed.
        FileNotFoundError: If its weights cannot be brought.
    """

    def __init__(self) -> None:
        super().__init__()
        from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity

        try:
            self.net = LearnedPerceptualImagePatchSimilarity(net_type="vgg").net
        except ModuleNotFoundError as err:
            raise ModuleNotFoundError(
                "PerceptualPathLength needs torchvision for its perceptual distance: pip install "
                "torchvision, or give a network of your own as perceptual_distance"
            ) from err
        except OSError as err:
            raise FileNotFoundError(
                f"torchvision cannot bring the weights of VGG16, vgg16-397923af.pth ({err}); on a "
                f"machine that can, download the file and put it into {get_dir()}/checkpoints"
            ) from err

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Compare images.

        Args:
            first (Tensor): ``(N, 1 or 3, H, W)``, -1 to 1.
            second (Tensor): Alike.

        Returns:
            Tensor: Distances ``(N,)``.
        """
        result: Tensor = self.net(as_rgb(first), as_rgb(second)).flatten()
        return result
