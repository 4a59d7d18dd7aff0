"""A test case with a small model, data and a metric, for tests that need a whole Runner."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any
from unittest import TestCase, mock

import torch
from torch import nn
from torch.utils.data import Dataset

from mmlight.config import Config
from mmlight.evaluator import BaseMetric
from mmlight.logging import MessageHub, MMLogger
from mmlight.model import BaseModel
from mmlight.registry import DATASETS, METRICS, MODELS, RUNNERS, DefaultScope
from mmlight.visualization import Visualizer


class ToyModel(BaseModel):
    """Two linear layers, from two numbers to one."""

    def __init__(self, data_preprocessor: nn.Module | dict[str, Any] | None = None) -> None:
        super().__init__(data_preprocessor=data_preprocessor)
        self.linear1 = nn.Linear(2, 2)
        self.linear2 = nn.Linear(2, 1)

    def forward(self, inputs: Any, data_samples: Any = None, mode: str = "tensor") -> Any:
        """Return the outputs, or with ``mode="loss"`` how far they are below the labels."""
        if isinstance(inputs, list):
            inputs, data_samples = torch.stack(inputs), torch.stack(data_samples)
        outputs = self.linear2(self.linear1(inputs))
        return {"loss": (data_samples - outputs).sum()} if mode == "loss" else outputs


class ToyDataset(Dataset[Any]):
    """Twelve pairs of fixed numbers, each with the label 1."""

    METAINFO: dict[str, Any] = {}
    data = torch.randn(12, 2, generator=torch.Generator().manual_seed(0))
    label = torch.ones(12)

    @property
    def metainfo(self) -> dict[str, Any]:
        """The facts about the dataset, of which there are none."""
        return self.METAINFO

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        return {"inputs": self.data[index], "data_samples": self.label[index]}


class ToyMetric(BaseMetric):
    """Finds every sample right."""

    def process(self, data_batch: Any, data_samples: Any) -> None:
        """Count the samples of a batch."""
        self.results += [1 for _ in data_samples]

    def compute_metrics(self, results: list[Any]) -> dict[str, Any]:
        """Return the share of samples that are right."""
        return {"acc": 1}


class RunnerTestCase(TestCase):
    """Gives tests configs of short trainings, whose types are registered while a test runs.

    A test changes ``self.epoch_based_cfg`` (two epochs) or ``self.iter_based_cfg`` (twelve
    iterations) as it likes. After it, the types, the folder ``self.temp_dir``, loggers and
    environment variables are as they were. A class that overrides ``setUp`` or ``tearDown`` calls
    those of this class.

    Example:
        >>> class TestMine(RunnerTestCase):
        ...     def test_train(self):
        ...         runner = self.build_runner(self.epoch_based_cfg)
        ...         runner.train()
        ...         self.assertEqual(runner.epoch, 2)
    """

    dist_cfg: dict[str, Any] = {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": 29600,
        "RANK": "0",
        "WORLD_SIZE": "1",
        "LOCAL_RANK": "0",
    }

    def setUp(self) -> None:
        """Register the types and write the configs."""
        self.temp_dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.temp_dir.cleanup)
        for registry, kind in ((MODELS, ToyModel), (DATASETS, ToyDataset), (METRICS, ToyMetric)):
            self._for_this_test(registry.module_dict, {kind.__name__: kind})
        self._for_this_test(os.environ, {})
        self.epoch_based_cfg = Config(_config(self.temp_dir.name))
        self.iter_based_cfg = self.epoch_based_cfg.copy()
        self.iter_based_cfg.merge_from_dict(_ITERATION_BASED)
        self.iter_based_cfg.train_cfg = {"by_epoch": False, "max_iters": 12}

    def tearDown(self) -> None:
        """Forget loggers, message hubs, scopes and visualizers, and leave the process group."""
        for kind in (MMLogger, MessageHub, DefaultScope, Visualizer):
            kind._instance_dict.clear()
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()

    def build_runner(self, cfg: Config) -> Any:
        """Build the runner of a config, under a new name of the experiment.

        Args:
            cfg (Config): The config, whose ``experiment_name`` is set.

        Returns:
            Runner: The runner, of the type that ``cfg.runner_type`` names if it does.
        """
        cfg.experiment_name = self.experiment_name
        return RUNNERS.build(cfg)

    @property
    def experiment_name(self) -> str:
        """A name that no other experiment has."""
        return f"{self._testMethodName}_{time.time()}_{uuid.uuid4()}"

    def setup_dist_env(self) -> None:
        """Set the environment variables of a process group of one process, on a port of its own."""
        self.dist_cfg["MASTER_PORT"] += 1
        os.environ.update({name: str(value) for name, value in self.dist_cfg.items()})

    def clear_work_dir(self) -> None:
        """Delete what is in the work directory."""
        shutil.rmtree(self.epoch_based_cfg.work_dir)
        Path(self.epoch_based_cfg.work_dir).mkdir()

    def _for_this_test(self, mapping: Any, values: dict[str, Any]) -> None:
        patch = mock.patch.dict(mapping, values)
        patch.start()
        self.addCleanup(patch.stop)


def _config(work_dir: str) -> dict[str, Any]:
    return {
        "work_dir": work_dir,
        "experiment_name": "test",
        "model": {"type": "ToyModel"},
        "train_dataloader": _loader(shuffle=True),
        "train_cfg": {"by_epoch": True, "max_epochs": 2, "val_interval": 1},
        "optim_wrapper": {"optimizer": {"type": "SGD", "lr": 0.1}},
        "val_dataloader": _loader(shuffle=False),
        "val_cfg": {},
        "val_evaluator": [{"type": "ToyMetric"}],
        "test_dataloader": _loader(shuffle=False),
        "test_cfg": {},
        "test_evaluator": [{"type": "ToyMetric"}],
        "default_hooks": {"logger": {"type": "LoggerHook", "interval": 1}},
        "custom_hooks": [],
        "env_cfg": {"dist_cfg": {"backend": "nccl"}},
    }


def _loader(shuffle: bool) -> dict[str, Any]:
    return {
        "dataset": {"type": "ToyDataset"},
        "sampler": {"type": "DefaultSampler", "shuffle": shuffle},
        "batch_size": 3,
        "num_workers": 0,
    }


_ITERATION_BASED: dict[str, Any] = {
    "train_dataloader": {"sampler": {"type": "InfiniteSampler"}},
    "log_processor": {"by_epoch": False},
    "default_hooks": {"checkpoint": {"type": "CheckpointHook", "by_epoch": False, "interval": 12}},
}
