"""How StyleGAN2 trains: losses, lazy regularisation and its settings."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn.functional import softplus

from mmlight.generative.datasets.data_sample import DataSample
from mmlight.generative.models import StyleGAN2
from mmlight.generative.models.stylegan2.stylegan2 import LossConfig
from mmlight.logging import MessageHub
from mmlight.optim import AmpOptimWrapper, OptimWrapper, OptimWrapperDict
from mmlight.runner import set_random_seed


def model_of(generator: dict | None = None, **changes: Any) -> StyleGAN2:
    torch.manual_seed(0)
    return StyleGAN2(
        generator={
            "type": "StyleGANv2Generator",
            "out_size": 4,
            "style_channels": 8,
            "num_mlps": 1,
            **(generator or {}),
        },
        discriminator={"type": "StyleGAN2Discriminator", "in_size": 4},
        **changes,
    )


def train(model: StyleGAN2, iterations: int, wrapper: type = OptimWrapper) -> list[dict]:
    optimizers = {
        name: wrapper(optimizer=torch.optim.SGD(getattr(model, name).parameters(), lr=1e-3))
        for name in ("generator", "discriminator")
    }
    losses = []
    for done in range(iterations):
        MessageHub.get_current_instance().update_info("iter", done)
        images = torch.randint(0, 256, (4, 3, 4, 4)).float()
        batch = {
            "inputs": list(images),
            "data_samples": [DataSample(gt_img=image) for image in images],
        }
        losses.append(model.train_step(batch, OptimWrapperDict(**optimizers)))
    return losses


def test_regularisers_come_when_it_is_their_turn() -> None:
    model = model_of(loss_config={"r1_interval": 3, "g_reg_interval": 2})
    losses = train(model, 5)
    assert [i for i, one in enumerate(losses) if "loss_r1_gp" in one] == [0, 3]
    assert [i for i, one in enumerate(losses) if "loss_path_regular" in one] == [0, 2, 4]
    assert all(torch.isfinite(value) for one in losses for value in one.values())


def test_never_is_an_interval_too() -> None:
    losses = train(model_of(loss_config={"r1_interval": 0, "g_reg_interval": 0}), 2)
    assert {key for one in losses for key in one} == {
        "loss",
        "loss_disc_fake",
        "loss_disc_real",
        "loss_gen",
    }


def test_losses_are_the_paper_s() -> None:
    model = model_of(loss_config={"r1_interval": 0, "g_reg_interval": 0})
    fake, real = torch.tensor([[1.0], [-2.0]]), torch.tensor([[3.0], [0.5]])
    loss, logged = model.disc_loss(fake, real, torch.zeros(2, 3, 4, 4))
    torch.testing.assert_close(loss, softplus(fake).mean() + softplus(-real).mean())
    assert set(logged) == {"loss", "loss_disc_fake", "loss_disc_real"}
    loss, _ = model.gen_loss(fake, 2)
    torch.testing.assert_close(loss, softplus(-fake).mean())


def test_weights_are_factors_and_their_defaults_have_the_interval_in_them() -> None:
    # gamma / 2 of R1 with gamma = 10, and 2 of the path lengths, times the interval.
    config = LossConfig()
    assert config.r1_loss_weight == 10 / 2 * config.r1_interval
    assert config.g_reg_weight == 2 * config.g_reg_interval
    first = [
        train(model_of(loss_config={"r1_loss_weight": r1, "g_reg_weight": path}), 1)[0]
        for r1, path in ((1.0, 1.0), (5.0, 3.0))
    ]
    one, other = (loss["loss_r1_gp"] for loss in first)
    torch.testing.assert_close(other, 5 * one)
    model = model_of()
    penalties = []
    for weight in (1.0, 3.0):
        set_random_seed(0)  # styles are mixed by Python's generator
        model.mean_path_length.zero_()
        model.losses = LossConfig(g_reg_weight=weight)
        MessageHub.get_current_instance().update_info("iter", 0)
        penalties.append(model.gen_loss(torch.zeros(1, 1), 4)[1]["loss_path_regular"])
    torch.testing.assert_close(penalties[1], 3 * penalties[0])


def test_the_mean_path_length_is_a_part_of_checkpoints() -> None:
    model = model_of(loss_config={"g_reg_interval": 1})
    assert model.state_dict()["mean_path_length"] == 0
    train(model, 1)
    once = model.mean_path_length.item()
    train(model, 1)
    assert 0 < once < model.mean_path_length.item()
    assert not model.mean_path_length.requires_grad


@pytest.mark.parametrize(("shrink", "expected"), [(0, 4), (1, 4), (2, 2), (8, 1)])
def test_fewer_images_for_path_lengths(shrink: int, expected: int) -> None:
    model = model_of(loss_config={"pl_batch_shrink": shrink, "g_reg_interval": 1})
    sizes = []
    model.generator.register_forward_hook(
        lambda module, args, output: sizes.append(
            len(output["fake_img"] if isinstance(output, dict) else output)
        )
    )
    train(model, 1)
    assert sizes == [4, 4, expected]


def test_the_average_is_updated() -> None:
    ema = {"type": "ExponentialMovingAverage", "momentum": 0.5}
    model = model_of(ema_config=ema)
    train(model, 3)
    assert model.generator_ema.steps == 3
    pairs = zip(model.generator.parameters(), model.generator_ema.module.parameters())
    assert any(not torch.equal(one, other) for one, other in pairs)
    assert model({"num_batches": 2, "sample_model": "ema"})[0].fake_img.shape == (3, 4, 4)


@pytest.mark.parametrize("half", [True, False])
def test_mixed_precision_trains(half: bool) -> None:
    model = model_of(
        {"fp16_enabled": half},
        loss_config={"scale_r1_loss": True, "norm_mode": "HWC", "g_reg_interval": 1},
    )
    before = [p.clone() for p in model.parameters()]
    losses = train(model, 2, AmpOptimWrapper)
    assert all(torch.isfinite(value) for one in losses for value in one.values())
    changed = [not torch.equal(a, b) for a, b in zip(before, model.parameters())]
    assert sum(changed) > len(changed) / 2


@pytest.mark.parametrize(
    ("config", "error", "message"),
    [
        ({"r1_intervall": 4}, TypeError, "no 'r1_intervall'. Did you mean 'r1_interval'"),
        ({"norm_mode": "CHW"}, ValueError, "one of pixel, HWC, got 'CHW'"),
        ({"r1_use_apex_amp": True}, ValueError, "Apex, which is not supported"),
        ({"g_reg_use_apex_amp": True}, ValueError, "Apex, which is not supported"),
    ],
)
def test_wrong_settings(config: dict[str, Any], error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        model_of(loss_config=config)
