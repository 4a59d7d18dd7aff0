"""Seeds, intervals, mixed precision and priorities."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmlight.runner import Priority, autocast, get_priority
from mmlight.runner.utils import calc_dynamic_intervals, set_random_seed


def draw() -> list[float]:
    return [random.random(), float(np.random.rand()), float(torch.rand(1))]


def test_equal_seeds_give_equal_draws() -> None:
    assert set_random_seed(3) == 3
    first = draw()
    set_random_seed(4)
    other = draw()
    set_random_seed(3)
    assert draw() == first
    assert not set(first) & set(other)


def test_a_seed_is_drawn_when_none_is_given() -> None:
    used = set_random_seed(None)
    first = draw()
    set_random_seed(used)
    assert draw() == first


def test_deterministic_algorithms() -> None:
    torch.backends.cudnn.benchmark = True
    set_random_seed(0, deterministic=True)
    assert torch.are_deterministic_algorithms_enabled()
    assert torch.backends.cudnn.deterministic and not torch.backends.cudnn.benchmark


@given(st.integers(1, 9), st.lists(st.tuples(st.integers(1, 99), st.integers(1, 9)), max_size=4))
def test_intervals_follow_their_milestones(start: int, changes: list[tuple[int, int]]) -> None:
    changes.sort(key=lambda change: change[0])
    milestones, intervals = calc_dynamic_intervals(start, changes)
    assert (milestones[0], intervals[0]) == (0, start)
    assert list(zip(milestones[1:], intervals[1:], strict=True)) == changes


@pytest.mark.parametrize("changes", ["12", [3], [(1, 2, 3)], [[1, 2]]])
def test_changes_that_are_no_pairs(changes: Any) -> None:
    with pytest.raises(AssertionError, match="dynamic_intervals"):
        calc_dynamic_intervals(1, changes)


def product() -> torch.dtype:
    return (torch.ones(2, 2) @ torch.ones(2, 2)).dtype


def test_autocast_on_a_cpu() -> None:
    with autocast():
        expected = torch.float32 if torch.cuda.is_available() else torch.bfloat16
        assert product() is expected
    with autocast(device_type="cpu", dtype=torch.bfloat16, cache_enabled=False):
        assert product() is torch.bfloat16 and not torch.is_autocast_cache_enabled()
    with autocast(device_type="cpu", enabled=False):
        assert product() is torch.float32
    assert product() is torch.float32


def test_autocast_refuses_what_it_cannot_do() -> None:
    with pytest.raises(AssertionError, match="bfloat16"), autocast("cpu", dtype=torch.float16):
        pass
    with pytest.raises(ValueError, match="toaster"), autocast(device_type="toaster"):
        pass


@pytest.mark.parametrize(
    ("priority", "expected"),
    [("LOW", 70), ("very_high", 10), (35, 35), (0, 0), (100, 100), (Priority.HIGHEST, 0)],
)
def test_priorities(priority: Any, expected: int) -> None:
    assert get_priority(priority) == expected


@pytest.mark.parametrize(
    ("priority", "error", "message"),
    [
        (101, ValueError, "between 0 and 100"),
        (-1, ValueError, "between 0 and 100"),
        ("VERY_HI", KeyError, "VERY_HIGH"),
        (2.5, TypeError, "float"),
        (None, TypeError, "NoneType"),
    ],
)
def test_priorities_that_do_not_exist(priority: Any, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        get_priority(priority)
