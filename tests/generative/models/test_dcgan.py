"""DCGAN: shapes, options of sampling, losses and whose turn it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from mmlight.generative.datasets import DataSample
from mmlight.generative.models import DCGAN, BaseGAN, DCGANDiscriminator, DCGANGenerator
from mmlight.generative.models.turns import iterations_before
from mmlight.registry import MODELS
from tests.engine.toys import ADAM, GAN, gan_runner


def gan(**changes: Any) -> DCGAN:
    return MODELS.build({**GAN, **changes})


@pytest.mark.parametrize("scale", [8, 16, 64])
def test_shapes(scale: int) -> None:
    generator = DCGANGenerator(scale, base_channels=32, noise_size=5)
    images = generator(torch.randn(2, 5))
    assert images.shape == (2, 3, scale, scale)
    assert images.abs().max() <= 1
    discriminator = DCGANDiscriminator(scale, 4, 1, base_channels=4)
    assert discriminator(images).shape == (2, 1)


def test_weights_have_the_names_of_openmmlab() -> None:
    names = set(DCGANGenerator(16, base_channels=8).state_dict())
    assert {"noise2feat.conv.weight", "noise2feat.bn.weight", "output_layer.conv.bias"} <= names
    assert "upsampling.0.conv.weight" in names
    names = set(DCGANDiscriminator(16, 4, 1, base_channels=4).state_dict())
    assert {
        "downsamples.0.conv.bias",
        "downsamples.1.bn.weight",
        "output_layer.conv.weight",
    } <= names


def test_weights_start_as_in_mmagic() -> None:
    torch.manual_seed(0)
    generator = DCGANGenerator(32, base_channels=512)
    generator.init_weights()
    assert generator.upsampling[0].conv.weight.std().item() == pytest.approx(0.02, rel=0.05)
    scale = generator.noise2feat.bn.weight
    assert scale.mean().item() == pytest.approx(0, abs=0.2)
    assert scale.std().item() == pytest.approx(1, rel=0.1)
    discriminator = DCGANDiscriminator(16, 4, 1, base_channels=32)
    discriminator.init_weights()
    assert discriminator.downsamples[1].conv.weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert discriminator.downsamples[1].bn.weight.unique().tolist() == [1]


def test_weights_may_start_as_in_the_paper() -> None:
    torch.manual_seed(0)
    paper = [
        {"type": "Normal", "layer": ["ConvTranspose2d"], "std": 0.02},
        {"type": "Normal", "layer": ["_BatchNorm"], "mean": 1.0, "std": 0.02},
    ]
    generator = DCGANGenerator(32, base_channels=128, init_cfg=paper)
    generator.init_weights()
    assert generator.output_layer.conv.weight.std().item() == pytest.approx(0.02, rel=0.1)
    assert generator.noise2feat.bn.weight.mean().item() == pytest.approx(1, abs=0.01)


def test_weights_may_come_from_a_checkpoint(tmp_path: Path) -> None:
    first = DCGANGenerator(8, base_channels=4)
    torch.save(first.state_dict(), tmp_path / "generator.pth")
    second = DCGANGenerator(8, base_channels=4, pretrained=str(tmp_path / "generator.pth"))
    second.init_weights()
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name])


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"output_scale": 24}, ValueError, "24 must be 4 times"),
        ({"output_scale": 4}, ValueError, "4 must be 4 times"),
        ({"output_scale": 8, "default_norm_cfg": {"type": "BNN"}}, KeyError, "BN"),
        ({"output_scale": 8, "out_act_cfg": {"type": "tanh"}}, KeyError, "Tanh"),
    ],
)
def test_bad_arguments(arguments: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        DCGANGenerator(**arguments)


def test_noise_of_the_generator() -> None:
    generator = DCGANGenerator(8, base_channels=4, noise_size=3).eval()
    result = generator(torch.ones, num_batches=2, return_noise=True)
    assert torch.equal(result["noise_batch"].flatten(1), torch.ones(2, 3))
    assert torch.equal(result["fake_img"], generator(torch.ones(2, 3, 1, 1)))
    with pytest.raises(ValueError, match="num_batches"):
        generator(None)
    with pytest.raises(ValueError, match=r"\(N, 3\)"):
        generator(torch.ones(2, 4))


def test_samples() -> None:
    model = gan().eval()
    noise = torch.randn(3, 4)
    samples = model(noise)
    assert [sample.fake_img.shape for sample in samples] == [(1, 8, 8)] * 3
    levels = model.generator(noise) * 127.5 + 127.5
    torch.testing.assert_close(torch.stack([s.fake_img for s in samples]), levels)
    assert torch.equal(samples[1].noise, noise[1])
    assert samples[0].sample_model == "orig"


def test_samples_of_both_generators() -> None:
    model = gan(ema_config={"momentum": 0.5})
    nn.init.zeros_(model.generator_ema.module.output_layer.conv.weight)
    nn.init.zeros_(model.generator_ema.module.output_layer.conv.bias)
    both = model({"num_batches": 2, "sample_model": "ema/orig"})
    assert both[0].ema.fake_img.unique().tolist() == [127.5]
    assert both[0].orig.fake_img.unique().numel() > 1
    assert model({"num_batches": 1})[0].sample_model == "ema"


def test_known_samples_are_kept() -> None:
    from mmlight.generative.datasets import DataSample

    known = [DataSample(metainfo={"path": str(i)}).set_gt_label(i) for i in range(2)]
    samples = gan()({"noise": torch.zeros(2, 4)}, known)
    assert [(s.metainfo["path"], s.gt_label.label.item()) for s in samples] == [("0", 0), ("1", 1)]


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"num_batches": 2, "sample_model": "ema"}, "ExponentialMovingAverageHook"),
        ({"num_batches": 2, "sample_model": "both"}, "ema/orig"),
        ({"num_batches": 2, "noise": torch.zeros(3, 4)}, "not clear"),
    ],
)
def test_unclear_requests(inputs: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        gan()(inputs)


def test_noise_sizes_must_agree() -> None:
    with pytest.raises(ValueError, match="noise_size"):
        gan(noise_size=7, generator=DCGANGenerator(8, base_channels=4, noise_size=3))


def test_losses() -> None:
    model = gan()
    fake, real = torch.tensor([[0.0], [2.0]]), torch.tensor([[1.0], [3.0]])
    loss, log_vars = model.disc_loss(fake, real)
    expected_fake = torch.nn.functional.softplus(fake).mean()
    expected_real = torch.nn.functional.softplus(-real).mean()
    torch.testing.assert_close(log_vars["loss_disc_fake"], expected_fake)
    torch.testing.assert_close(log_vars["loss_disc_real"], expected_real)
    torch.testing.assert_close(loss, expected_fake + expected_real)
    loss, _ = model.gen_loss(fake)
    torch.testing.assert_close(loss, torch.nn.functional.softplus(-fake).mean())


class Turns(DCGAN):
    """Remembers whose turn it was."""

    def train_discriminator(self, *args: Any, **kwargs: Any) -> dict:
        self.__dict__.setdefault("turns", []).append("D")
        return super().train_discriminator(*args, **kwargs)

    def train_generator(self, *args: Any, **kwargs: Any) -> dict:
        self.__dict__.setdefault("turns", []).append("G")
        assert not any(p.requires_grad for p in self.discriminator.parameters())
        return super().train_generator(*args, **kwargs)


@pytest.mark.parametrize(
    ("steps", "accumulative", "expected"),
    [
        ({}, 1, "DGDGDG"),
        ({"discriminator_steps": 2}, 1, "DDGD"),
        ({"generator_steps": 2}, 1, "DGGDGGDGG"),
        ({}, 3, "DDDG"),
    ],
)
def test_turns(tmp_path: Path, steps: dict, accumulative: int, expected: str) -> None:
    model = Turns(**{key: value for key, value in GAN.items() if key != "type"}, **steps)
    wrapper = {
        "constructor": "MultiOptimWrapperConstructor",
        "generator": ADAM,
        "discriminator": {**ADAM, "accumulative_counts": accumulative},
    }
    gan_runner(tmp_path, 3, model=model, optim_wrapper=wrapper).train()
    assert "".join(model.turns) == expected
    assert all(p.requires_grad for p in model.discriminator.parameters())


def test_average_that_the_model_keeps_itself(tmp_path: Path) -> None:
    model = gan(ema_config={"momentum": 0.1})
    start = model.generator_ema.module.output_layer.conv.weight.clone()
    gan_runner(tmp_path, 3, model=model).train()
    assert int(model.generator_ema.steps) == 3
    assert not torch.equal(model.generator_ema.module.output_layer.conv.weight.cpu(), start)


def test_turns_need_the_iteration() -> None:
    with pytest.raises(RuntimeError, match="RuntimeInfoHook"):
        iterations_before()


def test_base_is_abstract() -> None:
    with pytest.raises(TypeError, match="abstract"):
        BaseGAN(GAN["generator"])


def test_a_batch_of_a_dataset_gives_as_many_images_and_what_is_known_of_them() -> None:
    known = [
        DataSample(metainfo={"gt_path": f"{i}.png"}, gt_img=torch.zeros(1, 8, 8)) for i in range(3)
    ]
    made = gan().val_step({"inputs": {}, "data_samples": known})
    assert [sample.gt_path for sample in made] == ["0.png", "1.png", "2.png"]
    assert all({"fake_img", "gt_img", "noise"} <= set(sample.keys()) for sample in made)
