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
    begin=st.integers(0, 3),
    intervals=st.integers(1, 6),
    interval=st.integers(1, 7),
    rate=st.floats(0.01, 10.0),
)
def test_linear_moves_every_interval(
    start: float, end: float, begin: int, intervals: int, interval: int, rate: float
) -> None:
    length = intervals * interval
    scheduler = LinearLrInterval(
        sgd(rate),
        start_factor=start,
        end_factor=end,
        begin=begin,
        end=begin + length,
        interval=interval,
    )
    rates = [scheduler.optimizer.param_groups[0]["lr"], *curve(scheduler, begin + length - 1)[1:]]
    for step, value in enumerate(rates):
        reached = max(0, step - 1 - begin) // interval
        assert value == pytest.approx(start + (end - start) * reached / intervals, abs=1e-6)


def test_linear_has_the_rates_that_mmagic_has() -> None:
    """Recorded from mmagic 1.2.0, but for its 4e-08 at ``begin``, which is the square of 0.0002."""
    scheduler = LinearLrInterval(
        sgd(0.0002), start_factor=0.0002, end_factor=0, begin=3, end=13, interval=3, by_epoch=False
    )
    expected = [0.0002] * 7 + [0.0002 * 2 / 3] * 3 + [0.0002 / 3] * 4
    assert curve(scheduler, 13) == pytest.approx(expected)


def test_linear_refuses_an_interval_of_zero() -> None:
    with pytest.raises(ValueError, match="interval"):
        LinearLrInterval(sgd(), interval=0)
    with pytest.raises(ValueError, match="interval=9 is more than there is between"):
        LinearLrInterval(sgd(), interval=9, begin=1, end=9)


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
    assert rates.rates == pytest.approx([1.0] * 5 + [0.5] * 3)
