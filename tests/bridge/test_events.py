"""The dispatcher of events: who is called, and in which order."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmlight.bridge.events import POINTS, Dispatcher
from mmlight.hooks import Hook

CALLED: list[Any] = []


class Named(Hook):
    def __init__(self, name: Any, writes: bool = False) -> None:
        self.name = name
        self.writes = writes

    def before_run(self, runner: Any) -> None:
        CALLED.append(self.name)


def called(dispatcher: Dispatcher, **kwargs: Any) -> list[Any]:
    CALLED.clear()
    dispatcher.call("before_run", "runner", kwargs)
    return list(CALLED)


@given(st.lists(st.integers(0, 5), max_size=12))
def test_equal_priorities_keep_the_order_in_which_they_came(priorities: list[int]) -> None:
    dispatcher = Dispatcher()
    for number, priority in enumerate(priorities):
        dispatcher.add(Named(number), priority)
        called(dispatcher)  # a hook that comes after a call has its place all the same
    ordered = sorted(range(len(priorities)), key=lambda number: priorities[number])
    assert called(dispatcher) == ordered
    assert [hook.name for hook in dispatcher.hooks] == ordered


def after(*names: str) -> list[Any]:
    return [lambda runner, name=name: CALLED.append(name) for name in names]


def test_those_who_follow_the_hooks() -> None:
    dispatcher = Dispatcher()
    dispatcher.set_after({"before_run": after("second")})
    dispatcher.add(Named("first"), 100)
    assert called(dispatcher) == ["first", "second"]
    dispatcher.add_after("before_run", *after("third"))
    assert called(dispatcher) == ["first", "second", "third"]
    dispatcher.add(Named("zeroth"), 1)
    assert called(dispatcher) == ["zeroth", "first", "second", "third"]
    dispatcher.clear()
    assert called(dispatcher) == ["second", "third"]
    dispatcher.set_after({})
    assert called(dispatcher) == []


def test_some_are_left_out_for_a_while() -> None:
    dispatcher = Dispatcher()
    dispatcher.set_after({"before_run": after("follower")})
    dispatcher.add(Named("reader"), 1)
    dispatcher.add(Named("writer", writes=True), 2)
    assert called(dispatcher) == ["reader", "writer", "follower"]
    dispatcher.leave_out_writers(True)
    assert called(dispatcher) == ["reader", "follower"]
    dispatcher.leave_out_writers(False)
    dispatcher.leave_out_hooks(True)
    assert called(dispatcher) == ["follower"]
    dispatcher.leave_out_hooks(False)
    assert called(dispatcher) == ["reader", "writer", "follower"]


def test_a_copy_has_the_hooks_and_nobody_of_the_trainer() -> None:
    dispatcher = Dispatcher()
    dispatcher.set_after({"before_run": after("follower")})
    dispatcher.add(Named("hook"), 1)
    assert called(dispatcher) == ["hook", "follower"]
    assert called(copy.copy(dispatcher)) == ["hook"]
    assert called(dispatcher) == ["hook", "follower"]


def test_points() -> None:
    assert len(POINTS) == len({*POINTS}) == 22
    dispatcher = Dispatcher()
    assert dispatcher.point == ""
    for point in POINTS:
        dispatcher.call(point, None, {})
        assert dispatcher.point == point
    with pytest.raises(KeyError):
        dispatcher.call("before_lunch", None, {})


def test_hooks_are_asked_once_what_they_do() -> None:
    class Asked(Named):
        times = 0

        def get_triggered_stages(self) -> list[str]:
            self.times += 1
            return super().get_triggered_stages()

    dispatcher, hook = Dispatcher(), Asked("asked")
    dispatcher.add(hook, 1)
    for _ in range(3):
        assert called(dispatcher) == ["asked"]
    assert hook.times == 1
