"""StyleGAN2's networks: mixing, truncation, half precision and wrong arguments."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import torch

from mmlight.generative.models import StyleGAN2Discriminator, StyleGANv2Generator
from mmlight.generative.models.stylegan2.discriminator import ConvDown, ResBlock
from mmlight.generative.models.stylegan2.modulation import StyledConv, ToRGB


def generator_of(**changes: Any) -> StyleGANv2Generator:
    torch.manual_seed(0)
    return StyleGANv2Generator(**{"out_size": 8, "style_channels": 8, "num_mlps": 2, **changes})


def test_two_styles_share_the_layers_out() -> None:
    generator, noise = generator_of(), torch.randn(2, 2, 8)
    one, other = (generator(part, return_latent_only=True)[:, 0] for part in noise)
    mixed = generator(list(noise), inject_index=3, return_latent_only=True)
    assert mixed.shape == (2, 4, 8)
    assert torch.equal(mixed, torch.stack([one, one, one, other], dim=1))


@pytest.mark.parametrize(("mode", "prob", "two"), [("mix", 1, 1), ("mix", 0, 0), ("single", 1, 0)])
def test_styles_are_mixed_in_training(mode: str, prob: float, two: int) -> None:
    generator = generator_of(default_style_mode=mode, mix_prob=prob)
    assert len(generator(None, 2, return_noise=True)["noise_batch"]) == 1 + two
    generator.eval()
    assert len(generator(None, 2, return_noise=True)["noise_batch"]) == 1


def test_mixing_is_as_frequent_as_said_at_any_layer() -> None:
    random.seed(0)
    generator = generator_of(mix_prob=0.75)
    styles = torch.cat([generator(None, 1, return_latent_only=True) for _ in range(200)])
    of_the_first = (styles == styles[:, :1]).all(2).sum(1)
    assert of_the_first.unique().tolist() == [1, 2, 3, 4]
    assert 130 <= (of_the_first < 4).sum() <= 170


def test_truncation_goes_towards_the_mean_style() -> None:
    generator, noise, mean = generator_of().eval(), torch.randn(2, 8), torch.randn(1, 8)
    style = generator(noise, return_latent_only=True)
    halfway = generator(noise, truncation=0.5, truncation_latent=mean, return_latent_only=True)
    torch.testing.assert_close(halfway, (style + mean) / 2)
    all_the_way = generator(noise, truncation=0, return_latent_only=True)
    torch.testing.assert_close(all_the_way[:1, 0], all_the_way[1:, 3])


def test_the_mean_style_is_computed_once_and_forgotten_when_training_goes_on() -> None:
    generator, noise = generator_of().eval(), torch.randn(1, 8)

    def truncated() -> torch.Tensor:
        return generator(noise, truncation=0, return_latent_only=True)

    first = truncated()
    assert torch.equal(truncated(), first)
    generator.train().eval()
    assert not torch.equal(truncated(), first)
    with pytest.raises(ValueError, match="multiple of bs_per_repeat=1024, got 10"):
        generator.get_mean_latent(10)


def test_noise_of_the_layers() -> None:
    generator, noise = generator_of().eval(), torch.randn(1, 8)
    for name, parameter in generator.named_parameters():
        if name.endswith("noise_injector.weight"):
            torch.nn.init.ones_(parameter)
    assert not torch.equal(generator(noise), generator(noise))
    kept = generator(noise, randomize_noise=False)
    assert torch.equal(kept, generator(noise, randomize_noise=False))
    maps = [generator.state_dict()[f"injected_noise_{index}"] for index in range(3)]
    assert [tuple(noise_map.shape[2:]) for noise_map in maps] == [(4, 4), (8, 8), (8, 8)]
    assert torch.equal(generator(noise, injected_noise=maps), kept)
    none = generator(noise, injected_noise=[torch.zeros_like(noise_map) for noise_map in maps])
    assert torch.equal(generator(noise, add_noise=False), none)


def test_turned_round_channels() -> None:
    noise = torch.randn(1, 8)
    turned = generator_of(bgr2rgb=True)(noise, add_noise=False)
    assert torch.equal(turned, generator_of()(noise, add_noise=False).flip(1))
    torch.manual_seed(0)
    discriminator = StyleGAN2Discriminator(8, input_bgr2rgb=True)
    torch.manual_seed(0)
    assert torch.equal(discriminator(turned), StyleGAN2Discriminator(8)(turned.flip(1)))


@pytest.mark.parametrize(
    ("half", "of_generator", "of_discriminator"),
    [
        ({}, [], []),
        ({"num_fp16_scales": 1}, ["convs.2", "convs.3", "to_rgbs.1"], ["convs.0", "convs.1"]),
        (
            {"num_fp16_scales": 4},
            ["convs.0", "convs.1", "convs.2", "convs.3", "to_rgbs.0", "to_rgbs.1"],
            ["convs.0", "convs.1", "convs.2"],
        ),
        (
            {"fp16_enabled": True},
            [f"conv{x}" for x in ("1", "s.0", "s.1", "s.2", "s.3")]
            + [f"to_rgb{x}" for x in ("1", "s.0", "s.1")],
            ["convs.0", "convs.1", "convs.2", "final_conv"],
        ),
    ],
)
def test_scales_of_half_precision(
    half: dict[str, Any], of_generator: list[str], of_discriminator: list[str]
) -> None:
    generator = generator_of(out_size=16, **half)
    discriminator = StyleGAN2Discriminator(16, **half)
    for network, expected in ((generator, of_generator), (discriminator, of_discriminator)):
        found = [
            name
            for name, module in network.named_modules()
            if isinstance(module, StyledConv | ToRGB | ConvDown | ResBlock)
            and module.half_precision
            and name.count(".conv1") + name.count(".conv2") + name.count(".skip") == 0
        ]
        assert sorted(found) == expected
    image = generator(torch.randn(2, 8))
    score = discriminator(image)
    # On a CPU too, where MMagic's filters cannot do it.
    assert image.dtype == score.dtype == torch.float32
    assert image.isfinite().all() and score.isfinite().all()


def test_a_discriminator_of_half_precision_gives_nearly_the_same_scores() -> None:
    images = torch.randn(4, 3, 8, 8)
    scores = []
    for half in (True, False):
        torch.manual_seed(0)
        scores.append(StyleGAN2Discriminator(8, fp16_enabled=half)(images))
    assert not torch.equal(*scores)
    torch.testing.assert_close(*scores, rtol=0.1, atol=0.05)


def test_layers_of_whole_precision_stay_so_in_mixed_precision() -> None:
    noise, generator = torch.randn(1, 8), generator_of()
    style = generator(noise, return_latent_only=True)
    image = generator([style], input_is_latent=True, add_noise=False)
    with torch.autocast("cpu"):
        assert torch.equal(generator([style], input_is_latent=True, add_noise=False), image)


def test_features_of_half_precision_stay_within_256() -> None:
    images = torch.full((1, 3, 8, 8), 1e6)
    assert StyleGAN2Discriminator(8, fp16_enabled=True).convs[0](images).abs().max() == 256
    assert StyleGAN2Discriminator(8).convs[0](images).abs().max() > 256
    generator = generator_of(fp16_enabled=True)
    torch.nn.init.constant_(generator.conv1.activate.bias, 1e4)
    constant = torch.zeros(1, 512, 4, 4)
    assert generator.conv1(constant, torch.randn(1, 8)).unique().tolist() == [256]


def test_pretrained_weights(tmp_path: Path) -> None:
    source = generator_of()
    states = {f"generator_ema.module.{name}": t + 1 for name, t in source.state_dict().items()}
    file = tmp_path / "published.pth"
    torch.save({"state_dict": states}, file)
    pretrained = {"ckpt_path": str(file), "prefix": "generator_ema.module"}
    generator = generator_of(pretrained=pretrained)
    generator.init_weights()
    for name, tensor in generator.state_dict().items():
        assert torch.equal(tensor, source.state_dict()[name] + 1)
    with pytest.raises(ValueError, match="pretrained has ckpt_path"):
        generator_of(pretrained={"checkpoint": str(file)})


@pytest.mark.parametrize(
    ("styles", "kwargs", "message"),
    [
        (None, {}, "num_batches must be positive"),
        (torch.zeros(2, 7), {}, r"must be \(N, 8\), got \[\(2, 7\)\]"),
        (torch.zeros(8), {}, r"must be \(N, 8\), got \[\(8,\)\]"),
        (torch.zeros(2, 7), {"input_is_latent": True}, r"must be \(N, 8\)"),
        ([torch.zeros(1, 8)] * 2, {"inject_index": 5}, "inject_index must be from 0 to 4"),
    ],
)
def test_wrong_calls(styles: Any, kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        generator_of()(styles, **kwargs)


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="one of mix, single, got 'mixed'"):
        generator_of(default_style_mode="mixed")
    with pytest.raises(ValueError, match="in_size must be a power of two"):
        StyleGAN2Discriminator(48)


def test_no_feature_map_has_more_channels_than_asked_for() -> None:
    generator = StyleGANv2Generator(16, style_channels=8, max_channels=8)
    discriminator = StyleGAN2Discriminator(16, max_channels=8)
    for network in (generator, discriminator):
        assert max(weight.shape[-4] for weight in network.parameters() if weight.ndim >= 4) == 8
    assert discriminator(generator(None, num_batches=4)).shape == (4, 1)
