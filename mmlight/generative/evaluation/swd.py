"""The sliced Wasserstein distance between generated and real images."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from typing import IO, Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader

from mmlight.dist import all_gather, all_reduce, broadcast
from mmlight.generative.evaluation.gen_metric import GenMetric
from mmlight.registry import METRICS

_PATCH = 7
_PATCHES = 128
_REPEATS, _DIRECTIONS = 4, 128
_COARSEST, _LEVELS = 16, 4
# How many patches are read at once, and how many directions are sorted at once.
_ROWS, _SLICE = 65536, 32


@METRICS.register_module(name=["SWD", "SlicedWassersteinDistance"])
class SWD(GenMetric):
    """How far patches of generated images are from those of real ones, at several resolutions.

    Each image gives 128 patches of 7 x 7 pixels of each of up to four levels of its Laplacian
    pyramid. The distance of a level is the mean over 512 random directions of the Wasserstein
    distance of the patches along it, times 1000. It gives a value for each level, by the level's
    height, and their mean ``avg``.

    The patches wait in a temporary file, not in memory; those of the real images are taken once.
    Positions of patches are drawn from NumPy's generator and directions from torch's.

    Source: Karras et al., "Progressive Growing of GANs for Improved Quality, Stability, and
    Variation", ICLR 2018.

    Args:
        fake_nums (int): Generated images to use, and as many real ones; -1 for the number of
            images of the dataset.
        image_shape (Sequence[int]): Shape ``(C, H, W)`` of the images.
        fake_key (str, optional): Field of a sample that is the generated image. Defaults to
            None, ``fake_img``.
        real_key (str): Field of a sample, or entry of the inputs, that is the real image.
            Defaults to ``gt_img``.
        sample_model (str): Generator to take: ``ema`` or ``orig``. Defaults to ``ema``.
        collect_device (str): See :class:`GenMetric`. Defaults to ``cpu``.
        prefix (str, optional): Put before the names. Defaults to None.

    Raises:
        ValueError: If images of the shape have no level of 16 pixels or one that is not even.

    Example:
        >>> metric = SWD(fake_nums=4, image_shape=(1, 32, 32), prefix="swd")
        >>> images = torch.arange(4096.0).remainder(251).reshape(4, 1, 32, 32)
        >>> metric.prepare(None, DataLoader([dict(inputs=image) for image in images]))
        >>> metric.process(None, [dict(fake_img=image) for image in images])
        >>> sorted(metric.evaluate(4))
        ['swd/16', 'swd/32', 'swd/avg']
    """

    def __init__(
        self,
        fake_nums: int,
        image_shape: Sequence[int],
        fake_key: str | None = None,
        real_key: str = "gt_img",
        sample_model: str = "ema",
        collect_device: str = "cpu",
        prefix: str | None = None,
    ) -> None:
        super().__init__(
            fake_nums,
            fake_nums,
            fake_key or "fake_img",
            real_key,
            sample_model,
            collect_device=collect_device,
            prefix=prefix,
        )
        self.image_shape = tuple(image_shape)
        self.resolutions = _resolutions(self.image_shape)
        self._reals: list[_Patches] = []
        self._fakes = self._empty()
        self._fake_count = 0
        self._device = torch.device("cpu")

    @property
    def value_names(self) -> Sequence[str]:  # type: ignore[override]
        """Sequence[str]: The height of each level, and ``avg``."""
        return (*map(str, self.resolutions), "avg")

    def _empty(self) -> list[_Patches]:
        return [_Patches(self.image_shape[0]) for _ in self.resolutions]

    @torch.no_grad()
    def prepare(self, module: nn.Module | None, dataloader: DataLoader[Any]) -> None:
        """Take patches of the real images, once.

        Args:
            module (nn.Module, optional): The model; distances are computed where it is.
            dataloader (DataLoader): The real images.

        Raises:
            KeyError: If a batch does not have the real image.
            ValueError: If there are fewer real images than wanted, or they have another shape.
        """
        weight = next(module.parameters(), None) if module is not None else None
        if weight is not None:
            self._device = weight.device
        if self._reals:
            return
        self.settle_number(dataloader)
        reals = self._empty()
        for images in self.real_batches(dataloader, self.fake_nums_per_device):
            self._add(images, reals)
        self._reals = reals

    @torch.no_grad()
    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Take patches of generated images, as far as images are still needed.

        Args:
            data_batch (Any): Not used.
            data_samples (Sequence[dict]): Samples with the image ``(C, H, W)``, 0 to 255.

        Raises:
            ValueError: If the images have another shape than ``image_shape``.
        """
        images = self.needed_images(data_samples, self._fake_count)
        if images:
            self._add(torch.stack(images), self._fakes)
            self._fake_count += len(images)

    def _add(self, images: Tensor, levels: list[_Patches]) -> None:
        if images.shape[1:] != self.image_shape:
            raise ValueError(
                f"image_shape is {self.image_shape}, but images have {tuple(images.shape[1:])}"
            )
        pyramid = laplacian_pyramid(images.float() / 127.5 - 1, len(levels))
        for patches, level in zip(levels, pyramid, strict=True):
            patches.add(_cut_patches(level))

    @torch.no_grad()
    def evaluate(self, size: int | None = None) -> dict[str, float]:  # type: ignore[override]
        """Compute the distances over all processes and forget the generated images.

        Args:
            size (int, optional): Not used: the number is ``fake_nums``. Defaults to None.

        Returns:
            dict[str, float]: A distance for each level and ``avg``, with the prefix.

        Raises:
            ValueError: If there were fewer generated images than ``fake_nums``.
        """
        self.refuse_too_few(self._fake_count)
        distances = [
            self._distance(real, fake) for real, fake in zip(self._reals, self._fakes, strict=True)
        ]
        self._fakes = self._empty()
        self._fake_count = 0
        return self._with_prefix(self.compute_metrics(distances))

    def _distance(self, real: _Patches, fake: _Patches) -> float:
        of_real, of_fake = real.moments(), fake.moments()
        total = torch.zeros((), dtype=torch.float64)
        for _ in range(_REPEATS):
            for part in self._directions().split(_SLICE, dim=1):
                one = real.along(part, *of_real)
                other = fake.along(part, *of_fake)
                total += (one - other).abs().mean(1, dtype=torch.float64).sum().cpu()
        return float(total) / (_REPEATS * _DIRECTIONS) * 1000

    def _directions(self) -> Tensor:
        """Random directions ``(C * 49, 128)``, of length 1."""
        channels = self.image_shape[0]
        # Grey images count as coloured ones: one channel is as long as three equal ones are.
        drawn = torch.randn((3 if channels == 1 else channels) * _PATCH**2, _DIRECTIONS)
        broadcast(drawn)  # each process has a seed of its own
        drawn = drawn / drawn.norm(dim=0)
        if channels == 1:
            drawn = drawn.reshape(3, _PATCH**2, _DIRECTIONS).sum(0)
        result: Tensor = drawn.to(self._device)
        return result

    def compute_metrics(self, results: list[Any]) -> dict[str, float]:
        """Name the distances.

        Args:
            results (list[float]): The distance of each level.

        Returns:
            dict[str, float]: The distances by the height of their level, and their mean.
        """
        named = {str(name): value for name, value in zip(self.resolutions, results, strict=True)}
        return {**named, "avg": sum(results) / len(results)}


