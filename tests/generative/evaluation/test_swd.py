"""SWD: mmagic's values, its parts against their definitions, its errors."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader

from mmlight.generative.datasets.data_sample import DataSample
from mmlight.generative.evaluation import SWD, GenEvaluator
from mmlight.generative.evaluation.swd import laplacian_pyramid


def noise(shape: tuple[int, ...], seed: int, count: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    fake, real = (torch.rand((count, *shape), generator=generator) * 255 for _ in range(2))
    return fake, F.avg_pool2d(real, 3, 1, 1)


def loader(images: torch.Tensor, batch_size: int = 4) -> DataLoader:
    items = [{"inputs": image} for image in images]
    return DataLoader(items, batch_size=batch_size)  # type: ignore[arg-type]


def measured(fake: torch.Tensor, real: torch.Tensor, seed: int = 0) -> dict[str, float]:
    metric = SWD(len(fake), fake.shape[1:], prefix="swd")
    np.random.seed(seed)
    metric.prepare(None, loader(real, len(real)))
    metric.process(None, [{"fake_img": image} for image in fake])
    torch.manual_seed(seed)  # after the dataloader, which draws too
    return metric.evaluate()


@pytest.mark.parametrize(
    ("shape", "theirs"),
    [
        ((3, 64, 64), {"64": 95.2496, "32": 83.9589, "16": 129.8896, "avg": 103.0327}),
        ((1, 32, 32), {"32": 124.9842, "16": 132.0093, "avg": 128.4967}),
    ],
)
def test_values_of_mmagic(shape: tuple[int, ...], theirs: dict[str, float]) -> None:
    """What mmagic 1.2.0 says of these images, to the decimals that it gives."""
    expected = {f"swd/{name}": value for name, value in theirs.items()}
    assert measured(*noise(shape, 1)) == pytest.approx(expected, abs=1e-4)


def test_pyramid_adds_up() -> None:
    images = noise((3, 32, 64), 2)[0]
    fine, middle, coarse = laplacian_pyramid(images, 3)
    assert coarse.shape == (4, 3, 8, 16)
    blur = torch.tensor([1.0, 4, 6, 4, 1]) / 16
    kernel = torch.outer(blur, blur).expand(3, 1, 5, 5)

    def twice(image: torch.Tensor) -> torch.Tensor:
        large = image.repeat_interleave(2, -1).repeat_interleave(2, -2)
        return F.conv2d(large, kernel, padding=2, groups=3)

    torch.testing.assert_close(fine + twice(middle + twice(coarse)), images, rtol=1e-5, atol=1e-4)


def test_same_images_are_nearer_than_others() -> None:
    fake, real = noise((3, 32, 32), 3, count=32)
    same, other = measured(real, real), measured(fake, real)
    assert other["swd/32"] > 2 * same["swd/32"]


def test_contrast_of_a_channel_does_not_count() -> None:
    fake, real = noise((3, 32, 32), 4)
    paler = (fake - 127.5) * torch.tensor([0.5, 0.9, 0.2]).reshape(3, 1, 1) + 127.5
    assert measured(paler, real) == pytest.approx(measured(fake, real), rel=1e-4)


def test_only_as_many_as_wanted_count_and_reals_are_read_once() -> None:
    fake, real = noise((3, 16, 16), 5, count=12)
    metric = SWD(8, (3, 16, 16), prefix="swd")

    def value(images: torch.Tensor) -> dict[str, float]:
        torch.manual_seed(0)
        np.random.seed(0)
        for chunk in images.split(5):
            metric.process(None, [{"fake_img": image} for image in chunk])
        return metric.evaluate()

    metric.prepare(None, loader(real, 3))
    first = value(fake)
    metric.prepare(None, loader(fake, 3))
    assert value(torch.cat([fake[:8], real])) == first


def test_number_of_the_dataset_and_one_sampler_for_all() -> None:
    real = noise((3, 16, 16), 6, count=6)[1]
    model = torch.nn.Identity()
    model.noise_size = 2  # type: ignore[assignment]
    evaluator = GenEvaluator(
        [
            {"type": "SWD", "fake_nums": -1, "image_shape": (3, 16, 16), "prefix": "swd"},
            {"type": "MS_SSIM", "fake_nums": 4, "prefix": "ms-ssim"},
        ]
    )
    groups = evaluator.prepare_samplers(model, loader(real, 4))
    assert [len(sampler) for _, sampler in groups] == [2]
    evaluator.prepare_metrics(model, loader(real, 4))
    evaluator.process([{"fake_img": image} for image in real])
    assert set(evaluator.evaluate()) == {"swd/16", "swd/avg", "ms-ssim/avg"}


def test_real_images_of_data_samples() -> None:
    fake, real = noise((3, 16, 16), 7)
    batch = {"inputs": fake, "data_samples": [DataSample(gt_img=image) for image in real]}
    metric = SWD(4, (3, 16, 16), prefix="swd")
    np.random.seed(0)
    metric.prepare(None, [batch])  # type: ignore[arg-type]
    metric.process(None, [{"fake_img": image} for image in fake])
    torch.manual_seed(0)
    assert metric.evaluate() == measured(fake, real)


def test_bad_input() -> None:
    with pytest.raises(ValueError, match="at least 16 pixels"):
        SWD(4, (3, 8, 8))
    with pytest.raises(ValueError, match="fake_nums"):
        SWD(0, (3, 16, 16))
    fake, real = noise((3, 16, 16), 8)
    metric = SWD(4, (3, 32, 32))
    with pytest.raises(ValueError, match="but images have"):
        metric.prepare(None, loader(real))
    with pytest.raises(ValueError, match="needs 9 real images, there are 4"):
        SWD(9, (3, 16, 16)).prepare(None, loader(real))
    metric = SWD(4, (3, 16, 16))
    metric.prepare(None, loader(real))
    metric.process(None, [{"fake_img": fake[0]}])
    with pytest.raises(ValueError, match="needs 4 generated images, got 1"):
        metric.evaluate()
