"""IterTimerHook: what it measures and when a run will end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightning.pytorch as L
import pytest
import torch

from mmlight.evaluator import BaseMetric
from mmlight.hooks import IterTimerHook, LoggerHook
from tests.hooks.toy import Record, loader, runner_of


class Nothing(BaseMetric):
    """No metrics at all."""

    def process(self, data_batch: Any, data_samples: Any) -> None:
        self.results.append(1)

    def compute_metrics(self, results: list) -> dict[str, Any]:
        return {}


def wait(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def test_times_of_every_iteration_are_recorded(tmp_path: Path) -> None:
    runner = runner_of(tmp_path, [{"acc": 1.0}] * 3)
    runner.train()
    scalars = runner.message_hub.log_scalars
    assert len(scalars["train/time"].data[0]) == len(scalars["train/data_time"].data[0]) == 12
    assert len(scalars["val/time"].data[0]) == 9
    assert (scalars["train/time"].data[0] >= scalars["train/data_time"].data[0]).all()


def test_a_slow_step_is_time_but_not_waiting_for_data(tmp_path: Path) -> None:
    slow = Record("after_train_iter", lambda runner: wait(0.02), priority="VERY_HIGH")
    runner = runner_of(tmp_path, custom_hooks=[slow])
    runner.train()
    scalars = runner.message_hub.log_scalars
    assert scalars["train/time"].min() >= 0.02
    assert scalars["train/data_time"].mean() < 0.02


def test_remaining_time_shrinks_to_nothing(tmp_path: Path) -> None:
    eta: list[float] = []
    note = Record("after_train_iter", lambda r: eta.append(r.message_hub.get_info("eta")))
    slow = Record("after_train_iter", lambda runner: wait(0.005), priority="VERY_HIGH")
    runner_of(tmp_path, custom_hooks=[note, slow]).train()
    assert eta[0] > 11 * 0.005 and eta[5] > 6 * 0.005 and eta[-1] == 0


def test_iterations_before_a_resume_took_no_time_here(tmp_path: Path) -> None:
    runner_of(tmp_path, train_cfg={"by_epoch": True, "max_epochs": 2}).train()
    eta: list[float] = []
    note = Record("after_train_iter", lambda r: eta.append(r.message_hub.get_info("eta")))
    slow = Record("after_train_iter", lambda runner: wait(0.01), priority="VERY_HIGH")
    runner_of(tmp_path, custom_hooks=[note, slow], resume=True).train()
    # Were all 9 iterations counted, the average of one would seem to be a ninth of this.
    assert eta[0] >= 3 * 0.01


@pytest.mark.parametrize("mode", ["val", "test"])
def test_remaining_time_of_a_validation_and_a_test(mode: str, tmp_path: Path) -> None:
    eta: list[float] = []
    note = Record(f"after_{mode}_iter", lambda r: eta.append(r.message_hub.get_info("eta")))
    cfg = {
        f"{mode}_dataloader": loader(6, 2),
        f"{mode}_cfg": {},
        f"{mode}_evaluator": [Nothing()],
    }
    getattr(runner_of(tmp_path, custom_hooks=[note], **cfg), mode)()
    assert len(eta) == 3 and eta[0] > 0 and eta[-1] == 0


class Stream(torch.utils.data.IterableDataset):
    """Data whose end nobody knows before it comes."""

    def __iter__(self) -> Iterator[torch.Tensor]:
        yield from torch.arange(24.0).reshape(8, 3)


class Plain(L.LightningModule):
    """A module that has never heard of mmlight."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(3, 1)

    def training_step(self, batch: torch.Tensor, batch_idx: int) -> torch.Tensor:
        return self.layer(batch).square().mean()

    def validation_step(self, batch: torch.Tensor, batch_idx: int) -> None:
        self.log("mean", self.layer(batch).mean())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.01)


def test_a_stream_has_no_end_in_sight(tmp_path: Path) -> None:
    seen: list[bool] = []
    note = Record("after_train_iter", lambda r: seen.append("eta" in r.message_hub.runtime_info))
    trainer = L.Trainer(
        default_root_dir=tmp_path,
        callbacks=[LoggerHook(interval=2), IterTimerHook(), note],
        max_epochs=2,
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
    )
    data = torch.utils.data.DataLoader(Stream(), batch_size=2)
    trainer.fit(Plain(), data, data)
    assert seen == [False] * 8
    (log,) = tmp_path.glob("*/*.log")
    text = log.read_text()
    assert "Epoch(train) [2][4/?]" in text and "Epoch(val) [2][4/4]    mean: " in text
