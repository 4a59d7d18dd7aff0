"""From a config to an optimizer wrapper, and optimizers by name."""

from __future__ import annotations

import inspect
import sys
import types

import pytest
import torch
from torch import nn

from mmlight.optim import (
    OPTIM_WRAPPER_CONSTRUCTORS,
    OPTIMIZERS,
    AmpOptimWrapper,
    OptimWrapper,
    build_optim_wrapper,
)
from mmlight.optim.optimizer.builder import TORCH_OPTIMIZERS
from mmlight.registry import Registry


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "NAdam", "LBFGS"])
def test_every_optimizer_of_torch_is_built_by_its_name(name: str) -> None:
    model = nn.Linear(1, 1)
    wrapper = build_optim_wrapper(model, {"optimizer": {"type": name, "lr": 0.1}})
    assert type(wrapper) is OptimWrapper
    assert type(wrapper.optimizer) is getattr(torch.optim, name)
    assert wrapper.get_lr() == {"lr": [0.1]}


def test_no_optimizer_of_torch_is_missing() -> None:
    for name in dir(torch.optim):
        optimizer = getattr(torch.optim, name)
        if isinstance(optimizer, type) and issubclass(optimizer, torch.optim.Optimizer):
            assert OPTIMIZERS.get("TorchAdafactor" if name == "Adafactor" else name) is optimizer


def test_the_wrapper_type_and_its_arguments() -> None:
    cfg = {
        "type": "AmpOptimWrapper",
        "dtype": "bfloat16",
        "accumulative_counts": 3,
        "optimizer": {"type": torch.optim.SGD, "lr": 0.1},
    }
    wrapper = build_optim_wrapper(nn.Linear(1, 1), cfg)
    assert isinstance(wrapper, AmpOptimWrapper)
    assert wrapper.cast_dtype is torch.bfloat16
    assert not wrapper.should_sync()


def test_a_constructor_of_ones_own() -> None:
    @OPTIM_WRAPPER_CONSTRUCTORS.register_module(force=True)
    class HalfRate:
        def __init__(self, optim_wrapper_cfg: dict, paramwise_cfg: dict | None = None) -> None:
            self.lr = optim_wrapper_cfg["optimizer"]["lr"] * paramwise_cfg["share"]

        def __call__(self, model: nn.Module) -> OptimWrapper:
            return OptimWrapper(torch.optim.SGD(model.parameters(), lr=self.lr))

    cfg = {
        "constructor": "HalfRate",
        "paramwise_cfg": {"share": 0.5},
        "optimizer": {"type": "SGD", "lr": 0.1},
    }
    try:
        assert build_optim_wrapper(nn.Linear(1, 1), cfg).get_lr() == {"lr": [0.05]}
    finally:
        OPTIM_WRAPPER_CONSTRUCTORS.module_dict.pop("HalfRate")


def test_an_optimizer_whose_first_argument_has_another_name() -> None:
    @OPTIMIZERS.register_module(force=True)
    class Renamed(torch.optim.SGD):
        def __init__(self, weights, lr: float) -> None:
            super().__init__(weights, lr=lr)

    try:
        wrapper = build_optim_wrapper(nn.Linear(1, 1), {"optimizer": {"type": "Renamed", "lr": 1}})
    finally:
        OPTIMIZERS.module_dict.pop("Renamed")
    assert len(wrapper.optimizer.param_groups[0]["params"]) == 2


@pytest.mark.parametrize(
    ("cfg", "error", "message"),
    [
        ([], TypeError, "must be a dict"),
        ({"optimizer": {"type": "SGDD", "lr": 1}}, KeyError, "SGD"),
        ({"optimizer": {"lr": 1}}, KeyError, "type"),
        ({"optimizer": {"type": "SGD", "lr": 1}, "type": "OptimWraper"}, KeyError, "OptimWrapper"),
        ({"optimizer": {"type": "SGD", "lr": 1}, "constructor": "Foo"}, KeyError, "Foo"),
        ({"optimizer": {"type": "SGD", "lrr": 1}}, TypeError, "lrr"),
    ],
)
def test_wrong_configs_are_refused(cfg, error, message) -> None:
    with pytest.raises(error, match=message):
        build_optim_wrapper(nn.Linear(1, 1), cfg)


