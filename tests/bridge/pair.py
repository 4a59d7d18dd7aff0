"""A plain module of two networks with its data, and a Trainer for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from mmlight.engine import ExponentialMovingAverageHook
from tests.bridge.parts import Points


class Pair(pl.LightningModule):
    """Two networks with hyperparameters, a schedule, and one or two optimizers."""

    def __init__(self, width: int, rate: float = 0.1, automatic: bool = True) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.automatic_optimization = automatic
        self.generator = nn.Sequential(nn.Linear(4, width), nn.ReLU(), nn.Linear(width, 2))
        self.critic = nn.Linear(4, 2)

    def configure_optimizers(self) -> Any:
        parts = [self] if self.automatic_optimization else [self.generator, self.critic]
        optimizers = [
            torch.optim.Adam(part.parameters(), lr=self.hparams["rate"]) for part in parts
        ]
        return optimizers, [torch.optim.lr_scheduler.StepLR(one, 1, 0.5) for one in optimizers]

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        losses = [
            F.cross_entropy(part(batch["inputs"]), batch["labels"])
            for part in (self.generator, self.critic)
        ]
        self.log("loss", losses[0])
        if self.automatic_optimization:
            return sum(losses)
        optimizers: Any = self.optimizers()
        for optimizer, loss in zip(optimizers, losses, strict=True):
            optimizer.zero_grad()
            self.manual_backward(loss)
            optimizer.step()
        if self.trainer.is_last_batch:
            schedulers: Any = self.lr_schedulers()
            for scheduler in schedulers:
                scheduler.step()
        return None

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        right = self.generator(batch["inputs"]).argmax(1) == batch["labels"]
        self.log("accuracy", right.float().mean())


class Data(pl.LightningDataModule):
    """Points in their order, and a state of its own."""

    def __init__(self, length: int = 20) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.tag = "fresh"

    def train_dataloader(self) -> DataLoader:
        return DataLoader(_Still(self.hparams["length"]), batch_size=4)

    val_dataloader = train_dataloader

    def state_dict(self) -> dict[str, Any]:
        return {"tag": self.tag}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.tag = state_dict["tag"]


class _Still(Points):
    """Points without noise."""

    def __getitem__(self, index: int) -> dict[str, Any]:
        inputs = self.inputs[index]
        return {"inputs": inputs, "labels": int(inputs.sum() > 0)}


def trainer(folder: Path, *callbacks: Any, epochs: int = 2, **kwargs: Any) -> pl.Trainer:
    return pl.Trainer(
        callbacks=list(callbacks),
        default_root_dir=folder,
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **{"enable_checkpointing": False, **kwargs},
    )


def module(automatic: bool) -> Pair:
    pl.seed_everything(1, verbose=False)
    return Pair(width=8, automatic=automatic)


def average() -> ExponentialMovingAverageHook:
    return ExponentialMovingAverageHook("generator_ema", interval=1, interp_cfg={"momentum": 0.3})
