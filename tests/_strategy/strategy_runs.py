"""What a FlexibleRunner does in each of several processes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import strategies

from mmlight._strategy import FSDPStrategy
from mmlight.bridge.sharding import whole_weights
from mmlight.config import Config
from mmlight.registry import RUNNERS, STRATEGIES
from tests.bridge.parts import config


class OnCPU(strategies.FSDPStrategy):
    """FSDP where Lightning would refuse it."""


@STRATEGIES.register_module(force=True)
class CPUShards(FSDPStrategy):
    """The strategy of FSDP, for a machine without a GPU."""

    lightning_type = OnCPU


def train(folder: Path, **changes: Any) -> dict[str, Any]:
    """Train a classifier and tell about it."""
    cfg = Config(config(folder, runner_type="FlexibleRunner", **changes))
    runner = RUNNERS.build(cfg)
    runner.train()
    return {
        "runner": type(runner).__name__,
        "launcher": runner.launcher,
        "wrapper": type(runner.model).__name__,
        "strategy": type(runner.trainer.strategy).__name__,
        "world": runner.world_size,
        "synced": any(isinstance(m, torch.nn.SyncBatchNorm) for m in runner.model.modules()),
        "weights": {key: value.cpu() for key, value in whole_weights(runner.model).items()},
    }
