"""Learning rate and weight decay by parameter."""

from __future__ import annotations

import sys
import types

import pytest
import torch
from torch import nn

from mmlight.optim import DefaultOptimWrapperConstructor, build_optim_wrapper

SGD = {"type": "SGD", "lr": 1.0, "momentum": 0.9, "weight_decay": 1.0}


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.conv = nn.Conv2d(2, 2, 1)
        self.depthwise = nn.Conv2d(2, 2, 1, groups=2)
        self.bn = nn.BatchNorm2d(2)
        self.head = nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2))


def settings(model: nn.Module, paramwise_cfg: dict | None, optimizer: dict = SGD) -> dict:
    """Return (learning rate, weight decay) by parameter name."""
    wrapper = DefaultOptimWrapperConstructor({"optimizer": optimizer}, paramwise_cfg)(model)
    names = {id(param): name for name, param in model.named_parameters()}
    return {
        names[id(param)]: (group["lr"], group["weight_decay"])
        for group in wrapper.optimizer.param_groups
        for param in group["params"]
    }


def changed(model: nn.Module, paramwise_cfg: dict) -> dict:
    values = settings(model, paramwise_cfg)
    assert list(values) == [name for name, _ in model.named_parameters()]
    return {name: value for name, value in values.items() if value != (1.0, 1.0)}


def test_without_rules_there_is_one_group() -> None:
    model = Net()
    wrapper = DefaultOptimWrapperConstructor({"optimizer": SGD})(model)
    assert len(wrapper.optimizer.param_groups) == 1
    assert len(wrapper.optimizer.param_groups[0]["params"]) == len(list(model.parameters()))


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (
            {"bias_lr_mult": 2},
            {"conv.bias": (2, 1), "depthwise.bias": (2, 1), "head.0.bias": (2, 1)},
        ),
        (
            {"bias_decay_mult": 3, "norm_decay_mult": 5, "dwconv_decay_mult": 7},
            {
                "conv.bias": (1, 3),
                "depthwise.weight": (1, 7),
                "depthwise.bias": (1, 3),
                "bn.weight": (1, 5),
                "bn.bias": (1, 5),
                "head.0.bias": (1, 3),
                "head.1.weight": (1, 5),
                "head.1.bias": (1, 5),
            },
        ),
        (
            {"flat_decay_mult": 0, "norm_decay_mult": 2, "bias_decay_mult": 4},
            {
                "scale": (1, 0),
                "conv.bias": (1, 4),
                "depthwise.bias": (1, 4),
                "bn.weight": (1, 2),
                "bn.bias": (1, 2),
                "head.0.bias": (1, 4),
                "head.1.weight": (1, 2),
                "head.1.bias": (1, 2),
            },
        ),
        ({"dwconv_decay_mult": 0}, {"depthwise.weight": (1, 0), "depthwise.bias": (1, 0)}),
    ],
)
def test_rules_by_kind_of_parameter(rules: dict, expected: dict) -> None:
    assert changed(Net(), rules) == expected


def test_the_longest_custom_key_wins_and_other_rules_are_off() -> None:
    custom_keys = {
        "head": {"lr_mult": 0.5},
        "head.0": {"lr_mult": 0.25, "decay_mult": 0.0},
        "conv": {"lr_mult": 2.0},
    }
    assert changed(Net(), {"custom_keys": custom_keys, "bias_lr_mult": 9}) == {
        "conv.weight": (2, 1),
        "conv.bias": (2, 1),
        "depthwise.bias": (9, 1),
        "head.0.weight": (0.25, 0),
        "head.0.bias": (0.25, 0),
        "head.1.weight": (0.5, 1),
        "head.1.bias": (0.5, 1),
    }


def test_of_custom_keys_of_one_length_the_first_in_the_alphabet_wins() -> None:
    custom_keys = {"eight": {"lr_mult": 3.0}, ".weig": {"lr_mult": 2.0}}
    model = nn.Sequential(nn.Linear(1, 1, bias=False))
    assert settings(model, {"custom_keys": custom_keys}) == {"0.weight": (2.0, 1.0)}


