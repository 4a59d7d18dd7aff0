"""FrechetInceptionDistance and TransFID: values, the file of the real images, errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader
from torchmetrics.image.fid import FrechetInceptionDistance as OfTorchmetrics

from mmlight.generative.datasets import BasicImageDataset
from mmlight.generative.evaluation import (
    FrechetInceptionDistance,
    PerceptualPathLength,
    TransFID,
)
from mmlight.generative.models import DCGAN, CycleGAN
from tests.generative.evaluation.extractors import Script, write_script


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_script(tmp_path_factory.mktemp("networks") / "inception.pt"))


def images(count: int, seed: int, dark: float = 1.0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, 3, 16, 16, generator=generator) * 255 * dark


def loader(pixels: torch.Tensor) -> DataLoader:
    return DataLoader([{"inputs": image} for image in pixels], batch_size=7)  # type: ignore[arg-type]


def measured(metric: FrechetInceptionDistance, real: Any, fake: torch.Tensor) -> dict[str, float]:
    metric.prepare(None, real if isinstance(real, DataLoader) else loader(real))
    for chunk in fake.split(9):
        metric.process(None, [{"fake_img": image} for image in chunk])
    return metric.evaluate()


def test_value_of_torchmetrics(script: str) -> None:
    real, fake = images(40, 1), images(50, 2, 0.9)

    class Features(torch.nn.Module):
        num_features = 16

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            return Script()(pixels, return_features=True).double()

    theirs = OfTorchmetrics(feature=Features())
    theirs.update(real.to(torch.uint8), real=True)
    theirs.update(fake.to(torch.uint8), real=False)
    metric = FrechetInceptionDistance(50, inception_path=script, prefix="FID-50")
    ours = measured(metric, real, fake)
    assert ours["FID-50/fid"] == pytest.approx(float(theirs.compute()), rel=1e-6)
    features = [Features()(pixels.to(torch.uint8)) for pixels in (real, fake)]
    moved = (features[0].mean(0) - features[1].mean(0)).square().sum()
    assert ours["FID-50/mean"] == pytest.approx(float(moved), rel=1e-9)
    assert ours["FID-50/fid"] == ours["FID-50/mean"] + ours["FID-50/cov"]


def test_what_is_held_does_not_grow_with_the_images(script: str) -> None:
    def held(metric: FrechetInceptionDistance) -> int:
        states = metric._distance.metric_state.values()  # type: ignore[union-attr]
        return sum(state.numel() for state in states)

    metric = FrechetInceptionDistance(1000, inception_path=script, prefix="x")
    metric.prepare(None, loader(images(20, 1)))
    sizes = []
    for seed in range(3):
        metric.process(None, [{"fake_img": image} for image in images(20, seed)])
        sizes.append(held(metric))
    assert sizes == [2 * (16 * 16 + 16 + 1)] * 3
    assert not metric.results


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    (tmp_path / "images").mkdir()
    for index, image in enumerate(images(12, 3)):
        pixels = image.permute(1, 2, 0).to(torch.uint8).numpy()
        Image.fromarray(pixels).save(tmp_path / "images" / f"{index:02}.png")
    return tmp_path


def files(folder: Path, **arguments: Any) -> DataLoader:
    pipeline = [
        {"type": "LoadImageFromFile", "key": "gt", **arguments},
        {"type": "PackInputs", "keys": ["gt"]},
    ]
    data = BasicImageDataset(
        data_root=str(folder / "images"), data_prefix={"gt": ""}, pipeline=pipeline
    )
    return DataLoader(data, batch_size=5, collate_fn=_collate)


def _collate(items: list[dict]) -> dict:
    names = ("inputs", "data_samples")
    return {name: [item[name] for item in items] for name in names}


def test_real_images_are_read_once_for_each_dataset_and_network(
    folder: Path, script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = []
    read = FrechetInceptionDistance.real_batches

    def counted(self: Any, *args: Any) -> Any:
        reads.append(self.prefix)
        return read(self, *args)

    monkeypatch.setattr(FrechetInceptionDistance, "real_batches", counted)
    fake = images(12, 4, 0.8)

    def value(prefix: str, data: DataLoader, **arguments: Any) -> float:
        metric = FrechetInceptionDistance(12, prefix=prefix, **arguments)
        return measured(metric, data, fake)[f"{prefix}/fid"]

    first = value("first", files(folder), inception_path=script)
    assert value("again", files(folder), inception_path=script) == pytest.approx(first, rel=1e-9)
    assert reads == ["first"]
    value("other network", files(folder), feature_extractor=_Means())
    value("other pipeline", files(folder, channel_order="rgb"), inception_path=script)
    Image.new("RGB", (16, 16)).save(folder / "images" / "00.png")
    assert value("other image", files(folder), inception_path=script) != pytest.approx(first)
    value("other number", files(folder), real_nums=6, inception_path=script)
    assert reads[1:] == ["other network", "other pipeline", "other image", "other number"]


class _Means(torch.nn.Module):
    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels.float().mean(dim=(2, 3))


def test_a_file_of_ones_own(folder: Path, script: str) -> None:
    kept = folder / "kept" / "reals.pkl"
    arguments: dict = {"inception_path": script, "inception_pkl": str(kept), "prefix": "x"}
    real, fake = images(30, 5), images(30, 6, 0.7)
    first = measured(FrechetInceptionDistance(30, **arguments), real, fake)
    assert kept.is_file()
    again = measured(FrechetInceptionDistance(30, **arguments), real * 0, fake)
    assert again == pytest.approx(first, rel=1e-9)
    kept.write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(ValueError, match=r"reals.pkl does not hold real_mean and real_cov"):
        measured(FrechetInceptionDistance(30, **arguments), real, fake)


@pytest.mark.parametrize("order", ["bgr", "rgb"])
def test_the_network_gets_red_first(folder: Path, order: str) -> None:
    metric = FrechetInceptionDistance(12, prefix="x", feature_extractor=_Means())
    red = torch.zeros(12, 3, 16, 16)
    red[:, 0 if order == "rgb" else 2] = torch.arange(12.0).reshape(12, 1, 1)
    measured(metric, files(folder, channel_order=order), red)
    seen = []
    metric._network.register_forward_hook(lambda *call: seen.append(call[2]))
    metric.process(None, [{"fake_img": image} for image in red])
    assert seen[0][:, 0].sum() == 66 and seen[0][:, 1:].sum() == 0


def test_bad_input(script: str, tmp_path: Path) -> None:
    for arguments, words in (
        ({"inception_style": "Pytorch2"}, "StyleGAN, PyTorch"),
        ({"need_cond_input": True}, "need_cond_input"),
        ({"inception_path": "a", "feature_extractor": _Means()}, "leave one out"),
        ({"sample_model": "both"}, "ema, orig"),
        ({"real_nums": 1}, "at least 2"),
    ):
        with pytest.raises(ValueError, match=words):
            FrechetInceptionDistance(4, prefix="x", **arguments)  # type: ignore[arg-type]
    reals = loader(images(4, 0))
    missing = FrechetInceptionDistance(4, prefix="x", inception_path=str(tmp_path / "none.pt"))
    with pytest.raises(FileNotFoundError, match=r"none.pt"):  # and not before
        missing.check(torch.nn.Identity(), reals)
    unreachable = "http://127.0.0.1:9/inception.pt"
    with pytest.raises(FileNotFoundError, match="inception_path"):
        FrechetInceptionDistance(4, prefix="x", inception_path=unreachable).prepare(None, reals)
    (tmp_path / "other.pt").write_bytes(b"no script")
    with pytest.raises(RuntimeError, match=r"other.pt cannot be read"):
        FrechetInceptionDistance(4, prefix="x", inception_path=str(tmp_path / "other.pt")).prepare(
            None, reals
        )
    torch.save({"fc.bias": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(RuntimeError, match="no weights of Inception"):
        FrechetInceptionDistance(
            4, prefix="x", inception_style="PyTorch", inception_path=str(tmp_path / "other.pth")
        ).prepare(None, reals)
    short = FrechetInceptionDistance(4, prefix="x", inception_path=script)
    short.prepare(None, reals)
    short.process(None, [{"fake_img": image} for image in images(3, 0)])
    with pytest.raises(ValueError, match="needs 4 generated images, got 3"):
        short.evaluate()


def test_a_model_that_makes_no_such_images(script: str) -> None:
    net = {"type": "DCGANGenerator", "output_scale": 8, "base_channels": 4}
    resnet = {"type": "ResnetGenerator", "in_channels": 3, "out_channels": 3, "num_blocks": 1}
    domains = ["photo", "mask"]
    gan = DCGAN({**net, "out_channels": 1}, noise_size=4)
    cycle = CycleGAN(
        generator={**resnet, "base_channels": 4},
        discriminator=None,
        default_domain="photo",
        reachable_domains=domains,
        related_domains=domains,
    )
    data = loader(images(4, 0))

    def metric(**arguments: Any) -> TransFID:
        return TransFID(inception_path=script, prefix="x", **arguments)

    metric(fake_nums=4, fake_key="fake_photo").check(cycle, data)
    with pytest.raises(TypeError, match="DCGAN translates to no domain"):
        metric(fake_nums=4, fake_key="fake_photo").check(gan, data)
    with pytest.raises(ValueError, match=r"makes fake_photo, fake_mask. Did you mean 'fake_photo'"):
        metric(fake_nums=4, fake_key="fake_phot").check(cycle, data)
    with pytest.raises(ValueError, match="needs 5 generated images, but a dataset of 4"):
        metric(fake_nums=5, fake_key="fake_photo").check(cycle, data)


def test_a_network_that_is_only_a_name() -> None:
    with pytest.raises(TypeError, match=r"feature_extractor of FrechetInceptionDistance .*'X'"):
        FrechetInceptionDistance(4, feature_extractor="X")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"perceptual_distance of PerceptualPathLength .*'X'"):
        PerceptualPathLength(4, perceptual_distance="X")  # type: ignore[arg-type]
