"""LoggerHook: what is logged when, what is fetched when, and losses that are not finite."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from mmlight.hooks import LoggerHook
from tests.hooks.toy import Net, Record, iteration_based, loader, log_of, runner_of


def logger(**kwargs: Any) -> dict[str, Any]:
    return {"logger": {"type": "LoggerHook", **kwargs}}


def train_lines(text: str) -> list[str]:
    return re.findall(r"(?:Epoch|Iter)\(train\)\s+(\[.*?\]) ", text)


@pytest.mark.parametrize(
    ("batches", "kwargs", "expected"),
    [
        (4, {"interval": 2}, ["[1][2/4]", "[1][4/4]"]),
        (5, {"interval": 2}, ["[1][2/5]", "[1][4/5]"]),
        (5, {"interval": 2, "ignore_last": False}, ["[1][2/5]", "[1][4/5]", "[1][5/5]"]),
        (3, {"interval": 10}, ["[1][3/3]"]),
    ],
)
def test_log_points(batches: int, kwargs: dict, expected: list[str], tmp_path: Path) -> None:
    runner = runner_of(
        tmp_path,
        train_dataloader=loader(2 * batches, 2),
        train_cfg={"by_epoch": True, "max_epochs": 1},
        default_hooks=logger(**kwargs),
    )
    runner.train()
    assert train_lines(log_of(runner)) == expected


def test_iteration_based_lines_count_to_the_end(tmp_path: Path) -> None:
    runner = runner_of(
        tmp_path,
        train_dataloader=loader(8, 2, sampler={"type": "InfiniteSampler"}),
        train_cfg=iteration_based(10),
        default_hooks=logger(interval=4),
        log_processor={"by_epoch": False},
    )
    runner.train()
    assert train_lines(log_of(runner)) == ["[ 4/10]", "[ 8/10]"]


def test_experiment_name_comes_at_its_interval(tmp_path: Path) -> None:
    runner = runner_of(tmp_path, default_hooks=logger(interval_exp_name=5))
    runner.train()
    # Iterations 5 and 10, and the ends of the epochs, 4, 8 and 12.
    assert log_of(runner).count(f"Exp name: {runner.experiment_name}") == 5


def test_scalars_of_training_and_validation_reach_the_visualizer(tmp_path: Path) -> None:
    scores = [{"acc": value} for value in (0.1, 0.5, 0.4)]
    runner = runner_of(
        tmp_path,
        scores,
        default_hooks=logger(interval=4),
        vis_backends=[{"type": "LocalVisBackend"}],
        visualizer={"type": "Visualizer", "vis_backends": [{"type": "LocalVisBackend"}]},
    )
    runner.train()
    lines = [
        json.loads(line)
        for line in (Path(runner.log_dir) / "vis_data" / "scalars.json").read_text().splitlines()
    ]
    train = [line for line in lines if "loss" in line]
    assert [line["step"] for line in train] == [4, 8, 12]
    assert [line["epoch"] for line in train] == [1, 2, 3]
    val = [line for line in lines if "acc" in line]
    assert [(line["acc"], line["step"]) for line in val] == [(0.1, 1), (0.5, 2), (0.4, 3)]
    assert [line["epoch"] for line in val] == [1, 2, 3]
    own = (Path(runner.log_dir) / "vis_data" / f"{runner.timestamp}.json").read_text()
    assert [json.loads(line) for line in own.splitlines()] == lines


def test_metrics_may_be_counted_by_iteration(tmp_path: Path) -> None:
    runner = runner_of(
        tmp_path,
        [{"acc": 1.0}] * 3,
        default_hooks=logger(log_metric_by_epoch=False),
        visualizer={"type": "Visualizer", "vis_backends": [{"type": "LocalVisBackend"}]},
    )
    runner.train()
    text = (Path(runner.log_dir) / "vis_data" / "scalars.json").read_text()
    val = [json.loads(line) for line in text.splitlines() if "acc" in line]
    assert [(line["step"], line["epoch"]) for line in val] == [(4, 1), (8, 2), (12, 3)]


def test_metrics_of_an_iteration_based_run_have_no_epoch(tmp_path: Path) -> None:
    runner = runner_of(
        tmp_path,
        [{"acc": 1.0}] * 2,
        train_cfg=iteration_based(8),
        log_processor={"by_epoch": False},
        default_hooks={**logger(log_metric_by_epoch=False), "checkpoint": None},
        visualizer={"type": "Visualizer", "vis_backends": [{"type": "LocalVisBackend"}]},
    )
    runner.train()
    text = (Path(runner.log_dir) / "vis_data" / "scalars.json").read_text()
    assert [json.loads(line) for line in text.splitlines() if "acc" in line][-1]["step"] == 8
    assert '"epoch"' not in text


def test_metrics_of_a_test_are_written_as_json(tmp_path: Path) -> None:
    from mmlight.evaluator import BaseMetric

    class Arrays(BaseMetric):
        def process(self, data_batch: Any, data_samples: Any) -> None:
            self.results.append(1)

        def compute_metrics(self, results: list) -> dict[str, Any]:
            return {"acc": 0.25, "table": np.array([1.0, 2.0]), "names": ["a", "b"]}

    runner = runner_of(
        tmp_path, test_dataloader=loader(4, 2), test_cfg={}, test_evaluator=[Arrays()]
    )
    runner.test()
    written = json.loads((Path(runner.log_dir) / f"{runner.timestamp}.json").read_text())
    assert written["acc"] == 0.25
    assert written["table"] == [1.0, 2.0] and written["names"] == ["a", "b"]
    assert "Epoch(test) [2/2]    acc: 0.2500  table:" in log_of(runner)


@pytest.mark.parametrize("keep_local", [True, False])
def test_logs_are_copied_to_out_dir(keep_local: bool, tmp_path: Path) -> None:
    runner = runner_of(
        tmp_path / "run", default_hooks=logger(out_dir=tmp_path / "copy", keep_local=keep_local)
    )
    runner.train()
    name = f"{runner.timestamp}.log"
    copied = tmp_path / "copy" / "run" / name
    assert "Epoch(train) [1][4/4]" in copied.read_text()
    assert (Path(runner.log_dir) / name).exists() is keep_local


class Spoilt(Net):
    """A model whose loss is not finite from some iterations on."""

    def __init__(self, values: dict[int, float]) -> None:
        super().__init__()
        self.values = values
        self.calls = 0

    def forward(self, inputs: Any, mode: str = "tensor") -> Any:
        out = super().forward(inputs, mode)
        if mode == "loss":
            self.calls += 1
            out["loss_abs"] = out["loss_abs"] * self.values.get(self.calls, 1.0)
        return out


def test_a_loss_that_is_not_finite_is_reported_once_with_its_iteration(tmp_path: Path) -> None:
    model = Spoilt({3: float("nan")})
    runner = runner_of(tmp_path, model=model, default_hooks=logger(interval=4))
    runner.train()
    reports = re.findall(r"WARNING - (.* is nan .*)", log_of(runner))
    first = [line for line in reports if line.startswith("loss_abs ")]
    assert first[0].startswith("loss_abs is nan at iteration 3 (2 of the 4 values")
    # Once a log point, of which there are three; the weights stay NaN.
    assert len(first) == 3


def test_infinite_loss_after_the_last_log_point_is_reported(tmp_path: Path) -> None:
    runner = runner_of(
        tmp_path,
        model=Spoilt({10: float("inf")}),
        train_dataloader=loader(20, 2),
        train_cfg={"by_epoch": True, "max_epochs": 1},
        default_hooks=logger(interval=8),
    )
    runner.train()
    assert "loss_abs is inf at iteration 10" in log_of(runner)


def test_a_run_may_stop_at_a_loss_that_is_not_finite(tmp_path: Path) -> None:
    runner = runner_of(
        tmp_path,
        model=Spoilt({6: float("inf")}),
        default_hooks=logger(interval=4, stop_on_nonfinite=True),
    )
    with pytest.raises(FloatingPointError, match="loss_abs is inf at iteration 6"):
        runner.train()
    assert runner.iter == 8  # it stops at a log point, whose iteration is done


def test_a_gradient_norm_may_be_infinite(tmp_path: Path) -> None:
    note = Record(
        "after_train_iter",
        lambda runner: runner.message_hub.update_scalar("train/grad_norm", float("inf")),
        priority="VERY_HIGH",
    )
    runner = runner_of(
        tmp_path,
        custom_hooks=[note],
        default_hooks=logger(interval=4, stop_on_nonfinite=True),
    )
    runner.train()
    assert "inf" in log_of(runner)


class HostReads(TorchDispatchMode):
    """Notes the iteration at which a tensor is read on the host."""

    def __init__(self, runner: Any) -> None:
        super().__init__()
        self.runner = runner
        self.at: list[int] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.ops.aten._local_scalar_dense.default:
            self.at.append(self.runner.iter + 1)
        return func(*args, **(kwargs or {}))


def test_nothing_is_read_on_the_host_between_log_points(tmp_path: Path) -> None:
    runner = runner_of(tmp_path, train_dataloader=loader(24, 2), default_hooks=logger(interval=6))
    reads = HostReads(runner)
    with reads:
        runner.train()
    # At the start of each of the three epochs torch's DataLoader draws a seed.
    assert set(reads.at) <= {1, 13, 25} | set(range(6, 37, 6))


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"interval": 0}, ValueError, "interval of LoggerHook must be a whole number of 1 or more"),
        ({"interval": 1.5}, TypeError, "interval of LoggerHook must be a whole number"),
        ({"interval_exp_name": -1}, ValueError, "interval_exp_name"),
        ({"ignore_last": 3}, TypeError, "ignore_last of LoggerHook must be True or False"),
        ({"out_dir": 3}, TypeError, "out_dir"),
        ({"keep_local": "yes"}, TypeError, "keep_local"),
        ({"out_suffix": 3}, TypeError, "out_suffix"),
        ({"file_client_args": {}}, ValueError, "file_client_args"),
        ({"stop_on_nonfinite": "no"}, TypeError, "stop_on_nonfinite"),
    ],
)
def test_arguments_that_cannot_be_meant(kwargs: dict, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        LoggerHook(**kwargs)
