"""PerceptualPathLength: its formula on StyleGAN2, its ways, what it refuses."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from mmlight.generative.evaluation import PerceptualPathLength
from mmlight.generative.models import DCGAN, StyleGAN2

LOADER: Any = DataLoader([0], batch_size=3)


class Squares(nn.Module):
    """Mean squared difference."""

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        return (first - second).square().mean(dim=(1, 2, 3))


@pytest.fixture(scope="module")
def model() -> StyleGAN2:
    torch.manual_seed(0)
    generator = {
        "type": "StyleGANv2Generator",
        "out_size": 8,
        "style_channels": 8,
        "num_mlps": 2,
        "channel_multiplier": 1,
    }
    return StyleGAN2(generator, ema_config={"interval": 1, "momentum": 0.5}).eval()


def measured(metric: PerceptualPathLength, model: StyleGAN2) -> float:
    """Generate what the metric asks for and evaluate it."""
    metric.check(model, LOADER)
    metric.prepare(model, LOADER)
    torch.manual_seed(1)
    with torch.no_grad():
        for batch in metric.get_metric_sampler(model, LOADER, [metric]):
            metric.process(batch, [one.to_dict() for one in model.test_step(batch)])
    return metric.evaluate()["ppl/ppl_score"]


@pytest.mark.parametrize(
    "arguments",
    [{"space": "Z", "sampling": "full"}, {"crop": False, "sample_model": "orig"}],
)
def test_value_of_the_formula(arguments: dict[str, Any], model: StyleGAN2) -> None:
    options: dict = {"epsilon": 0.05, "latent_dim": 8, "perceptual_distance": Squares()}
    metric = PerceptualPathLength(5, prefix="ppl", **options, **arguments)
    ours = measured(metric, model)
    assert not metric.results

    torch.manual_seed(1)
    averaged = arguments.get("sample_model") != "orig"
    generator = model.generator_ema.module if averaged else model.generator
    distances = []
    for size in (3, 2):
        injected = generator.make_injected_noise()
        z = torch.randn(2 * size, 8)
        t = torch.rand(size) if arguments.get("sampling") == "full" else torch.zeros(size)
        ends = z if arguments.get("space") == "Z" else generator.style_mapping(z)
        latents = []
        for index in range(size):
            for share in (t[index], t[index] + 0.05):
                a, b = ends[2 * index], ends[2 * index + 1]
                if arguments.get("space") == "Z":
                    a, b = a / a.norm(), b / b.norm()
                    angle = torch.acos(a @ b)
                    way = torch.sin((1 - share) * angle) * a + torch.sin(share * angle) * b
                    latents.append(way / torch.sin(angle))
                else:
                    latents.append(a + share * (b - a))
        is_style = arguments.get("space") != "Z"
        with torch.no_grad():
            images = generator(
                torch.stack(latents), injected_noise=injected, input_is_latent=is_style
            ).clamp(-1, 1)
        images = images if "crop" in arguments else images[..., 3:7, 2:6]
        distances += (Squares()(images[0::2], images[1::2]) / 0.05**2).tolist()
    assert ours == pytest.approx(np.mean(distances), rel=1e-3)


def test_the_extremes_do_not_count() -> None:
    metric = PerceptualPathLength(300, prefix="ppl", perceptual_distance=Squares())
    values = [*range(300)]
    values[0], values[-1] = -(10**9), 10**9
    # The second and the third lowest and highest are the bounds of the hundredths.
    assert metric.compute_metrics(values)["ppl_score"] == np.mean(values[2:298])


def test_large_images_are_halved_to_256() -> None:
    seen = []

    class Sizes(nn.Module):
        def forward(self, first: Tensor, second: Tensor) -> Tensor:
            seen.append(first.shape)
            return (first - second).mean(dim=(1, 2, 3))

    metric = PerceptualPathLength(2, prefix="ppl", perceptual_distance=Sizes())
    metric.prepare(None, LOADER)
    image = torch.zeros(3, 1024, 1024)
    metric.process(None, [{"fake_img": image}, {"fake_img": image}])
    metric.process(None, [{"fake_img": image[..., :512, :512]}] * 2)
    assert [tuple(shape[2:]) for shape in seen] == [(256, 256), (256, 256)]


def test_refused(model: StyleGAN2) -> None:
    for arguments, words in (
        ({"space": "w"}, "W, Z"),
        ({"sampling": "begin"}, "end, full"),
        ({"epsilon": 0}, "positive"),
        ({"real_nums": 3}, "no real images"),
        ({"need_cond_input": True}, "need_cond_input"),
    ):
        with pytest.raises(ValueError, match=words):
            PerceptualPathLength(2, prefix="ppl", **arguments)  # type: ignore[arg-type]
    net = {"type": "DCGANGenerator", "output_scale": 8, "out_channels": 1, "base_channels": 4}
    gan = DCGAN(net, noise_size=4)
    with pytest.raises(TypeError, match=r"DCGAN has DCGANGenerator; space='Z'"):
        PerceptualPathLength(2, prefix="ppl").check(gan, LOADER)
    with pytest.raises(ValueError, match="latent_dim of PerceptualPathLength is 512"):
        PerceptualPathLength(2, prefix="ppl").check(model, LOADER)
    short = PerceptualPathLength(2, prefix="ppl", perceptual_distance=Squares())
    with pytest.raises(ValueError, match="needs 2 generated images, got 0"):
        short.evaluate()


@pytest.mark.skipif(
    importlib.util.find_spec("torchvision") is not None, reason="torchvision is installed"
)
def test_the_package_that_is_missing_is_named_before_training(model: StyleGAN2) -> None:
    metric = PerceptualPathLength(2, prefix="ppl", latent_dim=8)
    with pytest.raises(ModuleNotFoundError, match="pip install torchvision"):
        metric.check(model, LOADER)
