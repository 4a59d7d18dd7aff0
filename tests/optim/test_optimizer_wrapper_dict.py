"""Several wrapped optimizers under their names."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from torch import nn

from mmlight.optim import OptimWrapper, OptimWrapperDict


def wrappers(**kwargs) -> tuple[nn.ModuleDict, OptimWrapperDict]:
    torch.manual_seed(0)
    model = nn.ModuleDict({"gen": nn.Linear(2, 2), "disc": nn.Linear(2, 2)})
    groups = [{"params": [model["disc"].weight], "lr": 0.2}, {"params": [model["disc"].bias]}]
    return model, OptimWrapperDict(
        gen=OptimWrapper(
            torch.optim.SGD(model["gen"].parameters(), lr=0.1, momentum=0.5), **kwargs
        ),
        disc=OptimWrapper(torch.optim.Adam(groups, lr=0.3, betas=(0.7, 0.9)), **kwargs),
    )


def test_settings_carry_the_wrappers_names() -> None:
    _, both = wrappers()
    assert both.get_lr() == {"gen.lr": [0.1], "disc.base_lr": [0.3], "disc.lr": [0.2, 0.3]}
    assert both.get_momentum() == {"gen.momentum": [0.5], "disc.momentum": [0.7, 0.7]}
    assert {name: len(groups) for name, groups in both.param_groups.items()} == {
        "gen": 1,
        "disc": 3,
    }


def test_it_is_used_like_a_dict() -> None:
    _, both = wrappers()
    assert len(both) == 2 and "gen" in both and "x" not in both
    assert list(both.keys()) == list(both) == ["gen", "disc"]
    assert list(both.values()) == [both["gen"], both["disc"]]
    assert dict(both.items()) == {"gen": both["gen"], "disc": both["disc"]}
    assert repr(both).startswith("name: gen\nType: OptimWrapper")


@pytest.mark.parametrize("method", ["update_params", "backward", "step", "optim_context"])
def test_what_belongs_to_one_optimizer_is_refused(method: str) -> None:
    model, both = wrappers()
    args = {"step": [], "optim_context": [model]}.get(method, [torch.ones(())])
    with pytest.raises(NotImplementedError, match=f"`{method}` should be called by each"):
        getattr(both, method)(*args)


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    _, both = wrappers()
    with pytest.raises(AssertionError, match="Did you mean 'disc'"):
        both["dics"]
    with pytest.raises(AssertionError, match=r"Mismatched state_dict.*'generator'"):
        both.load_state_dict({"generator": {}})
    with pytest.raises(AssertionError, match="only accepts OptimWrapper"):
        OptimWrapperDict(gen=torch.optim.SGD(nn.Linear(1, 1).parameters()))  # type: ignore


def test_zero_grad_clears_all() -> None:
    model, both = wrappers()
    (model["gen"].weight.sum() + model["disc"].weight.sum()).backward()
    both.zero_grad()
    assert all(param.grad is None for param in model.parameters())


def train(model: nn.ModuleDict, both: OptimWrapperDict, iteration: int) -> None:
    data = torch.full((3, 2), 0.1 * (iteration + 1))
    both["disc"].update_params(model["disc"](data).square().mean())
    if both["disc"].inner_count % 2 == 0:
        both["gen"].update_params(model["disc"](model["gen"](data)).square().mean())


@pytest.mark.parametrize("stop", range(7))
def test_a_resume_is_exact_also_with_gradients_of_the_other_network(stop: int) -> None:
    model, both = wrappers(accumulative_counts=3)
    for iteration in range(stop):
        train(model, both, iteration)
    resumed_model, resumed = wrappers(accumulative_counts=3)
    resumed_model.load_state_dict(model.state_dict())
    resumed.load_state_dict(deepcopy(both.state_dict()))
    resumed.load_accumulation_state(both.accumulation_state())
    resumed.initialize_count_status(resumed_model, stop, 7)
    for iteration in range(stop, 7):
        train(model, both, iteration)
        train(resumed_model, resumed, iteration)
    for param, other in zip(model.parameters(), resumed_model.parameters(), strict=True):
        assert torch.equal(param, other)
    assert [w.inner_count for w in both.values()] == [w.inner_count for w in resumed.values()]


def test_a_state_may_leave_wrappers_out() -> None:
    model, both = wrappers()
    train(model, both, 0)
    _, other = wrappers()
    other.load_state_dict({"disc": both.state_dict()["disc"]})
    assert other["disc"].optimizer.state and not other["gen"].optimizer.state
