"""Initialisation of weights by functions and by config."""

import math
import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from mmlight.model import (
    BaseInit,
    KaimingInit,
    bias_init_with_prob,
    caffe2_xavier_init,
    constant_init,
    initialize,
    kaiming_init,
    normal_init,
    trunc_normal_init,
    uniform_init,
    update_init_info,
    xavier_init,
)
from mmlight.registry import WEIGHT_INITIALIZERS


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.feat = nn.Conv2d(3, 16, 3)
        self.reg = nn.Conv2d(16, 10, 3)
        self.cls = nn.Conv2d(16, 5, 3)


def means(module):
    return [param.mean().item() for param in module.parameters()]


@pytest.mark.parametrize(
    ("function", "kwargs", "low", "high", "std"),
    [
        (normal_init, {"mean": 1.0, "std": 0.1}, -math.inf, math.inf, 0.1),
        (uniform_init, {"a": 0.0, "b": 2.0}, 0.0, 2.0, 2 / math.sqrt(12)),
        (trunc_normal_init, {"a": -1.0, "b": 1.0, "std": 0.1}, -1.0, 1.0, 0.1),
        (xavier_init, {"gain": 2.0}, -math.inf, math.inf, 2 * math.sqrt(2 / 400)),
        (xavier_init, {"distribution": "uniform"}, -0.123, 0.123, math.sqrt(2 / 400)),
        (kaiming_init, {}, -math.inf, math.inf, math.sqrt(2 / 200)),
        (kaiming_init, {"distribution": "uniform"}, -0.174, 0.174, math.sqrt(2 / 200)),
        (caffe2_xavier_init, {}, -0.123, 0.123, math.sqrt(1 / 200)),
    ],
)
def test_functions_draw_from_the_distribution_and_fill_the_bias(function, kwargs, low, high, std):
    layer = nn.Linear(200, 200)
    function(layer, bias=0.25, **kwargs)
    weight = layer.weight.detach()
    assert weight.std().item() == pytest.approx(std, rel=0.05)
    assert low <= weight.min() <= weight.max() <= high
    assert layer.bias.unique().tolist() == [0.25]


@given(st.floats(-1, 0), st.floats(0.01, 1), st.floats(-1, 1), st.floats(0.01, 3))
def test_truncated_values_stay_within_the_bounds(a, b, mean, std):
    layer = nn.Linear(7, 7)
    trunc_normal_init(layer, mean, std, a, b)
    assert layer.weight.min() >= torch.tensor(a) and layer.weight.max() <= torch.tensor(b)


@pytest.mark.parametrize("layer", [nn.ReLU(), nn.Linear(2, 2, bias=False)])
def test_functions_pass_over_what_a_layer_lacks(layer):
    constant_init(layer, 3.0, bias=1.0)
    assert means(layer) == [3.0] * len(list(layer.parameters()))


@pytest.mark.parametrize("function", [xavier_init, kaiming_init])
def test_an_unknown_distribution_is_refused(function):
    with pytest.raises(AssertionError, match="'uniform' or 'normal', but got 'gauss'"):
        function(nn.Linear(1, 1), distribution="gauss")


def test_bias_of_a_probability():
    assert torch.sigmoid(torch.tensor(bias_init_with_prob(0.01))).item() == pytest.approx(0.01)
    for impossible in (0, 1, 2.0):
        with pytest.raises(ValueError, match="prior_prob must be between 0 and 1"):
            bias_init_with_prob(impossible)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"bias": "1"}, "bias must be a number"),
        ({"bias": None}, "bias must be a number"),
        ({"bias_prob": 1}, "bias_prob type must be float"),
        ({"layer": 3}, "layer must be a str or a list of str"),
    ],
)
def test_arguments_of_an_initializer_are_checked(kwargs, message):
    with pytest.raises(TypeError, match=message):
        BaseInit(**kwargs)


def test_all_initializers_are_registered():
    names = ["Constant", "Xavier", "Normal", "TruncNormal", "Uniform", "Kaiming", "Caffe2Xavier"]
    assert all(WEIGHT_INITIALIZERS.get(name) for name in [*names, "Pretrained"])


def test_layers_are_found_by_their_class_and_its_direct_bases():
    net = nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1), nn.Linear(1, 1))
    cfg = {"type": "Constant", "val": 3.0, "bias": 4.0, "layer": ["_BatchNorm", "Linear"]}
    before = means(net[0])
    initialize(net, cfg)
    assert means(net) == [*before, 3.0, 4.0, 3.0, 4.0]
    assert cfg["layer"] == ["_BatchNorm", "Linear"]


