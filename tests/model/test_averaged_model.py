"""Averages of weights."""

import copy
import pickle

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from mmlight.model import (
    BaseAveragedModel,
    ExponentialMovingAverage,
    MomentumAnnealingEMA,
    StochasticWeightAverage,
)
from mmlight.registry import MODELS


def follow(average, model, values):
    """Set the model's weights to each value in turn and update; returns the averages."""
    seen = []
    for value in values:
        for param in model.parameters():
            nn.init.constant_(param, value)
        average.update_parameters(model)
        seen.append(average.module.weight.item())
    return seen


@given(st.lists(st.floats(-10, 10, width=32), min_size=1, max_size=8), st.floats(0.01, 0.5))
@settings(max_examples=30)
def test_ema_is_its_formula(values, momentum):
    model = nn.Linear(1, 1, bias=False)
    expected = [values[0]]
    for value in values[1:]:
        expected.append((1 - momentum) * expected[-1] + momentum * value)
    seen = follow(ExponentialMovingAverage(model, momentum), model, values)
    assert seen == pytest.approx(expected, rel=1e-4, abs=1e-5)


@given(st.lists(st.floats(-10, 10, width=32), min_size=1, max_size=8))
@settings(max_examples=30)
def test_swa_is_the_mean(values):
    model = nn.Linear(1, 1, bias=False)
    seen = follow(StochasticWeightAverage(model), model, values)
    assert seen[-1] == pytest.approx(sum(values) / len(values), rel=1e-4, abs=1e-5)


def test_annealing_begins_fast():
    model = nn.Linear(1, 1, bias=False)
    average = MomentumAnnealingEMA(model, momentum=0.1, gamma=3)
    expected = [1.0]
    for step in range(1, 40):
        share = max(0.1, 3 / (3 + step))
        expected.append(expected[-1] * (1 - share))
    assert follow(average, model, [1.0] + [0.0] * 39) == pytest.approx(expected, rel=1e-4)


def test_interval():
    model = nn.Linear(1, 1, bias=False)
    average = ExponentialMovingAverage(model, momentum=0.5, interval=3)
    assert follow(average, model, [0, 8, 8, 8, 8, 8, 8]) == [0, 0, 0, 4, 4, 4, 6]


@pytest.mark.parametrize("update_buffers", [False, True])
def test_buffers_are_averaged_or_copied(update_buffers):
    model = nn.BatchNorm1d(1)
    average = ExponentialMovingAverage(model, momentum=0.5, update_buffers=update_buffers)
    for mean in (0.0, 4.0):
        model.running_mean.fill_(mean)
        model.num_batches_tracked.add_(1)
        average.update_parameters(model)
    assert average.module.running_mean.item() == (2.0 if update_buffers else 4.0)
    assert average.module.num_batches_tracked.item() == (1 if update_buffers else 2)
    assert ("running_mean" in average.avg_parameters) is update_buffers


@pytest.mark.parametrize("update_buffers", [False, True])
def test_buffers_that_no_checkpoint_holds_are_copied(update_buffers):
    """An average of them would be lost at a resume."""
    model = nn.Linear(1, 1)
    model.register_buffer("grid", torch.zeros(1), persistent=False)
    average = ExponentialMovingAverage(model, momentum=0.5, update_buffers=update_buffers)
    for value in (0.0, 4.0):
        model.grid.fill_(value)
        average.update_parameters(model)
    assert average.module.grid.item() == 4.0
    assert "grid" not in average.avg_parameters


def test_the_copy_is_apart_and_needs_no_gradient():
    model = nn.Linear(2, 2)
    average = ExponentialMovingAverage(model)
    nn.init.zeros_(model.weight)
    assert average.module.weight.abs().sum() > 0
    assert not any(param.requires_grad for param in average.parameters())
    assert torch.equal(average(torch.zeros(1, 2)), average.module.bias[None])
    assert list(average.state_dict()) == ["steps", "module.weight", "module.bias"]


def test_a_subclass_says_how_one_tensor_is_averaged():
    seen = []

    class Largest(BaseAveragedModel):
        def avg_func(self, averaged_param, source_param, steps):
            seen.append(steps)
            torch.maximum(averaged_param, source_param, out=averaged_param)

    class Halfway(ExponentialMovingAverage):
        def avg_func(self, averaged_param, source_param, steps):
            averaged_param.add_(source_param).div_(2)

    model = nn.Linear(1, 1, bias=False)
    assert follow(Largest(model), model, [3, 1, 5, 2]) == [3, 3, 5, 5]
    assert seen == [1, 2, 3]
    assert follow(Halfway(model), model, [0, 8]) == [0, 4]


def test_a_state_that_was_loaded_counts():
    model = nn.Linear(1, 1, bias=False)
    first = MomentumAnnealingEMA(model, momentum=0.01, gamma=3)
    follow(first, model, [1, 2, 3])
    second = MomentumAnnealingEMA(nn.Linear(1, 1, bias=False), momentum=0.01, gamma=3)
    follow(second, model, [9])
    second.load_state_dict(first.state_dict())
    assert follow(second, model, [4, 5]) == follow(first, model, [4, 5])
    assert second.steps.item() == 5
    second.steps.fill_(0)
    assert follow(second, model, [7]) == [7]


