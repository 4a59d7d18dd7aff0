"""ParamSchedulerHook: which schedulers step when."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmlight.hooks import ParamSchedulerHook
from tests.hooks.toy import Record, runner_of


def rates(tmp_path: Path, schedulers: list[dict], scores: list[dict] | None = None) -> list[float]:
    seen: list[float] = []
    note = Record("before_train_iter", lambda r: seen.append(r.optim_wrapper.param_groups[0]["lr"]))
    runner_of(tmp_path, scores, param_scheduler=schedulers, custom_hooks=[note]).train()
    return seen


def test_by_epoch(tmp_path: Path) -> None:
    seen = rates(tmp_path, [{"type": "MultiStepLR", "milestones": [1, 2], "gamma": 0.1}])
    assert seen == pytest.approx([0.1] * 4 + [0.01] * 4 + [0.001] * 4)


def test_by_iteration(tmp_path: Path) -> None:
    seen = rates(tmp_path, [{"type": "StepLR", "step_size": 5, "gamma": 0.1, "by_epoch": False}])
    assert seen == pytest.approx([0.1] * 5 + [0.01] * 5 + [0.001] * 2)


def test_by_both(tmp_path: Path) -> None:
    seen = rates(
        tmp_path,
        [
            {"type": "LinearLR", "start_factor": 0.5, "end": 2, "by_epoch": False},
            {"type": "StepLR", "step_size": 2, "gamma": 0.1},
        ],
    )
    assert seen == pytest.approx([0.05, 0.1] + [0.1] * 6 + [0.01] * 4)


def test_by_metric(tmp_path: Path) -> None:
    plateau = {"type": "ReduceOnPlateauLR", "monitor": "acc", "rule": "greater", "patience": 0}
    scores = [{"acc": 0.5}, {"acc": 0.4}, {"acc": 0.4}]
    assert rates(tmp_path, [plateau], scores) == pytest.approx([0.1] * 8 + [0.01] * 4)


def test_schedulers_by_name_of_their_optimizer_and_none_at_all() -> None:
    class Scheduler:
        by_epoch = False
        steps = 0

        def step(self) -> None:
            self.steps += 1

    class Face:
        param_schedulers: object = None

    ParamSchedulerHook().after_train_iter(Face(), 0)
    groups = {"generator": [Scheduler()], "discriminator": [Scheduler(), Scheduler()]}
    Face.param_schedulers = groups
    ParamSchedulerHook().after_train_iter(Face(), 0)
    ParamSchedulerHook().after_train_epoch(Face())
    assert [s.steps for group in groups.values() for s in group] == [1, 1, 1]


def test_what_is_no_list_of_schedulers_is_named(tmp_path: Path) -> None:
    runner = runner_of(tmp_path)
    runner.param_schedulers = 0.1
    with pytest.raises(TypeError, match=r"runner.param_schedulers should be a list .* but is 0.1"):
        ParamSchedulerHook().after_train_iter(runner, 0)
