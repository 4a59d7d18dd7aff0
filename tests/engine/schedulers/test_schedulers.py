"""LinearLrInterval and ReduceLR: their curves, and each in a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmlight.engine import LinearLrInterval, ReduceLR
from mmlight.hooks import Hook
from tests.engine.toys import regression_runner


def sgd(lr: float = 1.0) -> torch.optim.SGD:
    return torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=lr)


def curve(scheduler: Any, steps: int) -> list[float]:
    rates = [scheduler.get_last_value()[0]]
    for _ in range(steps):
        scheduler.optimizer.step()
        scheduler.step()
        rates.append(scheduler.optimizer.param_groups[0]["lr"])
    return rates


@given(
    start=st.floats(0.1, 1.0),
    end=st.floats(0.0, 1.0),
    length=st.integers(2, 30),
    interval=st.integers(1, 7),
)
def test_linear_moves_every_interval(start: float, end: float, length: int, interval: int) -> None:
    scheduler = LinearLrInterval(
        sgd(), start_factor=start, end_factor=end, end=length, interval=interval
    )
    rates = curve(scheduler, length - 1)
    for step, rate in enumerate(rates):
        reached = step // interval * interval
        assert rate == pytest.approx(start + (end - start) * reached / (length - 1), abs=1e-6)


def test_linear_with_interval_one_is_linear() -> None:
    from mmlight.optim import LinearLR

    arguments: dict[str, Any] = {"start_factor": 0.5, "end_factor": 0.1, "begin": 0, "end": 20}
    assert curve(LinearLrInterval(sgd(), **arguments), 25) == curve(
        LinearLR(sgd(), **arguments), 25
    )


def test_linear_holds_the_first_rate_until_begin() -> None:
    scheduler = LinearLrInterval(sgd(), start_factor=0.5, end_factor=0.1, begin=3, end=8)
    scheduler.optimizer.step()
    rates = [scheduler.optimizer.param_groups[0]["lr"], *curve(scheduler, 8)[1:]]
    assert rates == pytest.approx([0.5, 0.5, 0.5, 0.5, 0.4, 0.3, 0.2, 0.1, 0.1])


def test_linear_refuses_an_interval_of_zero() -> None:
    with pytest.raises(ValueError, match="interval"):
        LinearLrInterval(sgd(), interval=0)


def reduced(values: list[float], **arguments: Any) -> list[float]:
    scheduler = ReduceLR(sgd(), **arguments)
    rates = []
    for value in values:
        scheduler.observe(value)
        scheduler.optimizer.step()
        scheduler.step()
        rates.append(scheduler.optimizer.param_groups[0]["lr"])
    return rates


@given(
    st.lists(st.floats(-5, 5), min_size=1, max_size=30),
    st.sampled_from(["min", "max"]),
    st.sampled_from(["rel", "abs"]),
    st.integers(0, 3),
    st.integers(0, 3),
)
def test_reduce_as_torch_does_where_values_are_positive(
    values: list[float], mode: str, threshold_mode: str, patience: int, cooldown: int
) -> None:
    values = [abs(value) + 0.1 for value in values]
    arguments = {
        "mode": mode,
        "factor": 0.5,
        "patience": patience,
        "threshold": 0.01,
        "threshold_mode": threshold_mode,
        "cooldown": cooldown,
        "min_lr": 0.05,
    }
    optimizer = sgd()
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **arguments)
    expected = []
    for value in values:
        optimizer.step()
        theirs.step(value)
        expected.append(optimizer.param_groups[0]["lr"])
    assert reduced(values, **arguments) == pytest.approx(expected)


def test_reduce_knows_better_also_below_zero() -> None:
    scheduler = ReduceLR(sgd(), threshold=0.1)
    assert scheduler.is_better(-2.0, -1.0)
    assert not scheduler.is_better(-1.05, -1.0)


def test_reduce_tells_of_its_cooldown() -> None:
    scheduler = ReduceLR(sgd(), patience=0, cooldown=2)
    for value in (1.0, 1.0):
        scheduler.observe(value)
        scheduler.optimizer.step()
        scheduler.step()
    assert scheduler.in_cooldown
    assert scheduler.get_last_value() == [0.1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"mode": "less"}, "mode"),
        ({"factor": 1.0}, "factor"),
        ({"threshold_mode": "ratio"}, "threshold_mode"),
    ],
)
def test_reduce_bad_arguments(arguments: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ReduceLR(sgd(), **arguments)


class Rates(Hook):
    """The learning rate with which each iteration ran."""

    def __init__(self) -> None:
        self.rates: list[float] = []

    def before_train_iter(self, runner: Any, *_: Any, **__: Any) -> None:
        self.rates.append(runner.optim_wrapper.get_lr()["lr"][0])


def test_linear_in_a_run(tmp_path: Path) -> None:
    rates = Rates()
    scheduler = {
        "type": "LinearLrInterval",
        "start_factor": 1.0,
        "end_factor": 0.0,
        "end": 9,
        "interval": 4,
        "by_epoch": False,
    }
    regression_runner(tmp_path, param_scheduler=scheduler, custom_hooks=[rates]).train()
    assert rates.rates == pytest.approx([0.1] * 4 + [0.05] * 4)
