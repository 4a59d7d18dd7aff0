"""What the processes of :mod:`tests.bridge.ranks` run to count what they say to each other."""

from __future__ import annotations

from collections import Counter
from typing import Any

import lightning.pytorch as pl
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.data import DataLoader

import mmlight
from mmlight.config import Config
from mmlight.evaluator import BaseMetric
from mmlight.hooks import EvaluatorCallback
from tests.bridge.parts import config


class Collectives(TorchDispatchMode):
    """Counts collectives by name."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func.namespace == "c10d":
            self.counts[func._opname] += 1
        return func(*args, **(kwargs or {}))


class Named(BaseMetric):
    """A tenth, under so many names."""

    default_prefix = "named"

    def __init__(self, names: int) -> None:
        super().__init__()
        self.names = names

    def process(self, data_batch: Any, data_samples: Any) -> None:
        self.results.extend(data_samples)

    def compute_metrics(self, results: list) -> dict[str, float]:
        return {str(index): 0.1 for index in range(self.names)}


class Echo(pl.LightningModule):
    """Predicts its inputs."""

    def validation_step(self, batch: Any, batch_idx: int) -> Any:
        return {"pred": batch}


def trainer(*callbacks: Any) -> pl.Trainer:
    return pl.Trainer(
        accelerator="cpu",
        devices=2,
        strategy="ddp",
        callbacks=list(callbacks),
        logger=False,
        enable_progress_bar=False,
        enable_checkpointing=False,
    )


def validate(folder: str, way: str, names: int) -> tuple[dict[str, int], dict[str, Any]]:
    """Validate with a config or with a plain module and the callback."""
    with Collectives() as said:
        if way == "from_config":
            changes = config(folder, val_evaluator=[Named(names)])
            ported = mmlight.from_config(Config(changes))
            (metrics,) = trainer().validate(ported.module, ported.datamodule, verbose=False)
        else:
            one = trainer(EvaluatorCallback(Named(names)))
            data = DataLoader(torch.arange(8.0), batch_size=3)
            (metrics,) = one.validate(Echo(), data, verbose=False)
    return dict(said.counts), dict(metrics)
