"""StyleGAN2's layers against their formulas and cases worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from mmlight.generative.models.stylegan2.discriminator import MinibatchStddev
from mmlight.generative.models.stylegan2.generator import PixelNorm
from mmlight.generative.models.stylegan2.layers import (
    Blur,
    EqualizedConv,
    EqualLinear,
    bias_leaky_relu,
    channels_by_size,
    levels_of,
    upfir2d,
)
from mmlight.generative.models.stylegan2.modulation import ModulatedConv, NoiseInjection, ToRGB


def by_hand(x: Tensor, kernel: Tensor, up: int, pad: tuple[int, int]) -> Tensor:
    """Zeros between pixels, padding and true convolution, one number after the other."""
    n, c, h, w = x.shape
    wide = torch.zeros(n, c, h * up + sum(pad), w * up + sum(pad))
    for row in range(h):
        for column in range(w):
            wide[:, :, pad[0] + row * up, pad[0] + column * up] = x[:, :, row, column]
    side = kernel.shape[0]
    out = torch.zeros(n, c, wide.shape[2] - side + 1, wide.shape[3] - side + 1)
    for row in range(out.shape[2]):
        for column in range(out.shape[3]):
            window = wide[:, :, row : row + side, column : column + side]
            out[:, :, row, column] = (window * kernel.flip(0, 1)).sum((2, 3))
    return out


@pytest.mark.parametrize(("up", "pad"), [(1, (0, 0)), (1, (2, 1)), (2, (2, 1)), (3, (0, 2))])
def test_upfir2d(up: int, pad: tuple[int, int]) -> None:
    torch.manual_seed(0)
    x, kernel = torch.randn(2, 3, 5, 4), torch.randn(3, 3)
    torch.testing.assert_close(upfir2d(x, kernel, up, pad), by_hand(x, kernel, up, pad))


def test_a_negative_padding_crops() -> None:
    x = torch.arange(16.0).reshape(1, 1, 4, 4)
    cropped = upfir2d(x, torch.ones(1, 1), pad=(-1, -1))
    assert cropped.flatten().tolist() == [5, 6, 9, 10]


def test_the_blur_kernel_is_the_outer_product_of_sum_one() -> None:
    kernel = Blur((1, 3, 3, 1), pad=(1, 1)).kernel
    line = torch.tensor([1, 3, 3, 1]) / 8
    torch.testing.assert_close(kernel, torch.outer(line, line))
    torch.testing.assert_close(Blur((1, 3, 3, 1), (1, 1), gain=2).kernel, 4 * kernel)


def test_doubling_keeps_the_brightness() -> None:
    image = Blur((1, 3, 3, 1), (2, 1), up=2, gain=2)(torch.ones(1, 1, 8, 8))
    assert image.shape == (1, 1, 16, 16)
    torch.testing.assert_close(image[:, :, 2:-2, 2:-2], torch.ones(1, 1, 12, 12))


@pytest.mark.parametrize("lr_mul", [1.0, 0.01])
def test_equalised_linear(lr_mul: float) -> None:
    torch.manual_seed(0)
    layer = EqualLinear(400, 300, bias=2.0, lr_mul=lr_mul)
    weight = layer.linear.weight_orig
    assert weight.std().item() == pytest.approx(1 / lr_mul, rel=0.02)
    x = torch.randn(5, 400)
    expected = x @ weight.T / math.sqrt(400) * lr_mul + 2.0 * lr_mul
    torch.testing.assert_close(layer(x), expected)
    # A step of Adam, which is as long for all parameters, moves the effective weight lr_mul as
    # far.
    layer(x).sum().backward()
    steps = [group.grad.sign() for group in (layer.bias, weight)]
    moved = nn.utils.vector_to_parameters
    before = layer(x)
    moved(
        torch.cat([(p - 0.1 * s).flatten() for p, s in zip((layer.bias, weight), steps)]),
        (layer.bias, weight),
    )
    change = -0.1 * lr_mul * (x @ steps[1].T / math.sqrt(400) + steps[0])
    torch.testing.assert_close(layer(x) - before, change, rtol=1e-3, atol=1e-5)


def test_equalised_convolution_keeps_the_variance() -> None:
    torch.manual_seed(0)
    layer = EqualizedConv(64, 64, 3)
    assert layer.conv["weight_orig"].std().item() == pytest.approx(1, rel=0.02)
    assert layer(torch.randn(2, 64, 16, 16)).std().item() == pytest.approx(1, rel=0.05)


def test_leaky_rectifier() -> None:
    x = torch.tensor([[[[-3.0, 1.0]], [[0.5, -1.5]]]])
    out = bias_leaky_relu(x, torch.tensor([1.0, -0.5]))
    root = math.sqrt(2)
    expected = torch.tensor([[[[-0.4 * root, 2 * root]], [[0.0, -0.4 * root]]]])
    torch.testing.assert_close(out, expected)


def test_pixel_norm() -> None:
    x = torch.tensor([[3.0, 4.0], [0.0, 0.5]])
    normed = PixelNorm(1e-6)(x)
    torch.testing.assert_close(normed.pow(2).mean(1), torch.ones(2), rtol=1e-4, atol=0)
    assert PixelNorm(1e-6)(torch.zeros(1, 2)).tolist() == [[0, 0]]


def modulated(conv: ModulatedConv, x: Tensor, style: Tensor) -> Tensor:
    """The paper's equations 1 and 3, an image after the other."""
    images = []
    for image, s in zip(x, conv.style_modulation(style)):
        weight = conv.weight_orig[0] * conv.scale * s[None, :, None, None]
        if conv.demodulate:
            weight = weight / (weight.pow(2).sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
        if conv.upsample:
            weight = weight.transpose(0, 1)
            image = functional.conv_transpose2d(image[None], weight, stride=2)
            images.append(conv.blur(image))
        else:
            images.append(functional.conv2d(image[None], weight, padding=conv.padding))
    return torch.cat(images)


@pytest.mark.parametrize("upsample", [False, True])
@pytest.mark.parametrize("demodulate", [False, True])
def test_modulated_convolution(upsample: bool, demodulate: bool) -> None:
    torch.manual_seed(0)
    conv = ModulatedConv(5, 4, 3, 6, demodulate=demodulate, upsample=upsample)
    x, style = torch.randn(3, 5, 8, 8), torch.randn(3, 6)
    out = conv(x, style)
    assert out.shape == (3, 4, 16, 16) if upsample else (3, 4, 8, 8)
    torch.testing.assert_close(out, modulated(conv, x, style), rtol=1e-4, atol=1e-5)


def test_modulated_convolution_in_half_precision() -> None:
    torch.manual_seed(0)
    conv = ModulatedConv(8, 8, 3, 4, half=True)
    whole = ModulatedConv(8, 8, 3, 4)
    x, style = torch.randn(2, 8, 8, 8), 100 * torch.randn(2, 4)
    with torch.autocast("cpu"):
        out = conv(x, style)
    assert out.dtype == torch.bfloat16
    # The largest of each column of the kernels, and of each style, is made one.
    weight = conv.weight_orig.detach()
    largest = weight.abs().amax((1, 2, 3), keepdim=True)
    whole.load_state_dict({**conv.state_dict(), "weight_orig": weight / largest})
    expected = whole(x, style / style.abs().amax(1, keepdim=True))
    torch.testing.assert_close(out.float(), expected, rtol=0.05, atol=0.05)


def test_demodulation_takes_out_the_strength_of_a_style() -> None:
    torch.manual_seed(0)
    conv = ModulatedConv(8, 8, 3, 4)
    nn.init.zeros_(conv.style_modulation.bias)
    x, style = torch.randn(1, 8, 8, 8), torch.randn(1, 4)
    torch.testing.assert_close(conv(x, 3 * style), conv(x, style), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("kernel", [(1, 3, 3, 1), (1, 2, 1), (1, 1)])
def test_any_blur_kernel_doubles_exactly(kernel: tuple[float, ...]) -> None:
    conv = ModulatedConv(2, 3, 3, 4, upsample=True, blur_kernel=kernel)
    assert conv(torch.randn(1, 2, 8, 8), torch.randn(1, 4)).shape == (1, 3, 16, 16)
    to_rgb = ToRGB(2, 3, 4, kernel)
    image = to_rgb(torch.randn(1, 2, 8, 8), torch.randn(1, 4), torch.randn(1, 3, 4, 4))
    assert image.shape == (1, 3, 8, 8)


def test_noise_is_one_number_a_pixel_by_a_learned_strength() -> None:
    torch.manual_seed(0)
    layer, x = NoiseInjection(), torch.randn(2, 5, 4, 4)
    assert torch.equal(layer(x), x)
    nn.init.constant_(layer.weight, 2.0)
    noise = torch.randn(1, 1, 4, 4)
    torch.testing.assert_close(layer(x, noise), x + 2 * noise)
    added = layer(x) - x
    assert added[:, :1].expand_as(added).allclose(added, atol=1e-5)
    assert not added[0].allclose(added[1])


def test_minibatch_stddev() -> None:
    torch.manual_seed(0)
    x = torch.randn(4, 6, 3, 3)
    out = MinibatchStddev(group_size=2, channel_groups=3)(x)
    assert out.shape == (4, 9, 3, 3)
    assert torch.equal(out[:, :6], x)
    # Groups of every second image; a channel for each third of the features.
    for image in range(4):
        group = x[image % 2 :: 2]
        for third in range(3):
            part = group[:, 2 * third : 2 * third + 2]
            spread = (part.var(0, unbiased=False) + 1e-8).sqrt().mean().item()
            torch.testing.assert_close(out[image, 6 + third], torch.full((3, 3), spread))


def test_minibatch_stddev_of_uneven_groups() -> None:
    assert MinibatchStddev(4)(torch.randn(3, 2, 4, 4)).shape == (3, 3, 4, 4)
    with pytest.raises(ValueError, match=r"group_size=4 of mbstd_cfg.*got 6 images"):
        MinibatchStddev(4)(torch.randn(6, 2, 4, 4))


def test_sizes() -> None:
    channels = channels_by_size(2)
    assert [channels[size] for size in (4, 32, 64, 256, 1024)] == [512, 512, 512, 128, 32]
    assert channels_by_size(1)[64] == 256
    assert levels_of(4, "in_size") == 2
    for size in (2, 12, 2048):
        with pytest.raises(ValueError, match=f"out_size must be a power of two .* got {size}"):
            levels_of(size, "out_size")
