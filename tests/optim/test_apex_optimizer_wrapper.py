"""The wrapper of apex, driven with a stand-in for that package, which needs a GPU."""

from __future__ import annotations

import sys
import types
from contextlib import contextmanager

import pytest
import torch
from torch import nn

from mmlight.optim import ApexOptimWrapper


class Apex(types.ModuleType):
    """What the wrapper uses of ``apex.amp``, with a fixed loss scale of 2."""

    def __init__(self) -> None:
        super().__init__("apex.amp")
        self.initialized: list = []
        self.state = {"loss_scaler0": 1}

    def initialize(self, model, optimizer, **options):
        self.initialized.append((model, options))
        return model, optimizer

    @contextmanager
    def scale_loss(self, loss, optimizer):
        yield loss * 2
        for group in optimizer.param_groups:
            for param in group["params"]:
                param.grad /= 2

    def state_dict(self):
        return self.state

    def load_state_dict(self, state):
        assert self.initialized, "apex refuses a state before it is initialized"
        self.state = state


@pytest.fixture
def apex(monkeypatch) -> Apex:
    amp = Apex()
    package = types.ModuleType("apex")
    package.amp = amp  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "apex", package)
    monkeypatch.setitem(sys.modules, "apex.amp", amp)
    return amp


def build(model: nn.Module) -> ApexOptimWrapper:
    return ApexOptimWrapper(opt_level="O2", optimizer=torch.optim.SGD(model.parameters(), lr=0.5))


def test_losses_are_scaled_and_apex_is_initialized_once(apex: Apex) -> None:
    model = nn.Linear(1, 1, bias=False)
    nn.init.ones_(model.weight)
    wrapper = build(model)
    for _ in range(2):
        with wrapper.optim_context(model):
            loss = model(torch.ones(1, 1)).sum()
        wrapper.update_params(loss)
    assert model.weight.item() == 0.0
    assert wrapper.inner_count == 2
    [(initialized, options)] = apex.initialized
    assert initialized is model and options["opt_level"] == "O2"


def test_its_state_waits_until_apex_is_initialized(apex: Apex) -> None:
    model = nn.Linear(1, 1)
    state = build(model).state_dict()
    assert state["apex_amp"] == {"loss_scaler0": 1}
    wrapper = build(model)
    wrapper.load_state_dict({**state, "apex_amp": {"loss_scaler0": 7}})
    assert apex.state == {"loss_scaler0": 1}
    with wrapper.optim_context(model):
        assert apex.state == {"loss_scaler0": 7}
    wrapper.load_state_dict({**state, "apex_amp": {"loss_scaler0": 8}})
    assert apex.state == {"loss_scaler0": 8}


def test_a_missing_apex_is_asked_for_by_name(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "apex", None)
    with pytest.raises(ImportError, match="needs the package 'apex'"):
        build(nn.Linear(1, 1))
