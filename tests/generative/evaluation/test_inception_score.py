"""InceptionScore and TransIS: values, ways to resize, what is held, errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader
from torchmetrics.image.inception import InceptionScore as OfTorchmetrics

from mmlight.generative.datasets import DigitsDataset
from mmlight.generative.evaluation import InceptionScore, TransIS
from tests.generative.evaluation.extractors import Script, write_script


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_script(tmp_path_factory.mktemp("networks") / "inception.pt"))


def images(count: int, size: int = 16) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    light = torch.rand(count, 3, 1, 1, generator=generator)
    return torch.rand(count, 3, size, size, generator=generator) * 255 * light


def measured(metric: InceptionScore, fake: Tensor) -> tuple[float, float]:
    metric.prepare(None, DataLoader(fake))  # type: ignore[arg-type]
    for chunk in fake.split(5):
        metric.process(None, [{"fake_img": image} for image in chunk])
    values = metric.evaluate()
    return values["x/is"], values["x/is_std"]


def formula(chances: Tensor, splits: int) -> tuple[float, float]:
    size = len(chances) // splits
    scores = []
    for part in chances[: size * splits].double().split(size):
        divergences = (part * (part / part.mean(0)).log()).sum(1)
        scores.append(float(divergences.mean().exp()))
    return float(np.mean(scores)), float(np.std(scores))


@pytest.mark.parametrize("splits", [1, 3, 5])
def test_value_of_the_formula(script: str, splits: int) -> None:
    fake = images(17)
    metric = InceptionScore(17, False, splits, inception_path=script, prefix="x")
    chances = Script()(fake.to(torch.uint8), no_output_bias=True)
    for _ in range(2):  # nothing is left of an evaluation
        ours = measured(metric, fake)
        assert ours == pytest.approx(formula(chances, splits), rel=1e-6)
    assert ours[0] > 1.1


def test_value_of_torchmetrics_for_digits() -> None:
    digits = DigitsDataset("val").images[:60]
    metric = InceptionScore(60, False, 1, feature_extractor={"type": "DigitsFeatures"}, prefix="x")
    ours, _ = measured(metric, digits)

    class Logits(torch.nn.Module):
        def forward(self, pixels: Tensor) -> Tensor:
            return metric.network.classify(pixels)

    theirs = OfTorchmetrics(feature=Logits(), splits=1)
    theirs.update(digits)
    assert ours == pytest.approx(float(theirs.compute()[0]), rel=1e-5)
    assert 5 < ours < 10  # of ten classes


def test_resized_as_pillow_or_torch_does(script: str) -> None:
    fake = images(4, 320)
    levels = fake.to(torch.uint8)

    def by_pillow(method: Image.Resampling) -> Tensor:
        pictures = [Image.fromarray(image.permute(1, 2, 0).numpy()) for image in levels]
        small = [np.array(one.resize((299, 299), method)) for one in pictures]
        return torch.from_numpy(np.stack(small)).permute(0, 3, 1, 2)

    def by_torch(method: str) -> Tensor:
        small = torch.nn.functional.interpolate(fake, (299, 299), mode=method)
        return small.clamp(0, 255).to(torch.uint8)

    for arguments, small in (
        ({}, by_pillow(Image.Resampling.BICUBIC)),
        ({"resize_method": "box"}, by_pillow(Image.Resampling.BOX)),
        ({"use_pillow_resize": False}, by_torch("bicubic")),
        ({"use_pillow_resize": False, "resize_method": "bilinear"}, by_torch("bilinear")),
    ):
        metric = InceptionScore(4, splits=1, inception_path=script, prefix="x", **arguments)
        expected = formula(Script()(small, no_output_bias=True), 1)
        assert measured(metric, fake) == pytest.approx(expected, rel=1e-6)


def test_classes_of_images_are_not_held(script: str) -> None:
    metric = InceptionScore(100, False, 2, inception_path=script, prefix="x")
    metric.prepare(None, DataLoader(images(1)))  # type: ignore[arg-type]
    for _ in range(3):
        metric.process(None, [{"fake_img": image} for image in images(20)])
        assert metric._sums is not None and metric._sums.shape == (2, 11)
    assert not metric.results


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"splits": 0}, "splits must be"),
        ({"splits": 9}, "at most fake_nums, 8"),
        ({"resize_method": "cubic"}, "bicubic, bilinear, nearest, box"),
        ({"resize_method": "box", "use_pillow_resize": False}, "area"),
        ({"inception_style": "TensorFlow"}, "StyleGAN, PyTorch"),
        ({"need_cond_input": True}, "need_cond_input"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        InceptionScore(**{"fake_nums": 8, "splits": 2, "prefix": "x", **arguments})


def test_translated_images(script: str, tmp_path: Path) -> None:
    fake = images(6)
    metric = TransIS(-1, False, 2, inception_path=script, fake_key="fake_photo", prefix="x")
    metric.settle_number(DataLoader(fake))  # type: ignore[arg-type]
    metric.prepare(None, DataLoader(fake))  # type: ignore[arg-type]
    metric.process(None, [{"fake_photo": image} for image in fake])
    expected = formula(Script()(fake.to(torch.uint8), no_output_bias=True), 2)
    assert metric.evaluate()["x/is"] == pytest.approx(expected[0], rel=1e-6)
    with pytest.raises(ValueError, match="at most fake_nums, 1"):
        TransIS(-1, splits=2, prefix="x").settle_number(DataLoader(fake[:1]))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="take IS"):
        metric.check(torch.nn.Identity(), DataLoader(fake))  # type: ignore[arg-type]
