"""The moving average that configs of MMagic mean."""

from __future__ import annotations

import torch
from torch import nn

from mmlight.engine.gen_average import GenExponentialMovingAverage
from mmlight.model import ExponentialMovingAverage
from mmlight.registry import MODELS, DefaultScope


def test_it_rounds_twice() -> None:
    torch.manual_seed(0)
    net = nn.Linear(100, 100)
    ema = GenExponentialMovingAverage(net, momentum=0.1)
    ema.update_parameters(net)
    expected = net.weight.detach().clone()
    for _ in range(3):
        nn.init.normal_(net.weight)
        ema.update_parameters(net)
        expected = expected * 0.9 + net.weight.detach() * 0.1
    torch.testing.assert_close(ema.module.weight, expected)
    two_steps = expected.clone()
    ema.avg_func(two_steps, net.weight.detach(), steps=1)
    by_hand = expected.mul(0.9).add(net.weight.detach(), alpha=0.1)
    assert torch.equal(two_steps, by_hand)
    assert not torch.equal(by_hand, expected.lerp(net.weight.detach(), 0.1))


def test_configs_of_mmagic_mean_it() -> None:
    cfg = {"type": "ExponentialMovingAverage", "model": nn.Linear(1, 1)}
    assert type(MODELS.build(cfg)) is ExponentialMovingAverage
    with DefaultScope.overwrite_default_scope("mmagic"):
        assert type(MODELS.build(cfg)) is GenExponentialMovingAverage