class _Patches:
    """Patches ``(C, 7, 7)`` of one level, in a file."""

    def __init__(self, channels: int) -> None:
        self.channels = channels
        self.width = channels * _PATCH**2
        # Deleted with the metric, at the latest with the process.
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        self._count = 0
        self._sums = torch.zeros(2, channels, dtype=torch.float64)

    def add(self, patches: Tensor) -> None:
        """Append patches ``(N, C, 7, 7)``."""
        patches = patches.cpu()
        exact = patches.double()
        self._sums += torch.stack([exact.sum((0, 2, 3)), exact.square().sum((0, 2, 3))])
        self._count += len(patches)
        self._file.write(patches.contiguous().numpy().tobytes())

    def moments(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of each channel over all processes, for each value."""
        counted = torch.cat([self._sums.flatten(), torch.tensor([self._count]).double()])
        all_reduce(counted)
        number = counted[-1] * _PATCH**2
        total, squares = counted[:-1].reshape(2, -1)
        mean = total / number
        deviation = ((squares - mean * total) / (number - 1)).clamp(min=0).sqrt()
        deviation[deviation == 0] = 1  # a level of one colour: nothing to scale
        spread = [value.float().repeat_interleave(_PATCH**2) for value in (mean, deviation)]
        return spread[0], spread[1]

    def along(self, directions: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
        """Sorted projections ``(D, N)`` of the normalised patches of all processes."""
        scaled = (directions / deviation.to(directions.device)[:, None]).T.contiguous()
        offset = scaled @ mean.to(directions.device)
        projected = torch.cat(
            [scaled @ rows.to(directions.device).T - offset[:, None] for rows in self._rows()], 1
        )
        return torch.cat(all_gather(projected), 1).sort(dim=1).values

    def _rows(self) -> Iterator[Tensor]:
        self._file.seek(0)
        size = self.width * 4
        while block := self._file.read(_ROWS * size):
            yield torch.frombuffer(bytearray(block), dtype=torch.float32).reshape(-1, self.width)


def laplacian_pyramid(images: Tensor, levels: int) -> list[Tensor]:
    """Split images into bands of spatial frequencies.

    Args:
        images (Tensor): ``(N, C, H, W)``; the sides can be halved ``levels - 1`` times.
        levels (int): Number of bands.

    Returns:
        list[Tensor]: The bands, finest first, each half as high and wide as the one before; the
        last is the images at that size.

    Example:
        >>> [band.shape[-1] for band in laplacian_pyramid(torch.ones(1, 3, 64, 64), 3)]
        [64, 32, 16]
    """
    bands = []
    for _ in range(levels - 1):
        smaller = _blur(images)[..., ::2, ::2]
        bands.append(images - _blur(F.interpolate(smaller, scale_factor=2.0, mode="nearest")))
        images = smaller
    return [*bands, images]


def _blur(images: Tensor) -> Tensor:
    line = images.new_tensor([1, 4, 6, 4, 1]) / 16
    channels = images.shape[1]
    kernel = torch.outer(line, line).expand(channels, 1, 5, 5)
    return F.conv2d(images, kernel, padding=2, groups=channels)


def _cut_patches(level: Tensor) -> Tensor:
    """Patches ``(N * 128, C, 7, 7)`` at random positions, columns before rows."""
    count, _, height, width = level.shape
    half = _PATCH // 2
    xs = np.random.randint(half, width - half, size=count * _PATCHES)
    ys = np.random.randint(half, height - half, size=count * _PATCHES)
    within = torch.arange(-half, half + 1)
    columns = torch.from_numpy(xs)[:, None, None] + within[:, None]
    rows = torch.from_numpy(ys)[:, None, None] + within
    image = torch.arange(count).repeat_interleave(_PATCHES)[:, None, None]
    return level.permute(0, 2, 3, 1)[image, rows, columns].permute(0, 3, 1, 2)


def _resolutions(shape: tuple[int, ...]) -> list[int]:
    """Heights of the levels of a pyramid."""
    heights: list[int] = []
    if len(shape) == 3:
        height, width = shape[1:]
        while height >= _COARSEST and width >= _PATCH and len(heights) < _LEVELS:
            heights.append(height)
            if height % 2 or width % 2:
                break
            height, width = height // 2, width // 2
    if not heights:
        raise ValueError(
            f"image_shape must be (C, H, W) with at least {_COARSEST} pixels a side, got {shape}"
        )
    return heights
