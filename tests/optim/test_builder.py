"""From a config to an optimizer wrapper, and optimizers by name."""

from __future__ import annotations

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