def test_custom_keys_may_set_anything_of_the_group() -> None:
    rules = {"custom_keys": {"bias": {"momentum": 0.5}}}
    wrapper = DefaultOptimWrapperConstructor({"optimizer": SGD}, rules)(nn.Linear(1, 1))
    assert wrapper.get_momentum() == {"momentum": [0.9, 0.5]}


def test_frozen_parameters_get_no_group(capsys) -> None:
    model = Net()
    model.conv.requires_grad_(False)
    assert "conv.weight" not in settings(model, {"bias_lr_mult": 1})
    assert "conv.weight is skipped since its requires_grad=False" in "".join(capsys.readouterr())


def test_what_differs_is_logged(capsys) -> None:
    settings(nn.Linear(1, 1), {"bias_lr_mult": 2})
    assert "paramwise_options -- bias:lr=2.0" in "".join(capsys.readouterr())


def test_a_parameter_held_twice() -> None:
    model = nn.ModuleDict({"a": nn.Linear(1, 1), "b": nn.Linear(1, 1)})
    model["b"].weight = model["a"].weight
    told = "parameter b.weight is also a.weight.*bypass_duplicate=True"
    with pytest.raises(ValueError, match=told):
        settings(model, {"bias_lr_mult": 2})
    assert list(settings(model, {"bypass_duplicate": True})) == ["a.weight", "a.bias", "b.bias"]


def test_deformable_convolutions(monkeypatch) -> None:
    class DeformConv2d(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(2, 2))
            self.bias = nn.Parameter(torch.ones(2))
            self.conv_offset = nn.Conv2d(2, 2, 1)

    mmcv, ops, extension = (types.ModuleType(n) for n in ("mmcv", "mmcv.ops", "mmcv._ext"))
    for module in (mmcv, ops, extension):
        module.__spec__ = types.SimpleNamespace(name=module.__name__)  # type: ignore[assignment]
        monkeypatch.setitem(sys.modules, module.__name__, module)
    mmcv.__path__ = []  # type: ignore[attr-defined]
    ops.DeformConv2d = DeformConv2d  # type: ignore[attr-defined]
    ops.ModulatedDeformConv2d = type("ModulatedDeformConv2d", (nn.Module,), {})  # type: ignore
    model = nn.ModuleDict({"dcn": DeformConv2d(), "conv": nn.Conv2d(2, 2, 1)})
    rules = {"dcn_offset_lr_mult": 0.5, "bias_lr_mult": 2, "flat_decay_mult": 3}
    assert changed(model, rules) == {
        "dcn.bias": (2, 3),
        "dcn.conv_offset.weight": (0.5, 1),
        "dcn.conv_offset.bias": (0.5, 1),
        "conv.bias": (2, 3),
    }


def test_a_wrapped_model_is_unwrapped() -> None:
    holder = nn.ModuleDict({"module": nn.Linear(1, 1), "other": nn.Linear(1, 1)})
    wrapper = DefaultOptimWrapperConstructor({"optimizer": SGD})(nn.DataParallel(holder["module"]))
    assert len(wrapper.optimizer.param_groups[0]["params"]) == 2


@pytest.mark.parametrize(
    ("cfg", "rules", "error", "message"),
    [
        (3, None, TypeError, "optim_wrapper_cfg should be a dict"),
        ({"type": "OptimWrapper"}, None, AssertionError, 'must contain "optimizer"'),
        ({"optimizer": 3}, None, TypeError, "optimizer in optim_wrapper_cfg"),
        ({"optimizer": SGD}, 3, TypeError, "paramwise_cfg should be None or a dict"),
        ({"optimizer": SGD}, {"custom_keys": 3}, TypeError, "custom_keys must be a dict"),
        ({"optimizer": SGD}, {"custom_keys": {"a": 0.1}}, TypeError, r"custom_keys\['a'\] must be"),
        (
            {"optimizer": {"type": "SGD", "lr": 1}},
            {"norm_decay_mult": 0.0, "custom_keys": {"a": {"decay_mult": 0}}},
            ValueError,
            r"custom_keys\['a'\], norm_decay_mult",
        ),
    ],
)
def test_wrong_configs_are_refused(cfg, rules, error, message) -> None:
    with pytest.raises(error, match=message):
        DefaultOptimWrapperConstructor(cfg, rules)


