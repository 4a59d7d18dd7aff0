"""EarlyStoppingHook: when a training ends."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from mmlight.hooks import EarlyStoppingHook
from tests.hooks.toy import log_of, runner_of


def epochs_done(
    tmp_path: Path, values: list[float | None], metric: str = "acc", **kwargs: Any
) -> tuple[int, Any]:
    scores = [{} if value is None else {metric: value, "other": 1.0} for value in values]
    runner = runner_of(
        tmp_path,
        scores,
        train_cfg={"by_epoch": True, "max_epochs": len(values)},
        custom_hooks=[{"type": "EarlyStoppingHook", "monitor": metric, **kwargs}],
        default_hooks={"checkpoint": {"type": "CheckpointHook", "interval": 1}},
    )
    runner.train()
    return runner.epoch, runner


@pytest.mark.parametrize(
    ("values", "kwargs", "expected"),
    [
        ([0.1, 0.2, 0.25, 0.26, 0.27, 0.9], {"min_delta": 0.1, "patience": 2}, 4),
        ([0.1, 0.3, 0.5, 0.7, 0.9], {"min_delta": 0.1, "patience": 1}, 5),
        ([1.0, 1.0, 1.0], {"patience": 1}, 2),
        ([0.1, 0.9, 0.95], {"stopping_threshold": 0.8}, 2),
        ([0.1, 0.8, 0.95], {"stopping_threshold": 0.8}, 3),
        ([0.5, math.nan, 0.6], {}, 2),
        ([0.5, math.inf, 0.6], {}, 2),
        ([0.5, math.nan, 0.9, 1.3], {"check_finite": False, "patience": 2}, 4),
    ],
)
def test_end(values: list[float], kwargs: dict, expected: int, tmp_path: Path) -> None:
    assert epochs_done(tmp_path, values, **kwargs)[0] == expected


@pytest.mark.parametrize("metric", ["loss_val", "FID"])
def test_a_metric_that_should_shrink(metric: str, tmp_path: Path) -> None:
    rule = {"rule": "less"} if metric == "FID" else {}
    values = [0.5, 0.3, 0.29, 0.28, 0.1]
    assert epochs_done(tmp_path, values, metric, patience=2, **rule)[0] == 4


def test_the_reason_is_logged(tmp_path: Path) -> None:
    _, runner = epochs_done(tmp_path, [0.1, 0.1, 0.1], patience=1)
    assert "acc has not improved on 0.1 in 1 validations" in log_of(runner)


def test_a_missing_metric_is_reported_or_refused(tmp_path: Path) -> None:
    done, runner = epochs_done(tmp_path / "lax", [0.1, None, 0.3])
    assert done == 3 and "monitors 'acc', which is not among" in log_of(runner)
    with pytest.raises(RuntimeError, match="'acc'"):
        epochs_done(tmp_path / "strict", [0.1, None, 0.3], strict=True)


def test_a_resumed_run_ends_where_the_whole_one_does(tmp_path: Path) -> None:
    values = [0.1, 0.5, 0.5, 0.5, 0.5, 0.5]
    whole, _ = epochs_done(tmp_path / "whole", values, patience=3)
    hooks = [{"type": "EarlyStoppingHook", "monitor": "acc", "patience": 3}]
    scores = [{"acc": value} for value in values]
    saved = {"checkpoint": {"type": "CheckpointHook", "interval": 1}}
    for epochs, resume in ((3, False), (6, True)):
        runner = runner_of(
            tmp_path / "cut",
            scores,
            train_cfg={"by_epoch": True, "max_epochs": epochs},
            custom_hooks=hooks,
            default_hooks=saved,
            resume=resume,
        )
        runner.train()
    assert runner.epoch == whole == 5


@pytest.mark.parametrize("kwargs", [{"monitor": "FID"}, {"monitor": "acc", "rule": "bigger"}])
def test_rules_that_are_unknown(kwargs: dict) -> None:
    with pytest.raises(ValueError, match="rule"):
        EarlyStoppingHook(**kwargs)


def test_a_loop_that_cannot_be_stopped() -> None:
    class Face:
        train_loop = object()

    with pytest.raises(AssertionError, match="stop_training"):
        EarlyStoppingHook("acc").before_run(Face())


def test_the_rule_may_be_that_of_a_subclass(tmp_path: Path) -> None:
    class NearestToHalf(EarlyStoppingHook):
        rule_map = {"greater": lambda new, best: abs(new - 0.5) < abs(best - 0.5)}

    hook = NearestToHalf("acc", rule="greater", patience=2, min_delta=0.0)
    scores = [{"acc": value} for value in (0.9, 0.6, 0.7, 0.8, 0.9, 0.95)]
    runner = runner_of(
        tmp_path, scores, train_cfg={"by_epoch": True, "max_epochs": 6}, custom_hooks=[hook]
    )
    runner.train()
    assert (runner.epoch, hook.best_score) == (4, 0.6)
