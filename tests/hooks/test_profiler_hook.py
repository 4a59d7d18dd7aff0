"""ProfilerHook: what is profiled for how long, and where it goes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mmlight.hooks import ProfilerHook
from tests.hooks.toy import Scores, loader, log_of, runner_of


def profiled(tmp_path: Path, **kwargs: Any) -> Any:
    runner = runner_of(tmp_path, custom_hooks=[{"type": "ProfilerHook", **kwargs}])
    runner.train()
    return runner


def steps_in(trace: Path) -> int:
    events = json.loads(trace.read_text())["traceEvents"]
    return len({e["name"] for e in events if e["name"].startswith("ProfilerStep#")})


@pytest.mark.parametrize(
    ("kwargs", "steps"),
    [({"by_epoch": False, "profile_times": 3}, 3), ({"by_epoch": True, "profile_times": 1}, 4)],
)
def test_chrome_trace_of_the_first_iterations(kwargs: dict, steps: int, tmp_path: Path) -> None:
    trace = tmp_path / "trace.json"
    schedule = {"wait": 0, "warmup": 0, "active": 12}
    runner = profiled(tmp_path / "run", json_trace_path=str(trace), schedule=schedule, **kwargs)
    # The step that was begun when profiling stopped is in the trace too.
    assert steps <= steps_in(trace) <= steps + 1
    assert "Profiled the first" in log_of(runner)


def test_table_of_a_trace(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    profiled(
        tmp_path,
        by_epoch=False,
        profile_times=2,
        on_trace_ready={"type": "log_trace", "row_limit": 5},
    )
    assert "Self CPU time total" in capsys.readouterr().out


def test_trace_for_tensorboard(tmp_path: Path) -> None:
    runner = profiled(
        tmp_path, by_epoch=False, profile_times=2, on_trace_ready={"type": "tb_trace"}
    )
    assert list((Path(runner.log_dir) / "tf_tracing_logs").glob("*.pt.trace.json"))


def test_own_function_gets_the_profiler(tmp_path: Path) -> None:
    seen: list[Any] = []
    hook = ProfilerHook(by_epoch=False, profile_times=2, on_trace_ready=seen.append)
    runner = runner_of(tmp_path)
    runner.register_hook(hook)
    runner.train()
    assert seen[0].key_averages()


def test_more_than_the_run_has(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="profile_times=4 is more than max_epochs=3"):
        profiled(tmp_path, profile_times=4)


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"by_epoch": 1}, AssertionError, "by_epoch"),
        ({"activity_with_cpu": "yes"}, AssertionError, "activity_with_cpu"),
        ({"schedule": 3}, AssertionError, "schedule"),
        ({"profile_times": 0}, ValueError, "profile_times"),
    ],
)
def test_arguments_that_cannot_be_meant(kwargs: dict, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        ProfilerHook(**kwargs)


def test_unknown_trace(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="log_trace"):
        profiled(tmp_path, on_trace_ready={"type": "print"})


def test_a_config_with_it_can_be_tested(tmp_path: Path) -> None:
    data = {"test_dataloader": loader(4, 2), "test_cfg": {}, "test_evaluator": [Silent([])]}
    nothing = {"train_dataloader": None, "train_cfg": None, "optim_wrapper": None}
    hook = {"type": "ProfilerHook", "profile_times": 3}
    assert runner_of(tmp_path, custom_hooks=[hook], **data, **nothing).test() == {}


class Silent(Scores):
    """No results."""

    def compute_metrics(self, results: list) -> dict:
        return {}
