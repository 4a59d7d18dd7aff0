"""WGAN-GP: widths, norms, losses and settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from mmlight.generative.models import WGANGP, WGANGPDiscriminator, WGANGPGenerator
from mmlight.registry import MODELS
from tests.engine.toys import gan_runner

WGAN: dict[str, Any] = {
    "type": "WGANGP",
    "generator": {
        "type": "WGANGPGenerator",
        "noise_size": 4,
        "out_scale": 8,
        "out_channels": 1,
    },
    "discriminator": {"type": "WGANGPDiscriminator", "in_channel": 1, "in_scale": 8},
}


@pytest.mark.parametrize("scale", [4, 16])
def test_shapes(scale: int) -> None:
    generator = WGANGPGenerator(noise_size=3, out_scale=scale)
    images = generator(torch.randn(2, 3))
    assert images.shape == (2, 3, scale, scale)
    assert images.abs().max() <= 1
    assert WGANGPDiscriminator(in_channel=3, in_scale=scale)(images).shape == (2, 1)


def test_weights_have_the_names_and_shapes_of_openmmlab() -> None:
    weights = WGANGPGenerator(noise_size=3, out_scale=16).state_dict()
    assert weights["noise2feat.linear.weight"].shape == (512 * 16, 3)
    assert weights["conv_blocks.5.conv.weight"].shape == (256, 512, 3, 3)
    assert weights["conv_blocks.6.bn.weight"].shape == (256,)
    assert weights["to_rgb.conv.bias"].shape == (3,)
    weights = WGANGPDiscriminator(in_channel=3, in_scale=16).state_dict()
    assert weights["from_rgb.conv.weight"].shape == (256, 3, 1, 1)
    assert weights["conv_blocks.1.LN2d.weight"].shape == (512, 16, 16)
    assert weights["decision.conv.conv.weight"].shape == (512, 512, 4, 4)
    assert weights["decision.linear.weight"].shape == (1, 512)


def discriminator(**changes: Any) -> WGANGPDiscriminator:
    block = {"kernel_size": 3, "padding": 1, "act_cfg": {"type": "ReLU"}, **changes}
    return WGANGPDiscriminator(in_channel=1, in_scale=8, conv_module_cfg=block)


def test_the_norm_is_one_of_each_image() -> None:
    x = torch.randn(3, 1, 8, 8)
    for norm in ("GN", "LN2d"):
        critic = discriminator(norm_cfg={"type": norm})
        assert f"conv_blocks.0.{norm}.weight" in critic.state_dict()
        torch.testing.assert_close(critic(x)[1:2], critic(x[1:2]))
        features = getattr(critic.conv_blocks[0], norm)(torch.randn(2, 512, 8, 8) * 3 + 1)
        torch.testing.assert_close(features.mean((1, 2, 3)), torch.zeros(2), atol=1e-4, rtol=0)
        torch.testing.assert_close(features.var((1, 2, 3)), torch.ones(2), atol=1e-3, rtol=0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"norm_cfg": {"type": "BN"}}, "LN2d, GN or None, got 'BN'"),
        ({"order": ("norm", "conv", "act")}, "order"),
        ({"conv_cfg": {"type": "Deconv"}}, "conv_cfg"),
    ],
)
def test_what_a_critic_cannot_have(changes: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        discriminator(**changes)


def test_sides_double() -> None:
    with pytest.raises(ValueError, match="got 12"):
        WGANGPGenerator(noise_size=2, out_scale=12)


def test_noise() -> None:
    generator = WGANGPGenerator(noise_size=3, out_scale=4).eval()
    result = generator(torch.ones, num_batches=2, return_noise=True)
    assert torch.equal(result["noise_batch"], torch.ones(2, 3))
    assert torch.equal(result["fake_img"], generator(torch.ones(2, 3)))
    with pytest.raises(ValueError, match="num_batches"):
        generator(None)
    with pytest.raises(ValueError, match=r"\(N, 3\)"):
        generator(torch.ones(2, 3, 1, 1))


def test_losses() -> None:
    model = MODELS.build({**WGAN, "loss_config": {"gp_loss_weight": 50}})
    real, fake = torch.randn(2, 2, 1, 8, 8)
    scores_fake, scores_real = torch.tensor([[1.0], [3.0]]), torch.tensor([[0.0], [5.0]])
    torch.manual_seed(1)
    loss, log_vars = model.disc_loss(real, fake, scores_fake, scores_real)
    share = torch.manual_seed(1) and torch.rand(2, 1, 1, 1)
    between = (share * real + (1 - share) * fake).requires_grad_()
    (slopes,) = torch.autograd.grad(model.discriminator(between).sum(), between)
    penalty = 50 * ((slopes.flatten(1).norm(dim=1) - 1) ** 2).mean()
    torch.testing.assert_close(log_vars["loss_gp"], penalty)
    torch.testing.assert_close(loss, 2.0 - 2.5 + penalty)
    assert model.gen_loss(scores_fake)[0] == -2


def test_unknown_settings() -> None:
    with pytest.raises(ValueError, match="gp_weight"):
        MODELS.build({**WGAN, "loss_config": {"gp_weight": 1}})


def test_it_trains(tmp_path: Path) -> None:
    model = MODELS.build({**WGAN, "discriminator_steps": 2})
    runner = gan_runner(tmp_path, 2, model=model)
    before = {name: value.cpu().clone() for name, value in model.state_dict().items()}
    runner.train()
    assert isinstance(model, WGANGP)
    moved = {name for name, value in model.named_parameters() if not value.equal(before[name])}
    assert {"generator.to_rgb.conv.weight", "discriminator.decision.linear.weight"} <= moved


def test_no_feature_map_has_more_channels_than_asked_for() -> None:
    generator = WGANGPGenerator(noise_size=4, out_scale=16, max_channels=8)
    discriminator = WGANGPDiscriminator(in_channel=3, in_scale=16, max_channels=8)
    for network in (generator, discriminator):
        assert max(len(weight) for weight in network.parameters() if weight.ndim == 4) == 8
    assert discriminator(generator(None, num_batches=2)).shape == (2, 1)
