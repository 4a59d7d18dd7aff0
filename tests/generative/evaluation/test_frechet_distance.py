"""FrechetDistance: its values, its numbers of images, its errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from mmlight.dataset import pseudo_collate
from mmlight.generative.datasets import DigitsDataset
from mmlight.generative.datasets.data_sample import DataSample
from mmlight.generative.evaluation import FrechetDistance, GenEvaluator
from tests.engine.toys import MeanPixels


def images(count: int, seed: int, shift: float = 0.0) -> torch.Tensor:
    noise = torch.randn(count, 1, 8, 8, generator=torch.Generator().manual_seed(seed))
    return (128 + shift + 20 * noise).clamp(0, 255).to(torch.uint8)


def batches(pixels: torch.Tensor) -> DataLoader:
    items = [{"inputs": {"img": image}} for image in pixels]
    return DataLoader(items, batch_size=16)  # type: ignore[arg-type]


def measured(real: torch.Tensor, fake: torch.Tensor, **arguments: Any) -> float:
    metric = FrechetDistance(
        fake_nums=len(fake), feature_extractor=MeanPixels(), prefix="x", **arguments
    )
    metric.prepare(None, batches(real))
    for chunk in fake.split(10):
        metric.process(None, [{"fake_img": image.float()} for image in chunk])
    return metric.evaluate()["x/fd"]


def distance(real: torch.Tensor, fake: torch.Tensor) -> float:
    """The formula, with the matrix root by eigenvalues of symmetric matrices."""
    a, b = (MeanPixels()(pixels).double().numpy() for pixels in (real, fake))
    cov_a, cov_b = np.cov(a.T), np.cov(b.T)
    values, vectors = np.linalg.eigh(cov_a)
    root = vectors @ np.diag(np.sqrt(values)) @ vectors.T
    cross = np.sqrt(np.linalg.eigvalsh(root @ cov_b @ root)).sum()
    moved = ((a.mean(0) - b.mean(0)) ** 2).sum()
    return float(moved + np.trace(cov_a) + np.trace(cov_b) - 2 * cross)


@settings(max_examples=20)
@given(st.integers(20, 60), st.integers(20, 60), st.floats(-50, 50), st.integers(0, 99))
def test_value(reals: int, fakes: int, shift: float, seed: int) -> None:
    real, fake = images(reals, seed), images(fakes, seed + 100, shift)
    assert measured(real, fake) == pytest.approx(distance(real, fake), rel=1e-4, abs=1e-3)


def test_real_digits_are_nearer_to_digits_than_noise_is() -> None:
    digits = DigitsDataset("val").images
    metric = FrechetDistance(fake_nums=180)
    metric.prepare(None, batches(digits[::2]))

    def to(others: torch.Tensor) -> float:
        metric.process(None, [{"fake_img": image} for image in others])
        return metric.evaluate()["FD/fd"]

    noise = torch.randint(0, 256, (180, 1, 32, 32), generator=torch.Generator().manual_seed(0))
    assert to(digits[1::2]) < 0.1 * to(noise)


def test_only_as_many_as_wanted_count() -> None:
    real, fake = images(40, 1), images(40, 2, 30)
    metric = FrechetDistance(fake_nums=20, real_nums=25, feature_extractor=MeanPixels())
    metric.prepare(None, batches(real))
    metric.process(None, [{"fake_img": image} for image in fake])
    expected = distance(real[:25], fake[:20])
    assert metric.evaluate()["FD/fd"] == pytest.approx(expected, rel=1e-4)
    metric.prepare(None, batches(images(40, 9)))  # the real images are taken once
    metric.process(None, [{"fake_img": image} for image in fake])
    assert metric.evaluate()["FD/fd"] == pytest.approx(expected, rel=1e-4)


def test_image_of_the_wanted_generator() -> None:
    real, fake = images(30, 1), images(30, 2, 30)
    metric = FrechetDistance(fake_nums=30, sample_model="orig", feature_extractor=MeanPixels())
    metric.prepare(None, batches(real))
    metric.process(
        None, [{"orig": {"fake_img": image}, "ema": {"fake_img": image * 0}} for image in fake]
    )
    assert metric.evaluate()["FD/fd"] == pytest.approx(distance(real, fake), rel=1e-4)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"fake_nums": 1}, "at least 2"),
        ({"fake_nums": 4, "real_nums": 1}, "at least 2"),
        ({"fake_nums": 0}, "positive"),
        ({"fake_nums": 4, "sample_model": "both"}, "sample_model"),
        ({"fake_nums": 4, "sampler_mode": "noise"}, "sampler_mode"),
    ],
)
def test_bad_arguments(arguments: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        FrechetDistance(**arguments)


def test_missing_images() -> None:
    metric = FrechetDistance(fake_nums=4, real_nums=9, feature_extractor=MeanPixels())
    with pytest.raises(ValueError, match="needs 9 real images, there are 4"):
        metric.prepare(None, batches(images(4, 0)))
    with pytest.raises(KeyError, match="image"):
        FrechetDistance(fake_nums=4, real_key="image").prepare(None, batches(images(4, 0)))
    with pytest.raises(KeyError, match="fake_img"):
        metric.process(None, [{"img": images(1, 0)[0]}])


def test_two_metrics_with_one_name() -> None:
    evaluator = GenEvaluator(
        [FrechetDistance(fake_nums=4, feature_extractor=MeanPixels()) for _ in range(2)]
    )
    evaluator.prepare_metrics(None, batches(images(4, 0)))  # type: ignore[arg-type]
    evaluator.process([{"fake_img": image} for image in images(4, 1)])
    with pytest.raises(ValueError, match="FD/fd"):
        evaluator.evaluate()


def test_a_batch_without_the_real_image_is_told_with_what_to_write() -> None:
    items = [{"inputs": {}, "data_samples": DataSample(gt_img=one)} for one in images(4, 0)]
    data = DataLoader(items, batch_size=2, collate_fn=pseudo_collate)  # type: ignore[arg-type]
    metric = FrechetDistance(fake_nums=4, feature_extractor=MeanPixels())
    said = r"FrechetDistance \(prefix 'FD'\) finds no real image 'img'.*write real_key='gt_img'"
    with pytest.raises(KeyError, match=said):
        metric.prepare(None, data)
