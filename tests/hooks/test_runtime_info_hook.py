"""RuntimeInfoHook: what anybody can read from the message hub during a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import mmlight
from mmlight.evaluator import BaseMetric
from mmlight.hooks import RuntimeInfoHook
from mmlight.logging import MessageHub
from tests.hooks.toy import Record, loader, runner_of


def test_progress_and_facts_of_a_training(tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []
    note = Record("before_train_iter", lambda r: seen.append(dict(r.message_hub.runtime_info)))
    runner = runner_of(tmp_path, custom_hooks=[note])
    runner.train()
    assert [info["iter"] for info in seen] == list(range(12))
    assert [info["epoch"] for info in seen] == [0] * 4 + [1] * 4 + [2] * 4
    first = seen[0]
    assert (first["max_epochs"], first["max_iters"], first["loop_stage"]) == (3, 12, "train")
    assert first["dataset_meta"] == {"classes": ("a", "b")}
    assert first["seed"] == 0 and first["experiment_name"] == runner.experiment_name
    assert first["cfg"] == runner.cfg.pretty_text
    assert first["mmengine_version"] == mmlight.__version__
    assert "loop_stage" not in runner.message_hub.runtime_info


def test_rates_and_outputs_are_recorded_every_iteration(tmp_path: Path) -> None:
    runner = runner_of(
        tmp_path,
        param_scheduler=[{"type": "LinearLR", "start_factor": 0.5, "end": 4, "by_epoch": False}],
    )
    runner.train()
    scalars = runner.message_hub.log_scalars
    rates = scalars["train/lr"].data[0]
    np.testing.assert_allclose(rates[:5], 0.1 * np.array([0.5, 2 / 3, 5 / 6, 1, 1]))
    for name in ("loss", "loss_square", "loss_abs", "n"):
        assert len(scalars[f"train/{name}"].data[0]) == 12


def test_stage_while_validating_in_a_training(tmp_path: Path) -> None:
    stages: list[str] = []
    note = Record("before_val_iter", lambda r: stages.append(r.message_hub.get_info("loop_stage")))
    back = Record(
        "before_train_iter", lambda r: stages.append(r.message_hub.get_info("loop_stage"))
    )
    runner_of(tmp_path, [{"acc": 1.0}] * 3, custom_hooks=[note, back]).train()
    assert stages == (["train"] * 4 + ["val"] * 3) * 3


def test_metrics_are_scalars_or_information(tmp_path: Path) -> None:
    scores = {"acc": 0.5, "size": np.float32(2), "one": torch.tensor([3.0]), "names": ["a"]}
    runner = runner_of(tmp_path, [scores] * 3)
    runner.train()
    hub = runner.message_hub
    values = [float(hub.get_scalar(f"val/{name}").current()) for name in ("acc", "size", "one")]
    assert values == [0.5, 2.0, 3.0]
    assert hub.get_info("val/names") == ["a"]


def test_metrics_of_a_test(tmp_path: Path) -> None:
    class Half(BaseMetric):
        def process(self, data_batch: Any, data_samples: Any) -> None:
            self.results.append(1)

        def compute_metrics(self, results: list) -> dict[str, Any]:
            return {"acc": 0.5}

    stages: list[str] = []
    note = Record("before_test_iter", lambda r: stages.append(r.message_hub.get_info("loop_stage")))
    runner = runner_of(
        tmp_path,
        test_dataloader=loader(4, 2),
        test_cfg={},
        test_evaluator=[Half()],
        custom_hooks=[note],
    )
    runner.test()
    assert stages == ["test", "test"]
    assert runner.message_hub.get_scalar("test/acc").current() == 0.5
    assert "loop_stage" not in runner.message_hub.runtime_info


def test_rates_must_be_a_dict() -> None:
    class Wrong:
        def get_lr(self) -> list[float]:
            return [0.1]

    class Face:
        message_hub = MessageHub.get_instance("wrong_rates")
        optim_wrapper = Wrong()
        iter = 0

    with pytest.raises(TypeError, match=r"get_lr.*list"):
        RuntimeInfoHook().before_train_iter(Face(), 0)
