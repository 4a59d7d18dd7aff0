"""GAN losses against their formulas."""

from __future__ import annotations

import math

import pytest
import torch

from mmlight.generative.models import GANLoss

SCORES = torch.tensor([2.0, -1.0])
SIGMOID = [1 / (1 + math.exp(-2.0)), 1 / (1 + math.exp(1.0))]


@pytest.mark.parametrize(
    ("kind", "real", "fake"),
    [
        (
            "vanilla",
            -(math.log(SIGMOID[0]) + math.log(SIGMOID[1])) / 2,
            -(math.log(1 - SIGMOID[0]) + math.log(1 - SIGMOID[1])) / 2,
        ),
        ("lsgan", (1 + 4) / 2, (4 + 1) / 2),
        ("l1", (1 + 2) / 2, (2 + 1) / 2),
        ("wgan", -0.5, 0.5),
        ("hinge", (0 + 2) / 2, (3 + 0) / 2),
    ],
)
def test_loss_of_a_discriminator(kind: str, real: float, fake: float) -> None:
    loss = GANLoss(kind, loss_weight=7.0)  # a discriminator's loss has no weight
    assert loss(SCORES, True, is_disc=True).item() == pytest.approx(real)
    assert loss(SCORES, False, is_disc=True).item() == pytest.approx(fake)


def test_loss_of_a_generator_is_weighted() -> None:
    assert GANLoss("lsgan", loss_weight=2.0)(SCORES, True).item() == pytest.approx(5.0)
    assert GANLoss("wgan", loss_weight=2.0)(SCORES, False).item() == pytest.approx(1.0)
    for real in (True, False):  # a generator has no margin
        assert GANLoss("hinge", loss_weight=2.0)(SCORES, real).item() == pytest.approx(-1.0)


def test_labels() -> None:
    loss = GANLoss("lsgan", real_label_val=0.5, fake_label_val=-1.0)
    assert loss(SCORES, True).item() == pytest.approx((1.5**2 + 1.5**2) / 2)
    assert loss(SCORES, False).item() == pytest.approx((9 + 0) / 2)
    with pytest.warns(UserWarning, match="no effect with gan_type='hinge'"):
        GANLoss("hinge", real_label_val=0.9)


def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(NotImplementedError, match=r"'hing'.*Did you mean 'hinge'"):
        GANLoss("hing")
