"""Patches: what a score sees, and how networks start by a gain."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmlight.generative.models import PatchDiscriminator
from mmlight.model import initialize


def test_a_score_sees_seventy_pixels() -> None:
    model = PatchDiscriminator(1, base_channels=4, norm_cfg={"type": "BN"}).eval()
    image = torch.zeros(1, 1, 256, 256, requires_grad=True)
    scores = model(image)
    assert scores.shape == (1, 1, 30, 30)
    scores[0, 0, 15, 15].backward()
    rows = image.grad[0, 0].abs().sum(1).nonzero().flatten()
    assert rows.max() - rows.min() + 1 == 70


@pytest.mark.parametrize(("norm", "biased"), [("BN", False), ("IN", True)])
def test_convolutions_before_an_instance_norm_have_a_bias(norm: str, biased: bool) -> None:
    model = PatchDiscriminator(3, 4, num_conv=2, norm_cfg={"type": norm})
    convs = [module for module in model.modules() if isinstance(module, nn.Conv2d)]
    assert [conv.bias is not None for conv in convs] == [True, biased, biased, True]
    assert [conv.out_channels for conv in convs] == [4, 8, 16, 1]
    assert [conv.stride[0] for conv in convs] == [2, 2, 1, 1]


def test_no_convolution_is_refused() -> None:
    with pytest.raises(ValueError, match="num_conv must be at least 1, got 0"):
        PatchDiscriminator(3, num_conv=0)


@pytest.mark.parametrize(
    ("kind", "std"),
    [
        ("normal", 0.1),
        ("xavier", 0.1 * (2 / ((64 + 128) * 9)) ** 0.5),
        ("kaiming", (2 / (64 * 9)) ** 0.5),
        ("orthogonal", 0.1 * (1 / (64 * 9)) ** 0.5),
    ],
)
def test_gain(kind: str, std: float) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(64, 128, 3), nn.BatchNorm2d(128), nn.InstanceNorm2d(128))
    initialize(net, {"type": kind, "gain": 0.1})
    assert net[0].weight.std().item() == pytest.approx(std, rel=0.02)
    assert net[1].weight.mean().item() == pytest.approx(1, abs=0.03)
    assert net[1].weight.std().item() == pytest.approx(0.1, rel=0.2)
    assert not net[0].bias.any() and not net[1].bias.any()


def test_weights_of_the_discriminator_may_come_from_a_file(tmp_path) -> None:
    one = PatchDiscriminator(3, 4)
    one.init_weights()
    torch.save(one.state_dict(), tmp_path / "disc.pth")
    checkpoint = str(tmp_path / "disc.pth")
    two = PatchDiscriminator(3, 4, init_cfg={"type": "Pretrained", "checkpoint": checkpoint})
    two.init_weights()
    assert torch.equal(two.model[0].conv.weight, one.model[0].conv.weight)
