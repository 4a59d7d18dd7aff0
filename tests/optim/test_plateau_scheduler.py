"""Schedulers that wait for a metric to stop improving."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from mmlight.optim import OptimWrapper, ReduceOnPlateauLR, ReduceOnPlateauMomentum
from tests.optim.scheduler_cases import optimizer


def sgd() -> torch.optim.SGD:
    return torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=1.0, momentum=0.9)


OPTIONS = st.fixed_dictionaries(
    {
        "factor": st.floats(0.1, 0.9),
        "patience": st.integers(0, 3),
        "cooldown": st.integers(0, 3),
        "threshold": st.sampled_from([0.0, 0.1]),
        "rule": st.sampled_from(["less", "greater"]),
        "threshold_rule": st.sampled_from(["rel", "abs"]),
        "min_value": st.sampled_from([0.0, 0.2]),
        "eps": st.sampled_from([1e-8, 0.1]),
    }
)
METRICS = st.lists(st.sampled_from([0.1, 0.5, 0.55, 0.6, 1.0, 2.0, float("nan")]), max_size=25)


@given(options=OPTIONS, metrics=METRICS)
def test_it_decides_as_torchs_does(options: dict, metrics: list[float]) -> None:
    ours, theirs = sgd(), sgd()
    scheduler = ReduceOnPlateauLR(ours, **options)
    renamed = {
        "mode": {"less": "min", "greater": "max"}[options["rule"]],
        "threshold_mode": options["threshold_rule"],
        "min_lr": options["min_value"],
    }
    kept = ("factor", "patience", "cooldown", "threshold", "eps")
    reference = ReduceLROnPlateau(theirs, **renamed, **{key: options[key] for key in kept})
    for metric in metrics:
        scheduler.step({"loss": metric})
        reference.step(metric)
        assert ours.param_groups[0]["lr"] == theirs.param_groups[0]["lr"]


@given(options=OPTIONS, metrics=METRICS, stop=st.integers(0, 25))
def test_a_resume_continues_exactly(options: dict, metrics: list[float], stop: int) -> None:
    first = sgd()
    scheduler = ReduceOnPlateauLR(first, **options)
    for metric in metrics[:stop]:
        scheduler.step({"loss": metric})
    second = sgd()
    resumed = ReduceOnPlateauLR(second, **options)
    second.load_state_dict(first.state_dict())
    resumed.load_state_dict(copy.deepcopy(scheduler.state_dict()))
    for metric in metrics[stop:]:
        scheduler.step({"loss": metric})
        resumed.step({"loss": metric})
    assert first.param_groups[0]["lr"] == second.param_groups[0]["lr"]
    assert scheduler.state_dict() == resumed.state_dict()


def test_metrics_before_begin_and_after_end_do_not_count() -> None:
    scheduler = ReduceOnPlateauLR(sgd(), patience=0, factor=0.5, begin=2, end=4)
    values = []
    for _ in range(6):
        scheduler.step()
        scheduler.step({"loss": 1.0})
        values.append(scheduler.get_last_value()[0])
    assert values == [1.0, 1.0, 0.5, 0.5, 0.5, 0.5]


def test_each_group_has_its_lower_bound() -> None:
    scheduler = ReduceOnPlateauLR(optimizer(), patience=0, min_value=[0.05, 0.001])
    for _ in range(3):
        scheduler.step({"loss": 1.0})
    assert scheduler.get_last_value() == pytest.approx([0.05, 0.001])


def test_the_base_settings_of_a_wrapper_have_the_last_lower_bound() -> None:
    wrapper = OptimWrapper(optimizer())
    scheduler = ReduceOnPlateauLR(wrapper, patience=0, min_value=[0.05, 0.001])
    for _ in range(4):
        scheduler.step({"loss": 1.0})
    assert scheduler.get_last_value() == pytest.approx([0.05, 0.001, 0.001])


@pytest.mark.parametrize(
    "value", [2, np.float32(2), np.float64(2), np.int64(2), np.array(2.0), np.array([2])]
)
def test_a_metric_may_be_of_numpy(value) -> None:
    scheduler = ReduceOnPlateauLR(sgd())
    scheduler.step({"loss": value})
    assert scheduler.best == 2.0 and type(scheduler.best) is float


def test_the_first_beta_of_adam_is_reduced() -> None:
    adam = optimizer("Adam")
    scheduler = ReduceOnPlateauMomentum(adam, patience=0, factor=0.5, monitor="fid")
    for _ in range(2):
        scheduler.step({"fid": 3.0})
    assert adam.param_groups[0]["betas"] == (0.4, 0.99)


def test_a_tensor_or_the_metric_alone_will_do() -> None:
    scheduler = ReduceOnPlateauLR(sgd())
    scheduler.step({"loss": torch.tensor([2.0])})
    assert scheduler.best == 2.0 and type(scheduler.best) is float
    scheduler.step(torch.tensor(1.0))
    scheduler.step(0.5)
    assert scheduler.best == 0.5


def test_a_reduction_is_logged_if_asked_for(capsys) -> None:
    scheduler = ReduceOnPlateauLR(sgd(), patience=0, verbose=True)
    for _ in range(2):
        scheduler.step({"loss": 1.0})
    out = "".join(capsys.readouterr())
    assert "Adjusting parameter value of group 0 to 1.0000e-01 in epoch 1." in out


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"factor": 1.0}, ValueError, "Factor should be < 1.0"),
        ({"rule": "min"}, ValueError, "rule must be"),
        ({"threshold_rule": "x"}, ValueError, "threshold_rule must be"),
        ({"min_value": [1, 2]}, ValueError, "expected 1 values for min_value, got 2"),
    ],
)
def test_wrong_arguments_are_refused(options, error, message) -> None:
    with pytest.raises(error, match=message):
        ReduceOnPlateauLR(sgd(), **options)


@pytest.mark.parametrize(
    ("metrics", "error", "message"),
    [
        ({"acc": 1.0}, KeyError, r"'loss' is not among \['acc'\]"),
        ({"loss": "low"}, TypeError, "'loss' is 'low' of type str"),
        ({"loss": torch.ones(2)}, TypeError, "'loss' is tensor"),
        ([1.0], TypeError, "metrics should be a dict"),
    ],
)
def test_wrong_metrics_are_refused(metrics, error, message) -> None:
    with pytest.raises(error, match=message):
        ReduceOnPlateauLR(sgd()).step(metrics)
