"""Each event of Lightning's callbacks comes as in stock manual optimization."""

from __future__ import annotations

import inspect
from collections import Counter
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torch.utils.data import DataLoader

from mmlight.bridge.module import ModelModule

from .parts import Plain, Points, Trace
from .test_data import batches, ported

EVENTS = [
    name
    for name, _ in inspect.getmembers(pl.Callback, inspect.isfunction)
    if not name.startswith("_")
]
Event = tuple[str, str | None, int, int]


def recorder() -> tuple[pl.Callback, list[Event]]:
    """A callback that writes down each event with the Trainer's stage, steps and epochs."""
    seen: list[Event] = []

    def recording(name: str) -> Any:
        def method(self: Any, *args: Any, **kwargs: Any) -> Any:
            trainer = next((one for one in args if isinstance(one, pl.Trainer)), None)
            if trainer is None:
                seen.append((name, None, 0, 0))
            else:
                stage = trainer.state.stage
                where = (trainer.global_step, trainer.current_epoch)
                seen.append((name, stage and stage.value, *where))
            return getattr(pl.Callback, name)(self, *args, **kwargs)

        return method

    kind = type("Recorder", (pl.Callback,), {name: recording(name) for name in EVENTS})
    return kind(), seen


class Stock(Plain):
    """A LightningModule of the same schedule, with manual optimization."""

    def __init__(self) -> None:
        super().__init__(automatic=False)

    def train_dataloader(self) -> DataLoader:
        return DataLoader(Points(20), batch_size=4, shuffle=True)

    def val_dataloader(self) -> DataLoader:
        return batches(12)

    test_dataloader = predict_dataloader = val_dataloader

    def test_step(self, batch: Any, batch_idx: int) -> None:
        self.validation_step(batch, batch_idx)

    def predict_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
        return self.net(batch["inputs"])


def events_of(module: pl.LightningModule, tmp_path: Path) -> dict[str, list[Event]]:
    callback, seen = recorder()
    trainer = pl.Trainer(
        max_epochs=3,
        callbacks=[callback],
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=tmp_path,
    )
    found = {}
    for verb in ("fit", "validate", "test", "predict"):
        seen.clear()
        quiet = {"verbose": False} if verb in ("validate", "test") else {}
        getattr(trainer, verb)(module, **quiet)
        found[verb] = list(seen)
    return found


def test_events_come_as_in_stock_manual_optimization(tmp_path: Path) -> None:
    # The default sanity check and the default ModelCheckpoint take part. The order is Lightning's:
    # the documented end of an epoch, before its validation, is a point of the hooks alone.
    stock = events_of(Stock(), tmp_path / "stock")
    ours = events_of(ported(tmp_path / "ported").module, tmp_path / "ported")
    assert len(stock["fit"]) > 100
    for verb, events in stock.items():
        assert Counter(event[0] for event in ours[verb]) == Counter(event[0] for event in events)
        assert ours[verb] == events, verb


def test_hooks_know_nothing_of_the_sanity_check(tmp_path: Path) -> None:
    trace = Trace()
    pieces = ported(tmp_path, custom_hooks=[trace])
    checked: list[bool] = []

    class Look(pl.Callback):
        def on_validation_batch_end(self, trainer: Any, *args: Any) -> None:
            if trainer.sanity_checking:
                checked.append(pieces.runner.model.training)

    trainer = pl.Trainer(
        callbacks=[Look()],
        accelerator="cpu",
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=tmp_path,
    )
    trainer.fit(pieces.module, pieces.datamodule)
    assert checked == [False, False]
    assert len([entry for entry in trace.seen if entry[0] == "before_val_iter"]) == 9


def test_a_loop_that_runs_as_a_whole_says_that_there_is_no_sanity_check(tmp_path: Path) -> None:
    pieces = ported(tmp_path, val_cfg={"type": "MultiValLoop"})
    trainer = pl.Trainer(
        accelerator="cpu",
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=tmp_path,
        limit_train_batches=1,
    )
    trainer.fit(pieces.module, pieces.datamodule)
    (log,) = tmp_path.glob("*/*.log")
    assert "num_sanity_val_steps has no effect: MultiValLoop is run as a whole" in log.read_text()


class Logs(pl.Callback):
    """Logs at each event that Lightning allows it at."""

    def on_train_batch_end(self, trainer: Any, pl_module: ModelModule, *args: Any) -> None:
        self.log("mine/batch", float(trainer.global_step))

    def on_train_epoch_end(self, trainer: Any, pl_module: ModelModule) -> None:
        self.log("mine/epoch", float(trainer.current_epoch))

    def on_validation_epoch_end(self, trainer: Any, pl_module: ModelModule) -> None:
        self.log("mine/val", float(trainer.global_step), prog_bar=True)


@pytest.mark.parametrize("logger", [True, False])
def test_the_trainers_metrics_are_filled(logger: bool, tmp_path: Path) -> None:
    from lightning.pytorch.loggers import CSVLogger

    pieces = ported(tmp_path, default_hooks={"logger": {"type": "LoggerHook", "interval": 5}})
    trainer = pl.Trainer(
        callbacks=[Logs()],
        accelerator="cpu",
        logger=CSVLogger(tmp_path) if logger else False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=tmp_path,
        log_every_n_steps=5,
    )
    trainer.fit(pieces.module, pieces.datamodule)
    own = {"mine/batch": 15.0, "mine/epoch": 2.0, "mine/val": 15.0}
    assert {name: float(trainer.callback_metrics[name]) for name in own} == own
    assert {name: float(trainer.logged_metrics[name]) for name in own} == own
    assert {"loss", "points/accuracy"} <= set(trainer.logged_metrics)
    assert {"loss", "points/accuracy"} <= set(trainer.callback_metrics)
    assert {"loss", "points/accuracy", "mine/val"} <= set(trainer.progress_bar_metrics)
