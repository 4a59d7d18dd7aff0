"""The networks of SinGAN: widths, weights, the pyramid of images."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from mmlight.generative.models import SinGANMultiScaleDiscriminator, SinGANMultiScaleGenerator

SIZES = [(12, 14), (16, 18), (20, 24)]


def generator(num_scales: int = 2, **kwargs: Any) -> SinGANMultiScaleGenerator:
    torch.manual_seed(0)
    return SinGANMultiScaleGenerator(3, 3, num_scales, **kwargs)


def noises() -> list[Tensor]:
    first, *others = SIZES
    return [torch.randn(1, 1, *first), *(torch.zeros(1, 3, *size) for size in others)]


def widths(network: nn.Module) -> list[int]:
    return [block.head.conv.out_channels for block in network.blocks]


@pytest.mark.parametrize(
    "network", [generator(9), SinGANMultiScaleDiscriminator(3, 9)], ids=["generator", "critic"]
)
def test_every_fourth_scale_is_twice_as_wide(network: nn.Module) -> None:
    assert widths(network) == [32] * 4 + [64] * 4 + [128] * 2


def test_layers_of_a_scale_halve_their_channels() -> None:
    (block, _) = generator(1, base_channels=16, min_feat_channels=4, num_layers=6).blocks
    convs = [module for module in block.modules() if isinstance(module, nn.Conv2d)]
    assert [conv.out_channels for conv in convs] == [16, 8, 4, 4, 4, 3]


def test_names_are_those_of_openmmlab() -> None:
    names = set(SinGANMultiScaleDiscriminator(3, 1).state_dict())
    assert {
        "blocks.0.head.conv.weight",
        "blocks.1.body.block3.bn.running_var",
        "blocks.1.tail.conv.bias",
    } <= names
    assert "blocks.0.head.conv.bias" not in names


def test_weights_start_as_in_the_paper() -> None:
    for name, value in generator().state_dict().items():
        if name.endswith("conv.weight"):
            assert value.std().item() == pytest.approx(0.02, rel=0.1), name
            assert value.mean().item() == pytest.approx(0, abs=0.003), name


def test_a_scale_starts_with_the_weights_of_the_one_before() -> None:
    net = generator(4)
    for scale in range(5):
        nn.init.constant_(net.blocks[scale].tail.conv.bias, scale + 1)
    net.blocks[0].head.bn.running_mean += 7
    net.check_and_load_prev_weight(0)
    for scale in range(1, 5):
        net.check_and_load_prev_weight(scale)
    # The fifth is wider, so that it cannot.
    assert [block.tail.conv.bias[0].item() for block in net.blocks] == [1, 1, 1, 1, 5]
    assert net.blocks[1].head.bn.running_mean[0].item() == 7


def test_scores_lie_where_the_patch_lies_in_the_image() -> None:
    scores = SinGANMultiScaleDiscriminator(3, 0)(torch.zeros(1, 3, 20, 24), 0)
    assert scores.shape == (1, 1, 10, 14)  # five kernels of 3 pixels see patches of 11


@pytest.mark.parametrize("padding", [0, 1])
def test_sizes_are_those_of_the_noises(padding: int) -> None:
    made = generator(padding=padding)(
        torch.zeros(1, 3, *SIZES[0]), noises(), [1, 1, 1], "rand", 2, 2, get_prev_res=True
    )
    images = [*made["prev_res_list"], made["fake_img"]]
    assert [tuple(image.shape) for image in images] == [(2, 3, *size) for size in SIZES]


def test_a_scale_adds_to_the_enlarged_image_of_the_one_before() -> None:
    net = generator()
    for block in net.blocks:  # whatever comes in, it adds the tanh of its bias
        nn.init.zeros_(block.tail.conv.weight)
        nn.init.constant_(block.tail.conv.bias, 0.25)
    start = torch.rand(1, 3, *SIZES[0])
    added = torch.tensor(0.25).tanh()
    expected = start + added
    for size in SIZES[1:]:
        expected = interpolate(expected, size, mode="bicubic", align_corners=True) + added
    torch.testing.assert_close(net(start, noises(), [1, 1, 1], "recon", 2), expected)


class Seen(nn.Module):
    """Adds nothing, and remembers what it was given."""

    def forward(self, x: Tensor) -> Tensor:
        self.seen = x
        return torch.zeros_like(x[..., 5:-5, 5:-5])


def test_noise_is_weighed_and_padded_with_the_image() -> None:
    net = generator(0)
    net.blocks[0] = Seen()
    image, noise = torch.rand(1, 3, 4, 6), torch.randn(1, 1, 4, 6)
    net(image, [noise], [0.5], "recon", 0)
    seen = net.blocks[0].seen
    torch.testing.assert_close(seen[..., 5:-5, 5:-5], image + 0.5 * noise)
    assert seen.shape == (1, 3, 14, 16)
    assert not seen[..., :5, :].any() and not seen[..., -5:].any()


def test_modes() -> None:
    net, start, fixed = generator(), torch.zeros(1, 3, *SIZES[0]), noises()
    learnt = [net(start, fixed, [1, 1, 1], "recon", 2) for _ in range(2)]
    new = [net(start, fixed, [1, 1, 1], "rand", 2) for _ in range(2)]
    assert torch.equal(*learnt) and not torch.equal(*new)
    with pytest.raises(ValueError, match="Did you mean 'recon'"):
        net(start, fixed, [1, 1, 1], "recom", 2)


def test_only_the_scale_that_trains_gets_gradients() -> None:
    net = generator()
    net(torch.zeros(1, 3, *SIZES[0]), noises(), [1, 1, 1], "rand", 1).sum().backward()
    trained = [block.head.conv.weight.grad is not None for block in net.blocks]
    assert trained == [False, True, False]


@pytest.mark.parametrize(
    ("arguments", "words"), [({"num_layers": 2}, "at least 3"), ({"kernel_size": 4}, "odd")]
)
def test_bad_arguments(arguments: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        generator(**arguments)