@pytest.mark.parametrize("clone", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copy_goes_on_by_itself(clone):
    model = nn.Linear(1, 1, bias=False)
    average = ExponentialMovingAverage(model, momentum=0.5)
    follow(average, model, [0, 4])
    other = clone(average)
    assert follow(other, model, [6]) == [4]
    assert average.module.weight.item() == 2


def test_parts_that_were_replaced_are_followed():
    model = nn.Sequential(nn.Linear(1, 1, bias=False))
    average = ExponentialMovingAverage(model, momentum=0.5)
    average.update_parameters(model)
    model[0] = nn.Linear(1, 1, bias=False)
    nn.init.constant_(average.module[0].weight, 0)
    nn.init.constant_(model[0].weight, 4)
    average.update_parameters(model)
    assert average.module[0].weight.item() == 2
    model[0].weight = nn.Parameter(torch.full((1, 1), 6.0))
    average.update_parameters(model)
    assert average.module[0].weight.item() == 4


def test_a_move_is_followed():
    model = nn.BatchNorm1d(1)
    average = ExponentialMovingAverage(model, momentum=0.5)
    average.update_parameters(model)
    average.double()
    model.double()
    model.running_mean.fill_(3)
    average.update_parameters(model)
    assert average.module.running_mean.item() == 3
    assert average.module.running_mean.dtype == torch.float64


def test_a_model_that_lacks_a_tensor():
    average = ExponentialMovingAverage(nn.Linear(1, 1))
    with pytest.raises(KeyError, match="bias is averaged, but Linear has no such tensor"):
        average.update_parameters(nn.Linear(1, 1, bias=False))


@pytest.mark.parametrize("momentum", [0, 1, -0.1, 2])
def test_momentum_out_of_range(momentum):
    with pytest.raises(AssertionError, match=r"momentum must be in range \(0.0, 1.0\)"):
        ExponentialMovingAverage(nn.Linear(1, 1), momentum)


def test_a_large_momentum_is_probably_a_mistake(capsys):
    ExponentialMovingAverage(nn.Linear(1, 1), momentum=0.999)
    captured = capsys.readouterr()
    assert "usually a small number" in captured.out + captured.err


@pytest.mark.parametrize("interval", [0, -1])
def test_interval_must_be_positive(interval):
    with pytest.raises(AssertionError, match=r"interval must be .*greater than 0"):
        ExponentialMovingAverage(nn.Linear(1, 1), interval=interval)


@pytest.mark.parametrize("gamma", [0, -1])
def test_gamma_must_be_positive(gamma):
    with pytest.raises(AssertionError, match="gamma must be greater than 0"):
        MomentumAnnealingEMA(nn.Linear(1, 1), gamma=gamma)


@pytest.mark.parametrize(
    "kind", ["ExponentialMovingAverage", "MomentumAnnealingEMA", "StochasticWeightAverage"]
)
def test_an_update_reads_nothing_on_the_host(kind):
    reads = []

    class Reads(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            if "_local_scalar_dense" in str(func):
                reads.append(str(func))
            return func(*args, **(kwargs or {}))

    model = nn.Linear(2, 2)
    average = MODELS.build({"type": kind, "model": model})
    average.update_parameters(model)
    with Reads():
        for _ in range(5):
            average.update_parameters(model)
    assert reads == []


def test_parts_that_were_added_or_removed_are_noticed():
    model = nn.ModuleDict({"fc": nn.Linear(1, 1), "norm": nn.BatchNorm1d(1)})
    average = ExponentialMovingAverage(model, momentum=0.5)
    average.update_parameters(model)
    model["more"] = nn.Linear(1, 1)
    model["norm"].running_mean = torch.full((1,), 5.0)
    average.update_parameters(model)
    assert average.module["norm"].running_mean.item() == 5
    del model["fc"]
    with pytest.raises(KeyError, match=r"fc.weight is averaged, but ModuleDict has no such tensor"):
        average.update_parameters(model)


class Calls(TorchDispatchMode):
    """Notes what torch is asked to do, and on which types of tensors."""

    def __init__(self):
        super().__init__()
        self.names, self.types = [], []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.names.append(func.__name__.split(".")[0])
        lists = (arg for arg in args if isinstance(arg, list))
        self.types.append([{(t.device, t.dtype) for t in tensors} for tensors in lists])
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("layers", [1, 7])
def test_an_update_is_a_few_calls_however_many_layers_there_are(layers):
    parts = [nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1)) for _ in range(layers)]
    parts.append(nn.Linear(1, 1).double())
    model = nn.Sequential(*parts)
    average = ExponentialMovingAverage(model, momentum=0.5)
    average.update_parameters(model)
    with Calls() as calls:
        average.update_parameters(model)
    # Weights of two types, statistics and their counters, and the counter of the updates.
    assert calls.names == ["_foreach_lerp_"] * 2 + ["_foreach_copy_"] * 2 + ["add_"]
    # A list of tensors that differ would be worked off one by one.
    assert all(len(kinds) == 1 for lists in calls.types for kinds in lists)


def test_autograd_still_notices_that_an_average_changed_under_it():
    model = nn.Linear(1, 1, bias=False)
    average = ExponentialMovingAverage(model, momentum=0.5)
    average.update_parameters(model)
    inputs = torch.ones(1, 1, requires_grad=True)
    loss = average(inputs).sum()
    average.update_parameters(model)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()
