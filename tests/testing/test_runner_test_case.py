"""RunnerTestCase: tests of it run as unittest runs them, and leave nothing behind."""

from __future__ import annotations

import os
import unittest
from pathlib import Path
from typing import Any

import pytest

from mmlight.logging import MessageHub, MMLogger
from mmlight.registry import DATASETS, METRICS, MODELS
from mmlight.testing import RunnerTestCase


def passed(case: unittest.TestCase) -> bool:
    result = unittest.TestResult()
    case.run(result)
    assert not result.errors, result.errors
    return result.testsRun == 1 and not result.failures


def test_both_configs_train_and_test() -> None:
    seen: dict[str, Any] = {}

    class Trains(RunnerTestCase):
        def test_epochs(self) -> None:
            runner = self.build_runner(self.epoch_based_cfg)
            before = runner.model.linear1.weight.cpu().clone()
            runner.train()
            self.assertEqual((runner.epoch, runner.iter), (2, 8))
            self.assertFalse(before.equal(runner.model.linear1.weight))
            self.assertEqual(runner.test(), {"acc": 1})
            self.assertIn("epoch_2.pth", os.listdir(self.temp_dir.name))
            self.clear_work_dir()
            self.assertEqual(os.listdir(self.epoch_based_cfg.work_dir), [])
            seen["epochs"] = self.temp_dir.name

        def test_iterations(self) -> None:
            runner = self.build_runner(self.iter_based_cfg)
            self.assertTrue(runner.experiment_name.startswith(self.iter_based_cfg.experiment_name))
            runner.train()
            self.assertEqual(runner.iter, 12)
            self.assertIn("iter_12.pth", os.listdir(self.temp_dir.name))
            seen["iterations"] = self.temp_dir.name

    assert passed(Trains("test_epochs")) and passed(Trains("test_iterations"))
    assert seen["epochs"] != seen["iterations"]
    assert not any(Path(folder).exists() for folder in seen.values())
    assert not MMLogger._instance_dict and not MessageHub._instance_dict


def test_types_and_environment_are_there_for_the_test_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RANK", "7")
    own = type("ToyModel", (), {})
    monkeypatch.setitem(MODELS.module_dict, "ToyModel", own)
    ports = []

    class Looks(RunnerTestCase):
        def test_it(self) -> None:
            self.assertIsNot(MODELS.get("ToyModel"), own)
            self.assertEqual(len(DATASETS.build({"type": "ToyDataset"})), 12)
            self.assertIn("ToyMetric", METRICS)
            self.setup_dist_env()
            self.assertEqual(os.environ["RANK"], "0")
            ports.append(os.environ["MASTER_PORT"])

    assert passed(Looks("test_it")) and passed(Looks("test_it"))
    assert len({*ports}) == 2
    assert os.environ["RANK"] == "7"
    assert MODELS.get("ToyModel") is own
    assert "ToyDataset" not in DATASETS and "ToyMetric" not in METRICS


def test_names_of_experiments_differ() -> None:
    class Named(RunnerTestCase):
        def test_name(self) -> None: ...

    case = Named("test_name")
    assert case.experiment_name != case.experiment_name
    assert case.experiment_name.startswith("test_name")
