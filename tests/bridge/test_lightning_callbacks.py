"""Lightning's own callbacks and loggers in a run whose loop is the Runner's."""

from __future__ import annotations

import os
import signal
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.callbacks import EarlyStopping, LearningRateMonitor, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.utilities.exceptions import SIGTERMException

from mmlight.bridge.loggers import VisBackendLogger
from mmlight.config import Config
from mmlight.runner import Runner

from .parts import Plain, config


class Events(pl.Callback):
    """Writes down Lightning's events with Lightning's counters."""

    def __init__(self) -> None:
        self.seen: list[tuple] = []

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        self.seen.append(("train_start", trainer.current_epoch, trainer.global_step))

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        self.seen.append(("epoch_start", trainer.current_epoch, trainer.global_step))

    def on_train_batch_start(
        self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int
    ) -> None:
        self.seen.append(("batch_start", batch_idx, trainer.global_step))

    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self.seen.append(("batch_end", batch_idx, trainer.global_step))

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        self.seen.append(("validation_start", trainer.current_epoch, trainer.validating))

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        self.seen.append(("validation_end", trainer.current_epoch, trainer.validating))

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        self.seen.append(("epoch_end", trainer.current_epoch, trainer.training))

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        self.seen.append(("train_end", trainer.current_epoch, trainer.global_step))


def run(tmp_path: Any, callbacks: list, by_epoch: bool = True, **trainer: Any) -> Runner:
    cfg = config(tmp_path, by_epoch)
    cfg["custom_hooks"] = callbacks
    settings = Config({"trainer": {**cfg.pop("trainer"), **trainer}})
    runner = Runner(**cfg, cfg=settings)
    runner.train()
    return runner


def test_events_come_in_lightnings_order_with_its_counters(tmp_path: Any) -> None:
    events = Events()
    run(tmp_path, [events])
    seen = events.seen
    assert seen[:3] == [("train_start", 0, 0), ("epoch_start", 0, 0), ("batch_start", 0, 0)]
    first = seen[: seen.index(("epoch_end", 0, True)) + 1]
    assert first[-4:] == [
        ("batch_end", 4, 5),
        ("validation_start", 0, True),
        ("validation_end", 0, True),
        ("epoch_end", 0, True),
    ]
    assert seen[-1] == ("train_end", 3, 15)


def test_early_stopping_and_model_checkpoint_see_the_metrics(tmp_path: Any) -> None:
    stop = EarlyStopping("points/accuracy", mode="max", min_delta=10.0, patience=1)
    best = ModelCheckpoint(tmp_path / "best", monitor="points/accuracy", mode="max")
    runner = run(tmp_path, [stop, best], enable_checkpointing=True)
    assert runner.epoch == 2
    checkpoint = torch.load(best.best_model_path, weights_only=True)
    assert {"meta", "message_hub", "optimizer", "loops"} <= set(checkpoint)
    assert set(checkpoint["state_dict"]) == set(runner.model.state_dict())


def test_a_lightning_logger_gets_the_scalars(tmp_path: Any) -> None:
    run(tmp_path, [LearningRateMonitor()], logger=CSVLogger(tmp_path, name="csv"))
    (metrics,) = tmp_path.glob("csv/*/metrics.csv")
    assert "loss" in metrics.read_text()


def test_max_time_stops_in_the_middle(tmp_path: Any) -> None:
    runner = run(tmp_path, [], by_epoch=False, max_time="00:00:00:00")
    assert runner.iter < 12


def test_a_run_that_is_told_to_terminate_ends_after_its_iteration(tmp_path: Any) -> None:
    class Terminate(pl.Callback):
        def on_train_batch_end(self, trainer: Any, *args: Any) -> None:
            if trainer.global_step == 7:
                os.kill(os.getpid(), signal.SIGTERM)

    cfg = config(tmp_path)
    settings = Config({"trainer": cfg.pop("trainer")})
    runner = Runner(**cfg, custom_hooks=[Terminate()], cfg=settings)
    with pytest.raises(SIGTERMException):
        runner.train()
    assert runner.iter == 7


def test_a_backend_serves_self_log(tmp_path: Any) -> None:
    logger = VisBackendLogger({"type": "LocalVisBackend", "save_dir": str(tmp_path / "vis")})
    trainer = pl.Trainer(
        logger=logger,
        max_epochs=1,
        log_every_n_steps=1,
        accelerator="cpu",
        enable_progress_bar=False,
        enable_checkpointing=False,
        enable_model_summary=False,
    )
    trainer.fit(Plain())
    (scalars,) = (tmp_path / "vis").glob("**/scalars.json")
    assert '"loss"' in scalars.read_text()


@pytest.mark.parametrize("mode", ["val", "test"])
def test_metrics_of_any_shape_are_returned(tmp_path: Any, mode: str) -> None:
    from mmlight.evaluator import BaseMetric

    class Shapes(BaseMetric):
        default_prefix = "any"

        def process(self, data_batch: Any, data_samples: Any) -> None:
            self.results.append(1)

        def compute_metrics(self, results: list) -> dict:
            return {"vector": torch.arange(3), "text": "fine", "number": 1.5}

    cfg = config(tmp_path, val_evaluator=[Shapes()])
    cfg.update({f"test_{key}": cfg[f"val_{key}"] for key in ("dataloader", "cfg", "evaluator")})
    metrics = getattr(Runner.from_cfg(Config(cfg)), mode)()
    assert metrics["any/vector"].tolist() == [0, 1, 2]
    assert metrics["any/text"] == "fine"
