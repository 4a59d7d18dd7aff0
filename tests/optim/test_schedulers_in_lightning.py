"""Parameter schedulers as ``lr_scheduler`` of a plain LightningModule."""

from __future__ import annotations

import lightning.pytorch as L
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from mmlight import optim
from tests.optim.scheduler_cases import CASES


class Plain(L.LightningModule):
    """Automatic optimization, with one scheduler."""

    def __init__(self, name: str, arguments: dict, **lr_scheduler) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 1)
        self.scheduler_type = getattr(optim, name)
        self.arguments = arguments
        self.lr_scheduler = lr_scheduler
        self.rates: list[float] = []

    def configure_optimizers(self):
        sgd = torch.optim.SGD(self.parameters(), lr=0.1, momentum=0.9)
        scheduler = self.scheduler_type(sgd, **self.arguments)
        return {"optimizer": sgd, "lr_scheduler": {"scheduler": scheduler, **self.lr_scheduler}}

    def training_step(self, batch, batch_idx):
        self.rates.append(self.optimizers().param_groups[0]["lr"])
        loss = self.layer(batch).square().mean()
        self.log("loss", torch.ones(()))
        return loss


def fit(module: Plain, tmp_path, max_epochs: int, **kwargs) -> L.Trainer:
    trainer = L.Trainer(
        default_root_dir=tmp_path,
        max_epochs=max_epochs,
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
    )
    trainer.fit(module, DataLoader(torch.ones(8, 1), batch_size=2), **kwargs)
    return trainer


def expected(name: str, arguments: dict, steps: int) -> list[float]:
    sgd = torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=0.1, momentum=0.9)
    scheduler = getattr(optim, name)(sgd, **arguments)
    values = []
    for _ in range(steps):
        values.append(sgd.param_groups[0]["lr"])
        sgd.step()
        scheduler.step()
    return values


@pytest.mark.parametrize(("family", "arguments"), CASES)
def test_each_is_stepped_by_the_trainer(family: str, arguments: dict, tmp_path) -> None:
    module = Plain(f"{family}LR", arguments, interval="step")
    fit(module, tmp_path, max_epochs=3)
    assert module.rates == expected(f"{family}LR", arguments, 12)


def test_by_epoch() -> None:
    module = Plain("StepLR", {"step_size": 1, "gamma": 0.5})
    fit(module, None, max_epochs=2)
    assert module.rates == [0.1] * 4 + [0.05] * 4


def test_a_plateau_gets_the_logged_metric() -> None:
    options = {"patience": 0, "factor": 0.5}
    module = Plain("ReduceOnPlateauLR", options, monitor="loss", reduce_on_plateau=True)
    fit(module, None, max_epochs=3)
    assert module.rates == [0.1] * 8 + [0.05] * 4


def test_a_checkpoint_in_the_middle_resumes_the_schedule(tmp_path) -> None:
    arguments = {"start_factor": 0.1, "end": 10}
    first = Plain("LinearLR", arguments, interval="step")
    fit(first, tmp_path, max_epochs=2).save_checkpoint(tmp_path / "last.ckpt")
    state = torch.load(tmp_path / "last.ckpt", weights_only=True)
    assert state["lr_schedulers"][0]["last_step"] == 8
    resumed = Plain("LinearLR", arguments, interval="step")
    fit(resumed, tmp_path, max_epochs=3, ckpt_path=tmp_path / "last.ckpt")
    assert first.rates + resumed.rates == expected("LinearLR", arguments, 12)
