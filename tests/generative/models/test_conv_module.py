"""ConvModule: the names of its children, its bias and how it starts."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from mmlight.generative.models.conv_module import ConvModule


@pytest.mark.parametrize(
    ("norm", "name"),
    [
        ({"type": "BN"}, "bn"),
        ({"type": "SyncBN"}, "bn"),
        ({"type": "IN", "affine": True}, "in"),
        ({"type": "GN", "num_groups": 2}, "gn"),
    ],
)
def test_a_norm_has_the_name_that_openmmlab_gives_it(norm: dict, name: str) -> None:
    block = ConvModule(3, 4, 1, norm_cfg=norm)
    assert {"conv.weight", f"{name}.weight", f"{name}.bias"} <= set(block.state_dict())
    assert block.conv.bias is None
    assert ConvModule(3, 4, 1, norm_cfg=norm, bias=True).conv.bias is not None


def test_the_norm_comes_between_convolution_and_activation() -> None:
    block = ConvModule(2, 4, 1, norm_cfg={"type": "GN", "num_groups": 4}, act_cfg={"type": "ReLU"})
    x = torch.randn(2, 2, 5, 5)
    expected = torch.nn.functional.group_norm(block.conv(x), 4).relu()
    torch.testing.assert_close(block(x), expected)


@pytest.mark.parametrize(
    ("act", "gain"),
    [
        (None, math.sqrt(2)),
        ({"type": "Tanh"}, math.sqrt(2)),
        ({"type": "LeakyReLU"}, math.sqrt(2 / (1 + 0.01**2))),
        ({"type": "LeakyReLU", "negative_slope": 1.0}, 1.0),
    ],
)
def test_weights_start_by_kaimings_rule(act: Any, gain: float) -> None:
    torch.manual_seed(0)
    block = ConvModule(16, 32, 3, act_cfg=act)
    assert block.conv.weight.std().item() == pytest.approx(gain / math.sqrt(32 * 9), rel=0.05)
    assert not block.conv.bias.any()
