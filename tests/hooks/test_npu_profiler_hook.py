"""NPUProfilerHook: which iterations are profiled, by a stand-in for torch_npu's profiler."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from mmlight.hooks import NPUProfilerHook
from tests.hooks.toy import Record, runner_of


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the profiler was told, and the iterations that ran meanwhile."""
    seen: list[Any] = []

    class Profile:
        def __init__(self, path: str, use_e2e_profiler: bool) -> None:
            seen.append((Path(path).name, use_e2e_profiler))

        def __enter__(self) -> Profile:
            seen.append("enter")
            return self

        def __exit__(self, *error: Any) -> None:
            seen.append("exit")

    torch_npu: Any = ModuleType("torch_npu")
    torch_npu.npu = SimpleNamespace(profile=Profile)
    monkeypatch.setitem(sys.modules, "torch_npu", torch_npu)
    return seen


def runner_with(events: list[Any], folder: Path, **kwargs: Any) -> Any:
    hook = {"type": "NPUProfilerHook", "result_path": str(folder / "results"), **kwargs}
    iterations = Record("after_train_iter", lambda runner: events.append(runner.iter), "NORMAL")
    return runner_of(folder / "run", custom_hooks=[hook, iterations])


def test_the_iterations_from_begin_to_end_are_profiled(events: list, tmp_path: Path) -> None:
    arguments = {"begin": 5, "end": 7, "exit_after_profiling": False, "use_e2e_profiler": True}
    runner_with(events, tmp_path, **arguments).train()
    profiled = [("results", True), "enter", 5, 6, "exit"]
    assert events == [0, 1, 2, 3, 4, *profiled, 7, 8, 9, 10, 11]
    assert (tmp_path / "results").is_dir()


def test_the_program_ends_after_profiling(events: list, tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as exit_:
        runner_with(events, tmp_path, end=2).train()
    assert not exit_.value.code
    assert events == [("results", False), "enter", 0, 1, "exit"]


def test_a_training_that_ends_early_ends_profiling(events: list, tmp_path: Path) -> None:
    def stop(runner: Any) -> None:
        runner.train_loop.stop_training = runner.iter >= 3

    runner = runner_with(events, tmp_path, end=12)
    runner.register_hook(Record("after_train_iter", stop))
    runner.train()
    assert events[-1] == "exit" and 11 not in events and events.count("exit") == 1


def test_a_training_that_is_too_short_is_refused(events: list, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="end=13 is more than max_iters=12"):
        runner_with(events, tmp_path, end=13).train()


@pytest.mark.parametrize(("begin", "end"), [(3, 3), (3, 1), (-1, 1)])
def test_no_iteration_is_an_error(begin: int, end: int, events: list) -> None:
    with pytest.raises(ValueError, match=f"got begin={begin} and end={end}"):
        NPUProfilerHook(begin=begin, end=end)


def test_the_graph_engine_prints_its_profile_if_wanted(
    events: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GE_PROFILING_TO_STD_OUT", "0")  # so that it is put back
    NPUProfilerHook()
    assert os.environ["GE_PROFILING_TO_STD_OUT"] == "0"
    NPUProfilerHook(ge_profiling_to_std_out=True)
    assert os.environ["GE_PROFILING_TO_STD_OUT"] == "1"


@pytest.mark.skipif(importlib.util.find_spec("torch_npu") is not None, reason="it is there")
def test_without_torch_npu_that_is_the_first_error() -> None:
    with pytest.raises(ImportError, match="Failed to import torch_npu module"):
        NPUProfilerHook(begin=5, end=1)
