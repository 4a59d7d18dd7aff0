"""PGGAN: its layers, its schedule, growing and resuming, against the paper's formulas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch.nn.functional import avg_pool2d, interpolate

from mmlight.generative.models import (
    PGGANDiscriminator,
    PGGANGenerator,
    ProgressiveGrowingGAN,
    ScaleSchedule,
)
from mmlight.generative.models.pggan.layers import (
    EqualizedConv2d,
    EqualizedDownConv2d,
    EqualizedUpConv2d,
    MiniBatchStddevLayer,
)
from mmlight.runner import Runner

SMALL: dict[str, Any] = {"base_channels": 32, "max_channels": 16}


def test_equalised_learning_rate() -> None:
    layer = EqualizedConv2d(4, 8, 3)
    x = torch.randn(2, 4, 5, 5)
    weight = layer.weight_orig * (2 / (4 * 9)) ** 0.5
    torch.testing.assert_close(layer(x), torch.nn.functional.conv2d(x, weight, padding=1))
    torch.manual_seed(0)
    assert EqualizedConv2d(64, 64, 3).weight_orig.std().item() == pytest.approx(1, rel=0.02)


def test_fused_layers_do_what_two_do() -> None:
    x = torch.randn(2, 4, 8, 8)
    down = EqualizedDownConv2d(4, 6, 3)
    apart = avg_pool2d(EqualizedConv2d.forward(down, x), 2)
    torch.testing.assert_close(down(x), apart)
    up = EqualizedUpConv2d(4, 6)
    kernel = up.weight_orig.transpose(0, 1).flip(2, 3) * (2 / (6 * 9)) ** 0.5
    grown = interpolate(x, scale_factor=2)
    torch.testing.assert_close(up(x), torch.nn.functional.conv2d(grown, kernel, padding=1))


def test_minibatch_standard_deviation() -> None:
    x = torch.randn(8, 3, 2, 2)
    channel = MiniBatchStddevLayer(group_size=4)(x)[:, 3]
    for start in (0, 1):
        expected = x[start::2].std(0, unbiased=False).mean()
        torch.testing.assert_close(channel[start::2], expected.expand(4, 2, 2))
    assert MiniBatchStddevLayer(4)(x[:3]).shape == (3, 4, 2, 2)
    with pytest.raises(ValueError, match="got 6"):
        MiniBatchStddevLayer(4)(x[:6])


@pytest.mark.parametrize("weight", [0.0, 0.25, 1.0])
def test_fade_in(weight: float) -> None:
    generator, noise = PGGANGenerator(4, 16, **SMALL), torch.randn(4, 4)
    small, large = (generator(noise, curr_scale=scale) for scale in (4, 8))
    mixed = generator(noise, curr_scale=8, transition_weight=weight)
    grown = interpolate(small, scale_factor=2)
    torch.testing.assert_close(mixed, (1 - weight) * grown + weight * large)
    discriminator = PGGANDiscriminator(16, **SMALL)
    if weight == 0:  # then the scale before is all that counts
        scores = discriminator(grown, curr_scale=8, transition_weight=0.0)
        torch.testing.assert_close(scores, discriminator(small, curr_scale=4))


def test_names_and_shapes_of_the_largest() -> None:
    weights = PGGANGenerator(noise_size=512, out_scale=1024).state_dict()
    assert weights["noise2feat.linear.weight_orig"].shape == (8192, 512)
    assert weights["conv_blocks.15.conv.weight_orig"].shape == (32, 16, 3, 3)
    assert weights["torgb_layers.8.conv.weight_orig"].shape == (3, 16, 1, 1)
    weights = PGGANDiscriminator(in_scale=1024).state_dict()
    assert weights["conv_blocks.16.conv.weight_orig"].shape == (32, 16, 3, 3)
    assert weights["decision.linear0.weight_orig"].shape == (512, 8208)


def test_schedule() -> None:
    schedule = ScaleSchedule({4: 0.5, 8: 1, 16: 1}, transition_kimgs=0.5)
    seen = []
    for _ in range(12):
        schedule.begin_step()
        seen.append((schedule.scale, schedule.weight))
        schedule.end_step(250)
    assert seen[:2] == [(4, 1.0)] * 2
    assert seen[2:6] == [(8, 0.0), (8, 0.5), (8, 1.0), (8, 1.0)]
    assert seen[6:9] == [(16, 0.0), (16, 0.5), (16, 1.0)]
    assert seen[-1] == (16, 1.0)
    with pytest.raises(ValueError, match="growing scales"):
        ScaleSchedule({8: 1, 4: 1}, 1)


def config(work_dir: Path, images: Path, max_iters: int, **changes: Any) -> dict[str, Any]:
    adam = {"optimizer": {"type": "Adam", "lr": 1e-3, "betas": (0.0, 0.99)}}
    pipeline = [
        {"type": "LoadImageFromFile", "key": "gt"},
        {"type": "Flip", "keys": "gt", "direction": "horizontal"},
        {"type": "PackInputs"},
    ]
    return {
        "model": {
            "type": "ProgressiveGrowingGAN",
            "generator": {"type": "PGGANGenerator", "noise_size": 4, "out_scale": 8, **SMALL},
            "discriminator": {"type": "PGGANDiscriminator", "in_scale": 8, **SMALL},
            "nkimgs_per_scale": {"4": 0.01, "8": 0.02},
            "transition_kimgs": 0.02,
            "ema_config": {"interval": 1},
        },
        "work_dir": str(work_dir),
        "train_dataloader": {
            "batch_size": 4,
            "num_workers": 0,
            "sampler": {"type": "InfiniteSampler", "shuffle": True},
            "dataset": {
                "type": "GrowScaleImgDataset",
                "data_roots": {"4": str(images / "4"), "8": str(images / "8")},
                "gpu_samples_base": 4,
                "gpu_samples_per_scale": {"8": 2},
                "len_per_stage": -1,
                "pipeline": pipeline,
            },
        },
        "train_cfg": {"type": "IterBasedTrainLoop", "max_iters": max_iters},
        "optim_wrapper": {
            "constructor": "PGGANOptimWrapperConstructor",
            "generator": adam,
            "discriminator": adam,
        },
        "custom_hooks": [{"type": "PGGANFetchDataHook"}],
        "default_hooks": {
            "checkpoint": {"type": "CheckpointHook", "interval": 1, "by_epoch": False}
        },
        "randomness": {"seed": 3},
        "default_scope": "mmagic",
        **changes,
    }


@pytest.fixture
def images(tmp_path: Path) -> Path:
    generator = torch.Generator().manual_seed(0)
    for side in (4, 8):
        (tmp_path / str(side)).mkdir()
        for index in range(6):
            pixels = torch.randint(0, 255, (side, side, 3), generator=generator)
            image = Image.fromarray(pixels.to(torch.uint8).numpy())
            image.save(tmp_path / str(side) / f"{index}.png")
    return tmp_path


@pytest.mark.parametrize("stop", [2, 5])
def test_resumed_within_a_scale_to_the_same_bits(images: Path, stop: int) -> None:
    whole = Runner(**config(images / "whole", images, 7))
    whole.train()
    Runner(**config(images / "parts", images, stop)).train()
    parts = Runner(**config(images / "parts", images, 7, resume=True))
    parts.train()
    assert whole.model.curr_scale == parts.model.curr_scale == (8, 8)
    assert 0 < whole.model._curr_transition_weight < 1
    expected = whole.model.state_dict()
    for name, value in parts.model.state_dict().items():
        assert torch.equal(value, expected[name]), name


def test_samples_are_of_the_scale_that_was_reached(images: Path) -> None:
    runner = Runner(**config(images / "run", images, 2))
    model = runner.model
    assert isinstance(model, ProgressiveGrowingGAN)
    assert model({"num_batches": 1})[0].fake_img.shape == (3, 8, 8)
    runner.train()
    assert model({"num_batches": 1})[0].fake_img.shape == (3, 4, 4)
    larger = model({"num_batches": 1, "sample_kwargs": {"curr_scale": 8}})
    assert larger[0].fake_img.shape == (3, 8, 8)


def test_scales_must_be_the_generators() -> None:
    with pytest.raises(ValueError, match=r"nkimgs_per_scale has \[32\]"):
        ProgressiveGrowingGAN(PGGANGenerator(4, 16, **SMALL), nkimgs_per_scale={"4": 1, "32": 1})
