"""R1 and path length regularisation against their formulas."""

from __future__ import annotations

import pytest
import torch

from mmlight.generative.models.stylegan2.regularisers import path_lengths, path_penalty, r1_penalty


def test_r1_of_a_known_slope() -> None:
    # The gradient of sum(x^2) / 2 is x.
    images = torch.randn(3, 2, 4, 4)

    def score(x: torch.Tensor) -> torch.Tensor:
        return x.pow(2).sum((1, 2, 3))[:, None] / 2

    squares = images.pow(2)
    assert r1_penalty(score, images, "HWC").item() == pytest.approx(
        squares.sum((1, 2, 3)).mean().item()
    )
    assert r1_penalty(score, images, "pixel").item() == pytest.approx(squares.sum(1).mean().item())


def test_r1_trains_the_discriminator_and_not_the_images() -> None:
    slope = torch.tensor([3.0], requires_grad=True)
    images = torch.ones(2, 1, 2, 2)
    r1_penalty(lambda x: slope * x.sum((1, 2, 3))[:, None], images, "HWC").backward()
    assert slope.grad is not None
    assert slope.grad.item() == 2 * 3 * 4  # of 4 pixels times 3 squared
    assert not images.requires_grad


def test_a_scale_keeps_small_slopes_and_does_not_change_r1() -> None:
    images = torch.ones(2, 1, 2, 2)

    def score(x: torch.Tensor) -> torch.Tensor:
        # In half precision, a slope of 1e-9 is none.
        return (x.half() * 0.25).sum((1, 2, 3))[:, None].float() * 1e-8

    assert r1_penalty(score, images, "HWC") == 0
    scaled = r1_penalty(score, images, "HWC", lambda t: t * 1e6)
    assert scaled.item() == pytest.approx(4 * 0.25e-8**2, rel=1e-2)


def test_path_lengths_of_a_linear_generator() -> None:
    torch.manual_seed(0)
    matrix = torch.randn(3, 4, 5, 6)  # layers and styles to pixels, of one channel
    latents = torch.randn(2, 3, 4, requires_grad=True)
    images = torch.einsum("nls,lshw->nhw", latents, matrix)[:, None]
    torch.manual_seed(1)
    lengths = path_lengths(images, latents)
    torch.manual_seed(1)
    noise = torch.randn(2, 1, 5, 6)[:, 0] / 30**0.5
    jacobian = torch.einsum("nhw,lshw->nls", noise, matrix)
    expected = jacobian.norm(dim=2).pow(2).mean(1).sqrt()
    torch.testing.assert_close(lengths, expected)


def test_the_penalty_is_the_spread_around_a_slow_mean() -> None:
    lengths = torch.tensor([2.0, 4.0], requires_grad=True)
    penalty, mean = path_penalty(lengths, torch.tensor(1.0))
    assert mean.item() == pytest.approx(1 + 0.01 * 2)
    assert penalty.item() == pytest.approx((0.98**2 + 2.98**2) / 2)
    penalty.backward()
    # The mean depends on the lengths too.
    differences = torch.tensor([0.98, 2.98])
    torch.testing.assert_close(lengths.grad, differences - 0.01 * differences.mean())