@pytest.mark.parametrize(
    ("name", "package", "module"),
    [
        ("Lion", "lion-pytorch", "lion_pytorch"),
        ("DAdaptAdam", "dadaptation", "dadaptation"),
        ("Adam8bit", "bitsandbytes", "bitsandbytes"),
    ],
)
def test_a_missing_package_is_asked_for_by_name(name, package, module, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)  # what import takes for "not installed"
    with pytest.raises(ImportError, match=f"pip install {package}"):
        build_optim_wrapper(nn.Linear(1, 1), {"optimizer": {"type": name, "lr": 0.1}})


def test_an_optional_optimizer_is_used_where_it_is_installed(monkeypatch) -> None:
    lion = types.ModuleType("lion_pytorch")
    lion.Lion = type("Lion", (torch.optim.SGD,), {})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "lion_pytorch", lion)
    cfg = {"optimizer": {"type": "Lion", "lr": 0.1}, "paramwise_cfg": {"bias_lr_mult": 2.0}}
    wrapper = build_optim_wrapper(nn.Linear(1, 1), cfg)
    assert type(wrapper.optimizer) is lion.Lion
    assert wrapper.get_lr()["lr"] == [0.1, 0.2]


def test_adafactor_is_torchs_own_where_there_is_no_other(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers.optimization", None)
    cfg = {"type": "Adafactor", "lr": 0.1, "weight_decay": 0}
    assert type(build_optim_wrapper(nn.Linear(1, 1), {"optimizer": cfg}).optimizer) is (
        torch.optim.Adafactor
    )
    with pytest.raises(ImportError, match="pip install transformers"):
        build_optim_wrapper(nn.Linear(1, 1), {"optimizer": {**cfg, "relative_step": False}})


INTEGERS = {
    "lr": 1,
    "betas": (0, 1 - 1e-3),
    "eps": 1,
    "weight_decay": 0,
    "momentum": 0,
    "etas": (1 - 0.5, 2),
    "step_sizes": [1e-6, 50],
    "alpha": 0,
    "history_size": 3,
    "max_iter": 4,
    "ns_steps": 5,
}


@pytest.mark.parametrize("name", sorted(set(TORCH_OPTIMIZERS) - {"Optimizer"}))
def test_integers_that_stand_for_floats_are_floats_to_every_optimizer(name: str) -> None:
    optimizer = OPTIMIZERS.get(name)
    names = inspect.signature(optimizer).parameters
    settings = {key: value for key, value in INTEGERS.items() if key in names}
    if name == "TorchAdafactor":
        settings["eps"] = (None, 1)
    built = OPTIMIZERS.build({"type": name, "params": [torch.zeros(2, 2)], **settings})
    for key, value in settings.items():
        kept = built.defaults[key]
        assert kept == value
        for one in kept if isinstance(kept, tuple | list) else [kept]:
            assert (
                type(one) is int
                if key in ("history_size", "max_iter", "ns_steps")
                else (one is None or type(one) is float)
            )


def test_integers_in_the_settings_of_some_parameters_and_of_ones_own_optimizers() -> None:
    class Own(torch.optim.Adam):
        def __init__(self, params, **kwargs):
            super().__init__(params, **kwargs)

    custom = {"weight": {"lr_mult": 1, "betas": [0, 1 - 0.1]}}
    cfg = {
        "optimizer": {"type": Own, "lr": 1, "betas": (0, 0.99)},
        "paramwise_cfg": {"custom_keys": custom},
    }
    optimizer = build_optim_wrapper(nn.Linear(1, 1), cfg).optimizer
    weight, bias = optimizer.param_groups
    assert [*map(type, weight["betas"])] == [*map(type, bias["betas"])] == [float, float]
    assert type(weight["lr"]) is type(bias["lr"]) is float
    child = Registry("optimizer", parent=OPTIMIZERS, scope="integers")
    child.register_module(module=Own)
    try:
        built = child.build({"type": "Own", "params": [torch.zeros(1)], "betas": (0, 0.5)})
    finally:
        del OPTIMIZERS.children["integers"]
    assert built.defaults["betas"] == (0.0, 0.5)
