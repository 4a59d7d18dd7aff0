"""The gradient penalty: critics whose slope is known."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mmlight.generative.models.losses import gradient_penalty_loss


@pytest.mark.parametrize("slope", [0.0, 1.0, 3.0])
def test_of_a_linear_critic(slope: float) -> None:
    torch.manual_seed(0)
    direction = torch.randn(1, 3, 4, 4)
    direction /= direction.norm()
    real, fake = torch.randn(2, 5, 3, 4, 4)

    def critic(x: Tensor) -> Tensor:
        return (slope * direction * x).sum((1, 2, 3))

    penalty = gradient_penalty_loss(critic, real, fake, norm_mode="HWC")
    torch.testing.assert_close(penalty, torch.tensor((slope - 1) ** 2))
    of_pixels = slope * direction.norm(dim=1)
    penalty = gradient_penalty_loss(critic, real, fake, norm_mode="pixel")
    torch.testing.assert_close(penalty, ((of_pixels - 1) ** 2).mean())


def test_it_looks_between_the_images() -> None:
    seen = []

    def critic(x: Tensor) -> Tensor:
        seen.append(x.detach())
        return x.sum((1, 2, 3))

    gradient_penalty_loss(critic, torch.ones(64, 1, 2, 2), torch.zeros(64, 1, 2, 2))
    (between,) = seen
    assert between.flatten(1).std(1).max() == 0  # one random share for each image
    assert between.min() >= 0 and between.max() <= 1
    assert between.std() == pytest.approx(12**-0.5, abs=0.1)


def test_it_trains_the_critic() -> None:
    critic = torch.nn.Conv2d(1, 1, 2, bias=False)
    for weight in critic.parameters():
        torch.nn.init.ones_(weight)  # the slope of each image is 2
    real, fake = torch.randn(2, 3, 1, 2, 2)
    gradient_penalty_loss(critic, real, fake, norm_mode="HWC").backward()
    # d (|w| - 1)^2 / dw = 2 (|w| - 1) w / |w| = 1
    torch.testing.assert_close(critic.weight.grad, torch.ones(1, 1, 2, 2))


def test_an_unknown_mode() -> None:
    with pytest.raises(ValueError, match="pixel, HWC"):
        gradient_penalty_loss(torch.sum, torch.ones(1, 1, 1, 1), torch.ones(1, 1, 1, 1), "CHW")
