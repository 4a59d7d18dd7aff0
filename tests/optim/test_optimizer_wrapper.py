"""Accumulation, clipping and the state of one wrapped optimizer."""

from __future__ import annotations

from contextlib import contextmanager
from copy import deepcopy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from mmlight.logging import MessageHub
from mmlight.optim import BaseOptimWrapper, OptimWrapper


def linear(seed: int = 0) -> nn.Linear:
    torch.manual_seed(seed)
    return nn.Linear(3, 2)


def sgd(model: nn.Module, **kwargs) -> torch.optim.SGD:
    return torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, **kwargs)


def batches(count: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(4, 3, generator=generator) for _ in range(count)]


def loss_of(model: nn.Module, batch: torch.Tensor) -> torch.Tensor:
    return model(batch).square().mean()


def test_an_update_is_backward_step_and_zero_grad() -> None:
    plain, wrapped = linear(), linear()
    optimizer, wrapper = sgd(plain), OptimWrapper(sgd(wrapped))
    for batch in batches(5):
        loss_of(plain, batch).backward()
        optimizer.step()
        optimizer.zero_grad()
        with wrapper.optim_context(wrapped):
            loss = loss_of(wrapped, batch)
        wrapper.update_params(loss)
    assert torch.equal(plain.weight, wrapped.weight)
    assert wrapped.weight.grad is None
    assert wrapper.inner_count == 5


@given(counts=st.integers(1, 5), length=st.integers(1, 12))
def test_accumulation_averages_and_the_rest_is_a_whole_update(counts: int, length: int) -> None:
    plain, wrapped = linear(), linear()
    optimizer, wrapper = sgd(plain), OptimWrapper(sgd(wrapped), accumulative_counts=counts)
    wrapper.initialize_count_status(wrapped, 0, length)
    data = batches(length)
    for start in range(0, length, counts):
        group = data[start : start + counts]
        for batch in group:
            (loss_of(plain, batch) / len(group)).backward()
        optimizer.step()
        optimizer.zero_grad()
    for batch in data:
        wrapper.update_params(loss_of(wrapped, batch))
    assert torch.equal(plain.weight, wrapped.weight)
    assert wrapped.weight.grad is None


def test_a_loss_after_the_last_one_is_refused() -> None:
    model = linear()
    wrapper = OptimWrapper(sgd(model), accumulative_counts=3)
    wrapper.initialize_count_status(model, 0, 3)
    for batch in batches(3):
        wrapper.update_params(loss_of(model, batch))
    with pytest.raises(AssertionError, match="loss number 4 came"):
        wrapper.update_params(loss_of(model, batches(1)[0]))


def test_gradients_are_clipped_by_norm_and_the_norm_is_logged() -> None:
    model, reference = linear(), linear()
    clip_grad = {"type": "norm", "max_norm": 0.01}
    wrapper = OptimWrapper(sgd(model), clip_grad=clip_grad)
    assert clip_grad == {"type": "norm", "max_norm": 0.01}
    batch = batches(1)[0]
    wrapper.update_params(loss_of(model, batch))
    loss_of(reference, batch).backward()
    norm = nn.utils.clip_grad_norm_(reference.parameters(), 0.01)
    sgd(reference).step()
    assert torch.equal(model.weight, reference.weight)
    logged = MessageHub.get_current_instance().get_scalar("train/grad_norm")
    assert logged.current() == pytest.approx(float(norm))


def test_gradients_are_clipped_by_value_and_nothing_is_logged() -> None:
    model, reference = linear(), linear()
    OptimWrapper(sgd(model), clip_grad={"type": "value", "clip_value": 0.01}).update_params(
        loss_of(model, batches(1)[0])
    )
    loss_of(reference, batches(1)[0]).backward()
    nn.utils.clip_grad_value_(reference.parameters(), 0.01)
    sgd(reference).step()
    assert torch.equal(model.weight, reference.weight)
    assert MessageHub.get_current_instance().log_scalars == {}


def test_parameters_without_a_gradient_are_not_clipped() -> None:
    model = linear()
    OptimWrapper(sgd(model), clip_grad={"max_norm": 1.0}).step()
    assert MessageHub.get_current_instance().log_scalars == {}


