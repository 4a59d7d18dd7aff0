"""A plain LightningModule with optimizer wrappers, trained by one process or two."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl
import torch
from torch import nn
from torch.utils.data import DataLoader

from mmlight.dataset import DefaultSampler
from mmlight.optim import OptimWrapper, OptimWrapperDict


class Pair(pl.LightningModule):
    """Two layers with a wrapper each, the first of which accumulates."""

    def __init__(self) -> None:
        super().__init__()
        self.automatic_optimization = False
        torch.manual_seed(1)
        self.first = nn.Linear(3, 2)
        self.second = nn.Linear(3, 2)

    def configure_optimizers(self) -> OptimWrapperDict:
        def sgd(part: nn.Module, **kwargs: Any) -> OptimWrapper:
            return OptimWrapper(torch.optim.SGD(part.parameters(), lr=0.1), **kwargs)

        return OptimWrapperDict(
            first=sgd(self.first, accumulative_counts=2),
            second=sgd(self.second, clip_grad={"max_norm": 0.05}),
        )

    def training_step(self, batch: torch.Tensor, batch_idx: int) -> None:
        first, second = self.optimizers()  # type: ignore[misc]
        first.update_params(self.first(batch).square().mean())
        second.update_params(self.second(batch).square().mean())


class Data(pl.LightningDataModule):
    """Rows in their order."""

    def __init__(self, rows: torch.Tensor, batch_size: int) -> None:
        super().__init__()
        self.rows = rows
        self.batch_size = batch_size

    def train_dataloader(self) -> DataLoader:
        sampler = DefaultSampler(self.rows, shuffle=False)
        return DataLoader(self.rows, self.batch_size, sampler=sampler)


def train(batch_size: int, devices: int) -> dict[str, torch.Tensor]:
    """Train on the same eight batches of four, whole or in halves."""
    rows = torch.arange(96.0).reshape(32, 3).sin()
    strategy = "ddp_find_unused_parameters_true" if devices > 1 else "auto"
    trainer = pl.Trainer(
        accelerator="cpu",
        strategy=strategy,
        devices=devices,
        max_epochs=1,
        use_distributed_sampler=False,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    module = Pair()
    # Two processes take every other row: those of four neighbours are in one batch of each.
    trainer.fit(module, Data(rows, batch_size))
    return {**module.state_dict(), "steps": torch.tensor(trainer.global_step)}
