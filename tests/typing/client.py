"""A project of somebody who uses mmlight and runs ``mypy --strict`` over it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor, nn

import mmlight
from mmlight.config import Config
from mmlight.dataset import BaseDataset
from mmlight.engine.hooks import ExponentialMovingAverageHook, VisualizationHook
from mmlight.evaluator import BaseMetric
from mmlight.hooks import CheckpointHook, EMAHook, Hook, LoggerHook, RunnerLike
from mmlight.model import BaseModel
from mmlight.optim import OptimWrapper
from mmlight.registry import DATASETS, HOOKS, METRICS, MODELS
from mmlight.runner import Runner


@HOOKS.register_module()
class Watch(Hook):
    """Looks at what a runner has."""

    priority = "LOW"

    def __init__(self, every: int = 10) -> None:
        self.every = every
        self.norm = 0.0

    def before_train(self, runner: RunnerLike) -> None:
        runner.logger.info(f"{runner.iter} of {runner.max_iters}, seed {runner.seed}")
        runner.message_hub.update_info("watched", runner.work_dir)

    def after_train_iter(
        self,
        runner: RunnerLike,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        if self.every_n_train_iters(runner, self.every):
            self.norm = sum(float(weight.norm()) for weight in runner.model.parameters())
            runner.visualizer.add_scalar("norm", self.norm, step=runner.iter + 1)

    def after_val_epoch(self, runner: RunnerLike, metrics: dict[str, float] | None = None) -> None:
        runner.train_loop.stop_training = runner.epoch > 3


@METRICS.register_module()
class Share(BaseMetric):
    """Counts what is right."""

    default_prefix = "share"

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        self.results.extend(sample["right"] for sample in data_samples)

    def compute_metrics(self, results: list[Any]) -> dict[str, float]:
        return {"right": sum(results) / len(results)}


@DATASETS.register_module()
class Numbers(BaseDataset):
    """A few numbers."""

    def load_data_list(self) -> list[dict[str, Any]]:
        return [{"number": number} for number in range(4)]


@MODELS.register_module()
class Line(BaseModel):
    """One weight."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 1)

    def forward(
        self, inputs: Tensor, data_samples: list[Any] | None = None, mode: str = "tensor"
    ) -> Any:
        return {"loss": self.layer(inputs).mean()} if mode == "loss" else self.layer(inputs)


def from_a_config(path: str) -> dict[str, float]:
    """Train what a config describes."""
    cfg = Config.fromfile(path)
    runner = Runner.from_cfg(cfg)
    model: nn.Module = runner.train()
    assert isinstance(runner.trainer, pl.Trainer)
    see: RunnerLike = runner
    see.call_hook("before_val")
    assert model is not None
    return dict(runner.val())


def in_a_trainer(path: str, module: pl.LightningModule) -> int:
    """Use the pieces of a config, and hooks alone."""
    ported = mmlight.from_config(path)
    trainer = ported.trainer(max_epochs=1)
    trainer.fit(ported.module, ported.datamodule)
    hooks: list[pl.Callback] = [
        CheckpointHook(interval=1, save_best="loss"),
        EMAHook(momentum=0.001),
        ExponentialMovingAverageHook(module_keys="generator_ema", interval=1),
        LoggerHook(interval=50),
        VisualizationHook(interval=100, vis_kwargs_list={"type": "GAN"}),
        Watch(),
    ]
    pl.Trainer(callbacks=hooks).fit(module)
    return ported.runner.iter


def wrapped(model: nn.Module) -> OptimWrapper:
    """Wrap an optimizer."""
    return OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1), accumulative_counts=2)
