"""Mixed precision on the CPU, which has bfloat16 and float16 autocast as well."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmlight.optim import AmpOptimWrapper


def build(**kwargs) -> tuple[nn.Linear, AmpOptimWrapper]:
    torch.manual_seed(0)
    model = nn.Linear(3, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    return model, AmpOptimWrapper(optimizer=optimizer, **kwargs)


def train(model: nn.Module, wrapper: AmpOptimWrapper, steps: int = 3) -> None:
    generator = torch.Generator().manual_seed(1)
    for _ in range(steps):
        batch = torch.randn(4, 3, generator=generator)
        with wrapper.optim_context(model):
            loss = model(batch).square().mean()
        wrapper.update_params(loss)


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (None, torch.bfloat16),
        ("bfloat16", torch.bfloat16),
        ("float16", torch.float16),
        (torch.float16, torch.float16),
    ],
)
def test_the_forward_pass_runs_in_lower_precision(dtype, expected) -> None:
    model, wrapper = build(dtype=dtype)
    with wrapper.optim_context(model):
        assert model(torch.ones(1, 3)).dtype == expected
    assert model(torch.ones(1, 3)).dtype == torch.float32


def test_an_update_equals_torchs_autocast() -> None:
    model, wrapper = build(dtype="bfloat16")
    train(model, wrapper)
    torch.manual_seed(0)
    reference = nn.Linear(3, 2)
    optimizer = torch.optim.SGD(reference.parameters(), lr=0.1, momentum=0.9)
    generator = torch.Generator().manual_seed(1)
    for _ in range(3):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = reference(torch.randn(4, 3, generator=generator)).square().mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    assert torch.equal(model.weight, reference.weight)


def test_scaling_by_a_power_of_two_changes_nothing() -> None:
    model, wrapper = build(dtype="bfloat16")
    scaled_model, scaled = build(dtype="bfloat16", loss_scale=128.0)
    train(model, wrapper)
    train(scaled_model, scaled)
    assert scaled.loss_scaler.get_scale() == 128.0
    assert torch.equal(model.weight, scaled_model.weight)


@pytest.mark.parametrize("clip_grad", [None, {"max_norm": 1e-3}])
def test_infinite_gradients_skip_the_update_and_lower_the_scale(clip_grad) -> None:
    model, wrapper = build(dtype="float16", loss_scale={"init_scale": 2.0**10}, clip_grad=clip_grad)
    before = model.weight.clone()
    wrapper.update_params(model(torch.full((1, 3), float("inf"))).sum())
    assert torch.equal(model.weight, before)
    assert wrapper.loss_scaler.get_scale() == 2.0**9
    assert model.weight.grad is None
    wrapper.update_params(model(torch.ones(1, 3)).sum())
    assert not torch.equal(model.weight, before)


def test_gradients_are_clipped_without_their_scale() -> None:
    plain_model, plain = build(dtype="bfloat16", clip_grad={"max_norm": 0.01})
    scaled_model, scaled = build(dtype="bfloat16", loss_scale=64, clip_grad={"max_norm": 0.01})
    train(plain_model, plain, 1)
    train(scaled_model, scaled, 1)
    assert torch.equal(plain_model.weight, scaled_model.weight)


def test_the_scale_is_saved_and_loaded() -> None:
    _, wrapper = build(dtype="float16")
    model, _ = build()
    wrapper.update_params(wrapper.optimizer.param_groups[0]["params"][0].sum() * float("inf"))
    state = wrapper.state_dict()
    assert state["loss_scaler"]["scale"] == 2.0**15
    _, other = build(dtype="float16")
    other.load_state_dict(state)
    assert other.loss_scaler.get_scale() == 2.0**15
    assert "loss_scaler" in state
    other.load_state_dict(torch.optim.SGD(model.parameters(), lr=0.5).state_dict())
    assert other.get_lr() == {"lr": [0.5]}


def test_updates_are_accumulated() -> None:
    model, wrapper = build(dtype="float16", loss_scale=256.0, accumulative_counts=2)
    before = model.weight.clone()
    train(model, wrapper, 1)
    assert torch.equal(model.weight, before)
    train(model, wrapper, 1)
    assert not torch.equal(model.weight, before)


def test_a_stepper_does_the_step_that_the_scaler_allows() -> None:
    class Recorder:
        steps = 0

        def backward(self, loss, **kwargs):
            loss.backward(**kwargs)

        def step(self, optimizer, **kwargs):
            self.steps += 1
            optimizer.step(**kwargs)

    options = {"dtype": "float16", "loss_scale": 256.0, "clip_grad": {"max_norm": 1.0}}
    model, wrapper = build(**options)
    wrapper.stepper = recorder = Recorder()  # type: ignore[assignment]
    reference_model, reference = build(**options)
    train(model, wrapper, 2)
    train(reference_model, reference, 2)
    assert recorder.steps == 2
    assert torch.equal(model.weight, reference_model.weight)
    wrapper.update_params(model.weight.sum() * float("inf"))
    assert recorder.steps == 2


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"dtype": "int8"}, AssertionError, "dtype should be any of"),
        ({"loss_scale": "static"}, TypeError, "'static' of type str"),
        ({"loss_scale": None}, TypeError, "loss_scale must be"),
        ({"loss_scale": True}, TypeError, "loss_scale must be"),
    ],
)
def test_wrong_arguments_are_refused(kwargs, error, message) -> None:
    with pytest.raises(error, match=message):
        build(**kwargs)


def test_full_precision_can_be_asked_for() -> None:
    model = nn.Linear(2, 1)
    sgd = torch.optim.SGD(model.parameters(), lr=0.1)
    wrapper = AmpOptimWrapper(dtype="float32", optimizer=sgd)
    assert wrapper.cast_dtype is torch.float32
    with wrapper.optim_context(model):
        assert model(torch.ones(1, 2)).dtype is torch.float32
