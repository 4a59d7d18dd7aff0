"""PrecisionAndRecall and KID: a case by hand, torchmetrics' values, errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchmetrics.image.kid import KernelInceptionDistance

from mmlight.generative.evaluation import KID, PrecisionAndRecall
from tests.generative.evaluation.extractors import write_script


class Corner(nn.Module):
    """Two features of an image: the first pixels of its first two channels."""

    def forward(self, pixels: Tensor) -> Tensor:
        return pixels[:, :2, 0, 0].float()


def at(*points: tuple[float, float]) -> Tensor:
    """Images whose features are these."""
    images = torch.zeros(len(points), 3, 4, 4)
    images[:, :2, 0, 0] = torch.tensor(points)
    return images


def measured(metric: Any, real: Tensor, fake: Tensor) -> dict[str, float]:
    metric.prepare(None, DataLoader([{"inputs": image} for image in real], batch_size=3))  # type: ignore[arg-type]
    for chunk in fake.split(2):
        metric.process(None, [{"fake_img": image} for image in chunk])
    return metric.evaluate()


SPREAD = [(250.0 - 30 * i, 20.0 * i) for i in range(7)]


@pytest.mark.parametrize("batch_size", [1, 2, 10])
def test_precision_and_recall_by_hand(batch_size: int) -> None:
    # With k=1 the balls of the real images reach 1, 1, 2 and 10, those of the others 3, 3 and 40.
    real = at((10, 0), (11, 0), (13, 0), (23, 0))
    fake = at((11.5, 0), (14.5, 0), (54.5, 0))
    metric = PrecisionAndRecall(
        3,
        k=1,
        prefix="x",
        row_batch_size=batch_size,
        col_batch_size=batch_size,
        feature_extractor=Corner(),
    )
    for _ in range(2):
        values = measured(metric, real, fake)
        # 54.5 is 31.5 from the nearest real image. Of the real ones all are within reach of 54.5,
        # which has 40, but 10 and 11 (44.5, 43.5): they are within 3 of 11.5.
        assert values == {"x/precision": pytest.approx(2 / 3), "x/recall": 1.0}
    nearer = at((11.5, 0), (14.5, 0), (15.5, 0))
    assert measured(metric, real, nearer) == {"x/precision": 1.0, "x/recall": 0.75}


def test_kid_of_torchmetrics() -> None:
    generator = torch.Generator().manual_seed(0)
    real, fake = (torch.rand(20, 3, 4, 4, generator=generator) * 3 + light for light in (0, 0.5))
    arguments = {"subsets": 5, "subset_size": 12}
    metric = KID(20, prefix="x", feature_extractor=Corner(), **arguments)  # type: ignore[arg-type]
    torch.manual_seed(0)
    metric.prepare(None, DataLoader([{"inputs": image} for image in real]))  # type: ignore[arg-type]
    metric.process(None, [{"fake_img": image} for image in fake])
    torch.manual_seed(0)
    values = metric.evaluate()
    features: Any = Corner()
    features.num_features = 2
    theirs = KernelInceptionDistance(feature=features, **arguments)
    theirs.update(real, real=True)
    theirs.update(fake, real=False)
    torch.manual_seed(0)
    mean, deviation = map(float, theirs.compute())
    assert values == {"x/kid": pytest.approx(mean), "x/kid_std": pytest.approx(deviation)}
    assert mean > 0.05


def test_features_alone_are_held(tmp_path: Path) -> None:
    script, kept = write_script(tmp_path / "vgg16.pt"), tmp_path / "vgg.pkl"
    metric = PrecisionAndRecall(5, prefix="x", vgg16_script=str(script), vgg16_pkl=str(kept))
    metric.prepare(None, DataLoader([{"inputs": image} for image in at(*SPREAD[:6])]))  # type: ignore[arg-type]
    metric.process(None, [{"fake_img": image} for image in at(*SPREAD)])
    assert [row.shape for row in metric.results] == [(16,)] * 5
    assert torch.load(kept)["vgg_feat"].shape == (6, 16)
    other = PrecisionAndRecall(5, prefix="x", vgg16_script=str(script), vgg16_pkl=str(kept))
    other.prepare(None, DataLoader([{"inputs": torch.zeros(1)}]))  # type: ignore[arg-type]
    other.process(None, [{"fake_img": image} for image in at(*SPREAD[:5])])
    assert other.evaluate() == {"x/precision": 1.0, "x/recall": 1.0}


def test_bad_input(tmp_path: Path) -> None:
    for kind, arguments, words in (
        (PrecisionAndRecall, {"k": 0}, "must be positive"),
        (PrecisionAndRecall, {"k": 4}, "more than 4 images"),
        (KID, {"subset_size": 5}, "subset_size is 5, more than fake_nums, 4"),
        (KID, {"inception_style": "x"}, "StyleGAN, PyTorch"),
    ):
        with pytest.raises(ValueError, match=words):
            kind(4, prefix="x", **arguments)  # type: ignore[arg-type]
    missing = PrecisionAndRecall(4, prefix="x", vgg16_script=str(tmp_path / "vgg16.pt"))
    with pytest.raises(FileNotFoundError, match=r"vgg16\.pt"):
        missing.check(nn.Identity(), None)  # type: ignore[arg-type]
    few = at((1, 1), (2, 2), (3, 3))
    with pytest.raises(ValueError, match="3 real images have no neighbour 3"):
        measured(
            PrecisionAndRecall(4, prefix="x", feature_extractor=Corner()), few, at(*[(1, 1)] * 4)
        )
    metric = KID(4, prefix="x", subset_size=4, feature_extractor=Corner())
    with pytest.raises(ValueError, match="there are 3 real images"):
        measured(metric, few, at(*[(1, 1)] * 4))
    with pytest.raises(ValueError, match="needs 4 generated images, got 1"):
        measured(KID(4, prefix="x", subset_size=4, feature_extractor=Corner()), few, few[:1])