class NoHostRead(torch.utils._python_dispatch.TorchDispatchMode):
    """Refuse to tell the host a value of a tensor."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        assert "_local_scalar_dense" not in str(func), "a tensor was read on the host"
        return func(*args, **(kwargs or {}))


def test_an_update_with_clipping_and_accumulation_reads_nothing_on_the_host() -> None:
    model = linear()
    wrapper = OptimWrapper(sgd(model), accumulative_counts=2, clip_grad={"max_norm": 0.1})
    wrapper.initialize_count_status(model, 0, 5)
    with NoHostRead():
        for batch in batches(5):
            wrapper.update_params(loss_of(model, batch))
        with pytest.raises(AssertionError, match="read on the host"):
            loss_of(model, batches(1)[0]).item()


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"accumulative_counts": 0}, AssertionError, "must be an int of 1 or more, but got 0"),
        ({"accumulative_counts": "2"}, AssertionError, "must be an int of 1 or more, but got '2'"),
        ({"accumulative_counts": 2.5}, AssertionError, "must be an int of 1 or more"),
        ({"clip_grad": {}}, AssertionError, "clip_grad must be a dict"),
        ({"clip_grad": 0.1}, AssertionError, "clip_grad must be a dict"),
        ({"clip_grad": {"type": "norm"}}, AssertionError, "clip_grad must be a dict"),
        ({"clip_grad": {"type": "foo", "max_norm": 1}}, ValueError, "'foo'"),
        ({"clip_grad": {"norm_type": 1}}, TypeError, "clip_grad_norm_: missing .*'max_norm'"),
        ({"clip_grad": {"max_norm": 1, "tpye": "value"}}, TypeError, "unexpected .*'tpye'"),
        ({"clip_grad": {"type": "value", "max_norm": 1}}, TypeError, "clip_grad_value_"),
    ],
)
def test_wrong_arguments_are_refused(kwargs: dict, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        OptimWrapper(sgd(linear()), **kwargs)


class NoSyncLinear(nn.Linear):
    """Record when gradients are not synchronized."""

    entered = 0

    @contextmanager
    def no_sync(self):
        self.entered += 1
        yield


def test_gradients_are_synchronized_only_for_updates() -> None:
    model = NoSyncLinear(3, 2)
    wrapper = OptimWrapper(sgd(model), accumulative_counts=3)
    wrapper.initialize_count_status(model, 0, 7)
    seen = []
    for batch in batches(7):
        before = model.entered
        with wrapper.optim_context(model):
            loss = loss_of(model, batch)
        seen.append(model.entered > before)
        wrapper.update_params(loss)
    assert seen == [True, True, False, True, True, False, False]


def test_a_stepper_stands_between_wrapper_and_torch() -> None:
    class Recorder:
        def __init__(self) -> None:
            self.calls: list = []

        def backward(self, loss, **kwargs):
            self.calls.append(("backward", kwargs))
            loss.backward(**kwargs)

        def step(self, optimizer, **kwargs):
            self.calls.append(("step", optimizer))
            optimizer.step(**kwargs)

        @contextmanager
        def no_sync(self, model):
            self.calls.append(("no_sync", model))
            yield

    model = linear()
    wrapper = OptimWrapper(sgd(model), accumulative_counts=2)
    wrapper.stepper = recorder = Recorder()
    for batch in batches(2):
        with wrapper.optim_context(model):
            loss = loss_of(model, batch)
        wrapper.update_params(loss)
    assert recorder.calls == [
        ("no_sync", model),
        ("backward", {}),
        ("backward", {}),
        ("step", wrapper.optimizer),
    ]


def test_overridden_methods_are_called() -> None:
    class Twice(OptimWrapper):
        def backward(self, loss, **kwargs):
            (2 * loss).backward(**kwargs)
            self._inner_count += 1

        def step(self, **kwargs):
            self.gradient = self.optimizer.param_groups[0]["params"][0].grad.clone()
            super().step(**kwargs)

        def zero_grad(self, **kwargs):
            self.zero_kwargs = kwargs
            super().zero_grad(**kwargs)

    weight = nn.Parameter(torch.ones(1))
    wrapper = Twice(torch.optim.SGD([weight], lr=0.1))
    wrapper.update_params(weight.sum(), zero_kwargs={"set_to_none": False})
    assert wrapper.gradient.item() == 2.0
    assert wrapper.zero_kwargs == {"set_to_none": False}
    assert weight.grad is not None and weight.grad.item() == 0.0


def test_arguments_reach_the_optimizer() -> None:
    weight = nn.Parameter(torch.ones(1))
    wrapper = OptimWrapper(torch.optim.SGD([weight], lr=0.1))
    called = []
    wrapper.update_params(weight.sum(), step_kwargs={"closure": lambda: called.append(1)})
    assert called == [1]


def test_learning_rate_and_momentum_by_group() -> None:
    model = linear()
    groups = [{"params": [model.weight], "lr": 0.2}, {"params": [model.bias]}]
    several = OptimWrapper(torch.optim.SGD(groups, lr=0.1, momentum=0.9))
    assert several.get_lr() == {"base_lr": [0.1], "lr": [0.2, 0.1]}
    assert several.get_momentum() == {"momentum": [0.9, 0.9]}
    assert several.param_groups[-1] is several.base_param_settings
    assert several.defaults["momentum"] == 0.9
    one = OptimWrapper(torch.optim.Adam(model.parameters(), lr=0.1, betas=(0.8, 0.99)))
    assert one.get_lr() == {"lr": [0.1]}
    assert one.get_momentum() == {"momentum": [0.8]}
    neither = OptimWrapper(torch.optim.Adagrad(model.parameters()))
    assert neither.get_momentum() == {"momentum": [0]}


def test_state_goes_on_where_it_was_saved() -> None:
    def trained(steps: int):
        model = linear()
        groups = [{"params": [model.weight], "lr": 0.2}, {"params": [model.bias]}]
        wrapper = OptimWrapper(torch.optim.SGD(groups, lr=0.1, momentum=0.9))
        wrapper.base_param_settings["lr"] = 0.05
        for batch in batches(steps):
            wrapper.update_params(loss_of(model, batch))
        return model, wrapper

    model, wrapper = trained(3)
    state = deepcopy(wrapper.state_dict())
    other_model, other = trained(0)
    other.base_param_settings["lr"] = 1.0
    other_model.load_state_dict(model.state_dict())
    other.load_state_dict(state)
    assert "base_param_settings" in state
    assert other.get_lr() == {"base_lr": [0.05], "lr": [0.2, 0.1]}
    for batch in batches(2):
        wrapper.update_params(loss_of(model, batch))
        other.update_params(loss_of(other_model, batch))
    assert torch.equal(model.weight, other_model.weight)


def test_a_bare_optimizers_state_can_be_loaded() -> None:
    model = linear()
    optimizer = sgd(model)
    loss_of(model, batches(1)[0]).backward()
    optimizer.step()
    wrapper = OptimWrapper(sgd(model))
    wrapper.load_state_dict(optimizer.state_dict())
    buffer = wrapper.optimizer.state[model.weight]["momentum_buffer"]
    assert torch.equal(buffer, optimizer.state[model.weight]["momentum_buffer"])


@given(stop=st.integers(0, 9), counts=st.integers(1, 4), max_counts=st.sampled_from([-1, 9]))
def test_a_resume_between_updates_is_exact(stop: int, counts: int, max_counts: int) -> None:
    def start() -> tuple[nn.Linear, OptimWrapper]:
        model = linear()
        return model, OptimWrapper(sgd(model), accumulative_counts=counts)

    model, wrapper = start()
    wrapper.initialize_count_status(model, 0, max_counts)
    resumed_model, resumed = start()
    for index, batch in enumerate(batches(9)):
        if index == stop:
            resumed_model.load_state_dict(model.state_dict())
            resumed.load_state_dict(deepcopy(wrapper.state_dict()))
            resumed.load_accumulation_state(wrapper.accumulation_state())
            resumed.initialize_count_status(resumed_model, stop, max_counts)
        wrapper.update_params(loss_of(model, batch))
        if index >= stop:
            resumed.update_params(loss_of(resumed_model, batch))
    if stop < 9:
        assert torch.equal(model.weight, resumed_model.weight)
        assert wrapper.inner_count == resumed.inner_count
        assert (model.weight.grad is None) == (resumed_model.weight.grad is None)


def test_saved_gradients_do_not_change_afterwards() -> None:
    model = linear()
    wrapper = OptimWrapper(sgd(model), accumulative_counts=3)
    wrapper.update_params(loss_of(model, batches(1)[0]))
    state = wrapper.accumulation_state()
    kept = state["gradients"][0].clone()
    wrapper.update_params(loss_of(model, batches(1)[0]))
    assert torch.equal(state["gradients"][0], kept)
    wrapper.load_accumulation_state(state)
    wrapper.update_params(loss_of(model, batches(1)[0]))
    assert torch.equal(state["gradients"][0], kept)


def test_nothing_pending_is_an_empty_state_and_loads_as_such() -> None:
    model = linear()
    wrapper = OptimWrapper(sgd(model), accumulative_counts=2)
    assert wrapper.accumulation_state() == {}
    wrapper.update_params(loss_of(model, batches(1)[0]))
    wrapper.load_accumulation_state({})
    assert wrapper.inner_count == 0
    assert model.weight.grad is None


def test_gradients_of_another_model_are_refused() -> None:
    wrapper = OptimWrapper(sgd(linear()))
    with pytest.raises(ValueError, match=r"parameter 0 has the shape \(7,\)"):
        wrapper.load_accumulation_state({"inner_count": 1, "gradients": {0: torch.zeros(7)}})
    with pytest.raises(ValueError, match="parameter 5"):
        wrapper.load_accumulation_state({"inner_count": 1, "gradients": {5: torch.zeros(2, 3)}})


@pytest.mark.parametrize(
    ("init_counts", "model", "words"),
    [
        (4, nn.Linear(3, 2), ["without the gradients accumulated before"]),
        (3, nn.BatchNorm1d(3), ["BatchNorm"]),
        (3, nn.Linear(3, 2), []),
    ],
)
def test_what_accumulation_cannot_do_is_said(init_counts, model, words, capsys) -> None:
    wrapper = OptimWrapper(sgd(model), accumulative_counts=3)
    wrapper.initialize_count_status(model, init_counts, 9)
    out = "".join(capsys.readouterr())
    assert all(word in out for word in words)
    assert bool(words) == ("WARNING" in out)


def test_no_warning_when_the_gradients_were_restored(capsys) -> None:
    model = linear()
    interrupted = OptimWrapper(sgd(model), accumulative_counts=3)
    interrupted.update_params(loss_of(model, batches(1)[0]))
    wrapper = OptimWrapper(sgd(model), accumulative_counts=3)
    wrapper.load_accumulation_state(interrupted.accumulation_state())
    wrapper.initialize_count_status(model, 1, 9)
    assert wrapper.inner_count == 1
    assert "WARNING" not in "".join(capsys.readouterr())


def test_a_new_training_counts_anew() -> None:
    model = linear()
    wrapper = OptimWrapper(sgd(model), accumulative_counts=2)
    wrapper.load_accumulation_state({"inner_count": 3, "gradients": {}})
    wrapper.initialize_count_status(model, 4, 8)
    assert wrapper.inner_count == 3
    wrapper.initialize_count_status(model, 0, 8)
    assert wrapper.inner_count == 0
    wrapper.load_accumulation_state({"inner_count": 3, "gradients": {}})
    wrapper.update_params(loss_of(model, batches(1)[0]))
    wrapper.initialize_count_status(model, 0, 8)
    assert wrapper.inner_count == 0


def test_the_interface_is_abstract() -> None:
    with pytest.raises(TypeError, match="abstract"):
        BaseOptimWrapper(sgd(linear()))  # type: ignore[abstract]


def test_its_text_shows_the_optimizer() -> None:
    text = repr(OptimWrapper(sgd(linear()), accumulative_counts=2))
    assert text.startswith("Type: OptimWrapper\n_accumulative_counts: 2\noptimizer: \nSGD (")


def test_what_is_no_optimizer_is_refused() -> None:
    with pytest.raises(TypeError, match="optimizer must be an Optimizer, but got 3"):
        OptimWrapper(3)  # type: ignore[arg-type]