def test_without_layer_nothing_is_initialised():
    net = Net()
    before = means(net)
    initialize(net, {"type": "Constant", "val": 1.0})
    assert means(net) == before


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ({"name": "reg"}, [1, 2, 1, 2, 1, 2]),
        ({"name": "reg", "type": "Constant", "val": 3, "bias": 4}, [1, 2, 3, 4, 1, 2]),
        (
            [
                {"name": "reg", "type": "Constant", "val": 3},
                {"name": "cls", "type": "Constant", "val": 5, "bias": 6},
            ],
            [1, 2, 3, 0, 5, 6],
        ),
    ],
)
def test_override(override, expected):
    net = Net()
    initialize(
        net, {"type": "Constant", "val": 1, "bias": 2, "layer": "Conv2d", "override": override}
    )
    assert means(net) == expected


def test_override_alone_initialises_only_its_part():
    net = Net()
    before = means(net)
    initialize(net, {"type": "Constant", "val": 1, "bias": 2, "override": {"name": "reg"}})
    assert means(net) == [*before[:2], 1, 2, *before[4:]]


@pytest.mark.parametrize(
    ("cfg", "error", "message"),
    [
        (3, TypeError, "init_cfg must be a dict or a list of dict, but got <class 'int'>"),
        ([{"type": "Constant", "val": 1}, 3], TypeError, "init_cfg must be a dict or a list"),
        ({"val": 3}, KeyError, 'must contain the key "type"'),
        ({"type": "Constnt", "val": 3}, KeyError, "Constant"),
        ({"type": "Constant"}, TypeError, "val"),
        (
            {"type": "Constant", "val": 1, "override": 3},
            TypeError,
            "override must be a dict or a list of dict",
        ),
        (
            {"type": "Constant", "val": 1, "override": {"type": "Constant", "val": 2}},
            ValueError,
            '`override` must contain the key "name"',
        ),
        (
            {"type": "Constant", "val": 1, "override": {"name": "reg", "bias": 4}},
            ValueError,
            'needs the key "type"',
        ),
        (
            {"type": "Constant", "val": 1, "override": {"name": "rgr"}},
            RuntimeError,
            r"did not have attribute rgr.*\['feat', 'reg', 'cls'\]",
        ),
    ],
)
def test_wrong_configs(cfg, error, message):
    with pytest.raises(error, match=message):
        initialize(Net(), cfg)


def test_an_initializer_can_be_called_on_a_module():
    net = Net()
    KaimingInit(layer="Conv2d", bias=1)(net)
    assert [means(net)[i] for i in (1, 3, 5)] == [1, 1, 1]


def test_init_info_needs_a_record():
    with pytest.raises(AssertionError, match="Can not find `_params_init_info`"):
        update_init_info(nn.Linear(1, 1), "anything")


@pytest.mark.parametrize("prefix", [None, "fc", "fc."])
def test_pretrained(tmp_path, prefix):
    path = tmp_path / "weights.pth"
    source = nn.ModuleDict({"fc": nn.Linear(2, 2), "other": nn.Linear(1, 1)})
    torch.save({"state_dict": source.state_dict()}, path)
    target = nn.ModuleDict({"fc": nn.Linear(2, 2)})
    module = target["fc"] if prefix else target
    initialize(module, {"type": "Pretrained", "checkpoint": str(path), "prefix": prefix})
    assert torch.equal(target["fc"].weight, source["fc"].weight)


def test_pretrained_with_a_prefix_that_is_not_there(tmp_path):
    path = tmp_path / "weights.pth"
    torch.save(nn.ModuleDict({"fc": nn.Linear(2, 2)}).state_dict(), path)
    message = re.escape(f"head. is not in the pretrained model {path}, whose prefixes are ['fc']")
    with pytest.raises(AssertionError, match=message):
        initialize(
            nn.Linear(2, 2), {"type": "Pretrained", "checkpoint": str(path), "prefix": "head"}
        )


def test_pretrained_file_that_does_not_exist(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.pth"):
        initialize(
            nn.Linear(2, 2), {"type": "Pretrained", "checkpoint": str(tmp_path / "nothing.pth")}
        )
