"""Lightning projects that know nothing of mmlight: 22 batches an epoch, two ways to optimize."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

BATCHES = 22


def _points(batches: int = BATCHES) -> TensorDataset:
    return TensorDataset(torch.randn(4 * batches, 3, generator=torch.Generator().manual_seed(0)))


class Data(pl.LightningDataModule):
    """Random points, for each stage."""

    def train_dataloader(self) -> DataLoader:
        return DataLoader(_points(), batch_size=4)

    def val_dataloader(self) -> DataLoader:
        return DataLoader(_points(3), batch_size=4)

    test_dataloader = predict_dataloader = val_dataloader


class Plain(pl.LightningModule):
    """What both kinds have in common: the score of an evaluation tells which weights it had."""

    noise_size = 2
    told: tuple[float, ...] = ()
    """What the validations say of their loss, one after the other; by default it is computed."""

    def __init__(self, width: int = 3) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.generator = nn.Sequential(nn.Linear(2, width), nn.BatchNorm1d(width))
        self.discriminator = nn.Linear(width, 1)
        self.validations = 0
        self.predicted: list[torch.Tensor] = []

    def fingerprint(self) -> torch.Tensor:
        """A number that no two sets of weights share."""
        return sum(p.detach().abs().sum() for p in self.parameters())  # type: ignore[return-value]

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        self.log("fingerprint", self.fingerprint())
        told = self.told[self.validations] if self.told else self.fingerprint()
        self.log("val_loss", torch.as_tensor(told))

    def on_validation_end(self) -> None:
        self.validations += not self.trainer.sanity_checking

    def test_step(self, batch: Any, batch_idx: int) -> None:
        self.log("fingerprint", self.fingerprint())

    def predict_step(self, batch: Any, batch_idx: int = 0) -> Any:
        if isinstance(batch, torch.Tensor):  # noise, of a hook that shows samples
            return self.generator(batch)[:, :, None, None].expand(-1, 3, 8, 8)
        self.predicted.append(self.fingerprint())
        return batch


class Automatic(Plain):
    """One optimizer, which Lightning steps."""

    def training_step(self, batch: Any, batch_idx: int) -> dict[str, torch.Tensor]:
        noise = torch.randn(len(batch[0]), 2)
        fake = self.generator(noise)
        loss = F.mse_loss(fake, batch[0])
        self.log("train_loss", loss, prog_bar=True)
        self.log("spread", fake.std(), on_step=False, on_epoch=True)
        return {"loss": loss, "fake": fake}

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.generator.parameters(), lr=0.05, momentum=0.9)


class Manual(Plain):
    """A GAN with two optimizers, which it steps itself."""

    def __init__(self, width: int = 3) -> None:
        super().__init__(width)
        self.automatic_optimization = False

    def training_step(self, batch: Any, batch_idx: int) -> None:
        first, second = self.optimizers()  # type: ignore[misc]
        real = batch[0]
        fake = self.generator(torch.randn(len(real), 2))
        loss_d = self.discriminator(fake.detach()).mean() - self.discriminator(real).mean()
        second.zero_grad()
        self.manual_backward(loss_d)
        second.step()
        loss_g = F.mse_loss(fake, real) - self.discriminator(fake).mean()
        first.zero_grad()
        self.manual_backward(loss_g)
        first.step()
        self.log_dict({"loss_g": loss_g, "loss_d": loss_d})

    def configure_optimizers(self) -> Any:
        return [
            torch.optim.Adam(self.generator.parameters(), lr=2e-4),
            torch.optim.Adam(self.discriminator.parameters(), lr=4e-4),
        ]


BOTH = pytest.mark.parametrize("kind", [Automatic, Manual])


def trainer_of(folder: Path, *callbacks: Any, **kwargs: Any) -> pl.Trainer:
    """A Trainer of two epochs that writes nothing of its own."""
    return pl.Trainer(
        callbacks=list(callbacks),
        default_root_dir=folder,
        accelerator="cpu",
        **{
            "max_epochs": 2,
            "logger": False,
            "enable_checkpointing": False,
            "enable_progress_bar": False,
            "enable_model_summary": False,
            **kwargs,
        },
    )


def fit(
    folder: Path, module: Plain, *callbacks: Any, ckpt_path: Any = None, **kwargs: Any
) -> pl.Trainer:
    """Train from one and the same start."""
    torch.manual_seed(3)
    module.load_state_dict(type(module)().state_dict(), strict=False)
    trainer = trainer_of(folder, *callbacks, **kwargs)
    trainer.fit(module, Data(), ckpt_path=ckpt_path)
    return trainer


def files_of(folder: Path) -> dict[str, bytes]:
    """All files below a folder."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}
