"""Whole training runs: equal at every iteration to MMEngine's, bit for bit."""

from __future__ import annotations

from typing import Any

import pytest

from tests.parity.compare import assert_same


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("kind", ["classifier", "regression", "gan", "ema"])
def test_same_run(kind: str, workers: int, both: Any) -> None:
    theirs, ours = both("train", kind, workers=workers)
    assert len(theirs["train"]) >= 30 and len(theirs["metrics"]) >= 2
    for number, (our, their) in enumerate(zip(ours["train"], theirs["train"], strict=True)):
        assert_same(our, their, f"iteration {number}")
    assert_same(ours, theirs)


CHANGES: dict[str, tuple[str, dict[str, Any]]] = {
    "a seed for each rank": (
        "regression",
        {"randomness": {"seed": 3, "diff_rank_seed": True}},
    ),
    "stochastic average of weights": (
        "classifier",
        {"custom_hooks": [{"type": "EMAHook", "ema_type": "StochasticWeightAverage"}]},
    ),
    "average from the second epoch": (
        "classifier",
        {"custom_hooks": [{"type": "EMAHook", "begin_epoch": 2, "momentum": 0.1}]},
    ),
    "average with buffers": (
        "ema",
        {"custom_hooks": [{"type": "EMAHook", "update_buffers": True, "interval": 3}]},
    ),
    "scaled learning rate": (
        "classifier",
        {"auto_scale_lr": {"base_batch_size": 16, "enable": True}},
    ),
    "scaled learning rates of two optimizers": (
        "gan",
        {"auto_scale_lr": {"base_batch_size": 16, "enable": True}},
    ),
    "logs with hierarchy and statistics": (
        "classifier",
        {
            "log_processor": {
                "log_with_hierarchy": True,
                "window_size": 3,
                "num_digits": 6,
                "mean_pattern": ".*(reg|cls|time).*",
                "custom_cfg": [
                    {"data_src": "loss", "method_name": "min", "window_size": "global"},
                    {
                        "data_src": "loss_cls",
                        "method_name": "max",
                        "window_size": "epoch",
                        "log_name": "worst",
                    },
                    {"data_src": "hits", "method_name": "max", "log_name": "best"},
                ],
            }
        },
    ),
    "lines and metrics by iteration": (
        "classifier",
        {
            "log_processor": {"by_epoch": False},
            "default_hooks": {
                "logger": {
                    "type": "LoggerHook",
                    "interval": 4,
                    "ignore_last": False,
                    "log_metric_by_epoch": False,
                },
            },
        },
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_same_run_with(name: str, both: Any) -> None:
    kind, change = CHANGES[name]
    theirs, ours = both("train", kind, change=change)
    assert_same(ours, theirs)


def test_same_losses_of_a_validation(both: Any) -> None:
    theirs, ours = both("evaluation_losses")
    assert {"loss", "loss_of_each", "test_loss"} < set(theirs["metrics"])
    assert_same(ours, theirs)
