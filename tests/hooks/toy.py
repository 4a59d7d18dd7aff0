"""A run that takes a tenth of a second, for hooks to take part in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from mmlight.evaluator import BaseMetric
from mmlight.hooks import Hook
from mmlight.logging import MessageHub
from mmlight.model import BaseModel
from mmlight.runner import Runner


class Net(BaseModel):
    """Two losses, a number that is none, and a batch norm for its buffers."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(5)
        self.layers = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))

    def forward(self, inputs: Any, mode: str = "tensor") -> Any:
        out = self.layers(inputs)
        if mode == "loss":
            return {
                "loss_square": out.square().mean(),
                "loss_abs": out.abs().mean(),
                "n": out.sum(),
            }
        return list(out)


class Numbers(torch.utils.data.Dataset):
    """``length`` rows of fixed numbers."""

    metainfo = {"classes": ("a", "b")}

    def __init__(self, length: int) -> None:
        self.rows = torch.arange(length * 3.0).reshape(length, 3).sin()

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"inputs": self.rows[index]}


class Scores(BaseMetric):
    """Gives the results it was told to: the first after iteration 4, the next after 8, ..."""

    def __init__(self, results: list[dict[str, Any]]) -> None:
        super().__init__()
        self._told = results

    def process(self, data_batch: Any, data_samples: Any) -> None:
        self.results.append(len(data_samples))

    def compute_metrics(self, results: list) -> dict[str, Any]:
        last = MessageHub.get_current_instance().get_info("iter")
        return self._told[(last + 1) // 4 - 1]


class Record(Hook):
    """Calls a function at a point."""

    def __init__(self, point: str, function: Any, priority: str = "LOWEST") -> None:
        self.priority = priority
        setattr(self, point, lambda runner, **kwargs: function(runner))


def loader(length: int, batch_size: int, **kwargs: Any) -> dict[str, Any]:
    return {
        "dataset": Numbers(length),
        "batch_size": batch_size,
        "sampler": {"type": "DefaultSampler", "shuffle": False},
        "collate_fn": {"type": "default_collate"},
        **kwargs,
    }


def runner_of(work_dir: Path, scores: list[dict[str, Any]] | None = None, **cfg: Any) -> Runner:
    """A runner of 3 epochs of 4 iterations; with ``scores`` it validates after each epoch."""
    full: dict[str, Any] = {
        "model": Net(),
        "work_dir": str(work_dir),
        "train_dataloader": loader(8, 2),
        "train_cfg": {"by_epoch": True, "max_epochs": 3},
        "optim_wrapper": {"optimizer": {"type": "SGD", "lr": 0.1, "momentum": 0.9}},
        "randomness": {"seed": 0},
        "trainer": {"enable_progress_bar": False, "accelerator": "cpu"},
    }
    if scores is not None:
        full.update(val_dataloader=loader(6, 2), val_cfg={}, val_evaluator=[Scores(scores)])
    full.update(cfg)
    return Runner.from_cfg(full)


def iteration_based(max_iters: int, val_interval: int = 4) -> dict[str, Any]:
    return {"by_epoch": False, "max_iters": max_iters, "val_interval": val_interval}


def log_of(runner: Runner) -> str:
    """The text log written so far."""
    (path,) = Path(runner.log_dir).glob("*.log")
    return path.read_text()