def test_a_misspelt_rule_is_warned_about_unless_a_subclass_has_it(capsys) -> None:
    class Layerwise(DefaultOptimWrapperConstructor):
        """A constructor with rules of its own."""

    DefaultOptimWrapperConstructor({"optimizer": SGD}, {"bias_lr_mul": 2.0})
    assert "no rule 'bias_lr_mul'" in (out := "".join(capsys.readouterr()))
    assert "did you mean 'bias_lr_mult'?" in out
    Layerwise({"optimizer": SGD}, {"decay_rate": 0.9})
    assert "decay_rate" not in "".join(capsys.readouterr())


@pytest.mark.parametrize("rules", [{"bias_lr_mult": 2}, {"custom_keys": {"": {"lr_mult": 2}}}])
def test_a_multiplier_needs_a_learning_rate(rules: dict) -> None:
    constructor = DefaultOptimWrapperConstructor({"optimizer": {"type": "SGD"}}, rules)
    with pytest.raises(TypeError, match="'SGD' has no lr"):
        constructor(nn.Linear(1, 1))


def test_without_a_learning_rate_the_weight_decay_can_be_multiplied() -> None:
    model = nn.Linear(1, 1)
    cfg = {"optimizer": {"type": "Adam", "weight_decay": 0.5}}
    rules = {"custom_keys": {"bias": {"decay_mult": 0.0}}}
    groups = DefaultOptimWrapperConstructor(cfg, rules)(model).optimizer.param_groups
    assert [(group["lr"], group["weight_decay"]) for group in groups] == [(1e-3, 0.5), (1e-3, 0.0)]


def test_configs_are_not_changed() -> None:
    cfg = {"optimizer": dict(SGD), "paramwise_cfg": {"bias_lr_mult": 2}, "accumulative_counts": 2}
    before = repr(cfg)
    build_optim_wrapper(nn.Linear(1, 1), cfg)
    assert repr(cfg) == before


def test_a_key_that_says_nothing_of_weight_decay_leaves_it_to_the_rules() -> None:
    model = nn.ModuleDict({"body": nn.ModuleList([nn.Linear(1, 1), nn.BatchNorm1d(1)])})
    rules = {"norm_decay_mult": 0, "bias_decay_mult": 0.5}
    found = settings(model, {**rules, "custom_keys": {"body": {"lr_mult": 0.1}}})
    plain = settings(model, rules)
    assert found == {name: (0.1, decay) for name, (_, decay) in plain.items()}
    found = settings(model, {**rules, "custom_keys": {"body": {"decay_mult": 1}}})
    assert {*found.values()} == {(1, 1)}


def test_many_parameters_are_taken_in_few_groups(monkeypatch) -> None:
    """Torch looks at all groups whenever it takes one, so it must be given few."""
    taken = []
    add = torch.optim.SGD.add_param_group
    monkeypatch.setattr(
        torch.optim.SGD, "add_param_group", lambda self, group: (taken.append(1), add(self, group))
    )
    model = nn.Sequential(*[nn.Linear(1, 1) for _ in range(50)])
    found = settings(model, {"custom_keys": {"weight": {"lr_mult": 0.5, "decay_mult": 0}}})
    assert list(found) == [name for name, _ in model.named_parameters()] and len(taken) == 2
    assert {(name.split(".")[1], *value) for name, value in found.items()} == {
        ("weight", 0.5, 0),
        ("bias", 1, 1),
    }


def test_lbfgs_refuses_groups_as_before() -> None:
    cfg = {"optimizer": {"type": "LBFGS", "lr": 0.1}, "paramwise_cfg": {"bias_lr_mult": 1}}
    with pytest.raises(ValueError, match="LBFGS"):
        build_optim_wrapper(nn.Linear(1, 1), cfg)
