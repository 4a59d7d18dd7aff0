"""draw_featmap: every reduction and arrangement."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmlight.visualization import Visualizer

draw = Visualizer.draw_featmap
BLUE, RED = [0, 0, 128], [128, 0, 0]


@pytest.fixture
def featmap() -> torch.Tensor:
    """Channel i is 0 but for the value i in its left half."""
    featmap = torch.zeros(6, 10, 12)
    featmap[:, :, :6] = torch.arange(6.0)[:, None, None]
    return featmap


def test_the_mean_of_all_channels(featmap: torch.Tensor) -> None:
    image = draw(featmap)
    assert image.shape == (10, 12, 3) and image.dtype == np.uint8
    assert (image[:, :6] == RED).all() and (image[:, 6:] == BLUE).all()


def test_the_strongest_channel(featmap: torch.Tensor) -> None:
    featmap[5] = featmap[5].flip(1)
    image = draw(featmap, channel_reduction="select_max")
    assert (image[:, :6] == BLUE).all() and (image[:, 6:] == RED).all()


def test_channels_as_they_are(featmap: torch.Tensor) -> None:
    for count in (1, 3):
        image = draw(featmap[-count:], channel_reduction=None, topk=-1)
        assert image.shape == (10, 12, 3)


def test_several_channels_in_order_of_their_strength(featmap: torch.Tensor) -> None:
    featmap = torch.nn.functional.interpolate(featmap[None], (60, 80))[0]
    image = draw(featmap, channel_reduction=None, topk=4, arrangement=(2, 3))
    assert image.shape == (120, 240, 3)
    cells = [
        image[row : row + 60, column : column + 80] for row in (0, 60) for column in (0, 80, 160)
    ]
    for cell in cells[:4]:
        assert (cell[50, 60] == BLUE).all() and (cell[50, 10] == RED).all()
    assert (cells[4] == 255).all() and (cells[5] == 255).all()


def test_an_image_is_blended_in_at_its_own_size(featmap: torch.Tensor) -> None:
    below = np.full((20, 24, 3), 200, dtype=np.uint8)
    with pytest.warns(UserWarning, match="is interpolated"):
        image = draw(featmap, below, alpha=0.0)
    assert np.array_equal(image, below)
    with pytest.warns(UserWarning, match="is interpolated"):
        grey = draw(featmap, below[..., 0], alpha=0.25)
    assert (grey[:, -1] == (150, 150, 182)).all()


def test_resize_shape(featmap: torch.Tensor) -> None:
    assert draw(featmap, resize_shape=(20, 30)).shape == (20, 30, 3)
    below = np.zeros((10, 12, 3), dtype=np.uint8)
    assert draw(featmap, below, resize_shape=(20, 30)).shape == (20, 30, 3)
    image = draw(featmap, channel_reduction=None, topk=2, arrangement=(1, 2), resize_shape=(20, 30))
    assert image.shape == (20, 60, 3)


def test_a_tensor_that_requires_grad(featmap: torch.Tensor) -> None:
    assert draw(featmap.requires_grad_()).shape == (10, 12, 3)


@pytest.mark.parametrize(
    ("change", "options", "error", "message"),
    [
        (lambda f: f.numpy(), {}, AssertionError, "featmap must be a"),
        (lambda f: f[None], {}, AssertionError, r"shape \(C, H, W\), but got \(1, 6, 10, 12\)"),
        (lambda f: f, {"channel_reduction": "max"}, AssertionError, "but got 'max'"),
        (lambda f: f, {"channel_reduction": None, "topk": 0}, AssertionError, "1 or 3 channels"),
        (
            lambda f: f,
            {"channel_reduction": None, "topk": 6, "arrangement": (2, 2)},
            AssertionError,
            "fewer places than topk=6",
        ),
        (lambda f: f, {"channel_reduction": None, "arrangement": 3}, TypeError, "rows, columns"),
        (
            lambda f: f,
            {"overlaid_image": np.zeros((3, 3))},
            AssertionError,
            "overlaid_image must be of type uint8, but got float64",
        ),
        (
            lambda f: f,
            {"overlaid_image": np.zeros((3, 3, 4), np.uint8)},
            AssertionError,
            "overlaid_image must have the shape",
        ),
        (
            lambda f: f,
            {"overlaid_image": torch.zeros(3, 3)},
            TypeError,
            "overlaid_image must be of type ndarray, but got Tensor",
        ),
        (lambda f: f, {"resize_shape": 10}, TypeError, r"resize_shape must be \(height, width\)"),
        (
            lambda f: f,
            {"resize_shape": (10,)},
            TypeError,
            r"resize_shape must be \(height, width\)",
        ),
        (
            lambda f: f,
            {"channel_reduction": None, "topk": "a"},
            TypeError,
            "topk must be of type int",
        ),
    ],
)
def test_what_is_refused(featmap: torch.Tensor, change, options, error, message) -> None:
    with pytest.raises(error, match=message):
        draw(change(featmap), **options)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.int32, torch.uint8, torch.bool])
@pytest.mark.parametrize("reduction", ["squeeze_mean", "select_max", None])
def test_features_of_any_type(dtype: torch.dtype, reduction: str | None) -> None:
    featmap = torch.arange(2 * 4 * 6).reshape(2, 4, 6).to(dtype)
    drawn = Visualizer.draw_featmap(featmap, channel_reduction=reduction, topk=2)
    expected = Visualizer.draw_featmap(featmap.float(), channel_reduction=reduction, topk=2)
    assert np.array_equal(drawn, expected)
