"""What hooks write in a Lightning project, how often, and what they leave to its own loggers."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch.callbacks import (
    EarlyStopping,
    LearningRateMonitor,
    ModelCheckpoint,
    RichProgressBar,
)
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger

from mmlight.engine import GenVisualizationHook
from mmlight.hooks import CheckpointHook, EMAHook, Hook, LoggerHook

from .plain import BATCHES, BOTH, Automatic, Data, Manual, Plain, fit


def log_of(folder: Path) -> str:
    (log,) = folder.rglob("2*.log")
    return log.read_text()


def scalars_of(folder: Path) -> list[dict[str, Any]]:
    (path,) = folder.rglob("scalars.json")
    return [json.loads(line) for line in path.read_text().splitlines()]


def rows_of(folder: Path) -> list[dict[str, str]]:
    (path,) = folder.rglob("metrics.csv")
    with path.open() as file:
        return list(csv.DictReader(file))


@BOTH
def test_the_loggers_of_the_user_get_what_they_get_without_hooks(
    tmp_path: Path, kind: type[Plain]
) -> None:
    for name, hooks in (("with", [LoggerHook(interval=5), EMAHook()]), ("without", [])):
        logger = CSVLogger(tmp_path / name, flush_logs_every_n_steps=1)
        module = kind()
        module.told = (2.0, 1.0, 3.0)
        trainer = fit(tmp_path / name, module, *hooks, logger=logger, log_every_n_steps=4)
        trainer.validate(module, Data(), verbose=False)
        logger.save()
    with_hooks, without = rows_of(tmp_path / "with"), rows_of(tmp_path / "without")
    same = [{k: v for k, v in row.items() if k != "fingerprint"} for row in without]
    assert [{k: v for k, v in row.items() if k != "fingerprint"} for row in with_hooks] == same


def test_callbacks_of_the_user_see_the_modules_own_values(tmp_path: Path) -> None:
    seen: dict[str, list[float]] = {"with": [], "without": []}

    class Look(ModelCheckpoint):
        def __init__(self, name: str) -> None:
            super().__init__(tmp_path / name)
            self.name = name

        def on_train_batch_end(self, trainer: Any, *args: Any, **kwargs: Any) -> None:
            super().on_train_batch_end(trainer, *args, **kwargs)
            seen[self.name].append(float(trainer.callback_metrics["train_loss"]))

    fit(tmp_path, Automatic(), LoggerHook(interval=1), Look("with"), enable_checkpointing=True)
    fit(tmp_path, Automatic(), Look("without"), enable_checkpointing=True)
    assert seen["with"] == seen["without"]


def test_a_line_has_what_a_module_logs_and_all_rates(tmp_path: Path) -> None:
    values: dict[str, list[float]] = {"loss_g": [], "loss_d": []}

    class Look(Hook):
        def after_train_iter(
            self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None
        ) -> None:
            for name, history in values.items():
                history.append(float(outputs[name]))

    fit(tmp_path, Manual(), LoggerHook(interval=10), Look())
    first = scalars_of(tmp_path)[0]
    for name, history in values.items():
        assert first[name] == pytest.approx(sum(history[:10]) / 10)
    assert (first["lr-Adam"], first["lr-Adam-1"]) == (2e-4, 4e-4)
    line = next(line for line in log_of(tmp_path).splitlines() if "Epoch(train)" in line)
    assert "[1][10/22]  lr-Adam: 2.0000e-04 lr-Adam-1: 4.0000e-04  eta" in line
    assert f"loss_g: {first['loss_g']:.4f}" in line
    assert f"loss_d: {first['loss_d']:.4f}" in line


def test_rates_have_the_names_of_lightnings_monitor(tmp_path: Path) -> None:
    class Named(Manual):
        def configure_optimizers(self) -> Any:
            first, second = super().configure_optimizers()
            third = torch.optim.SGD(self.discriminator.parameters(), lr=0.5)
            scheduler = torch.optim.lr_scheduler.ConstantLR(second)
            configs = {"optimizer": second, "lr_scheduler": {"scheduler": scheduler, "name": "d"}}
            return [{"optimizer": first}, configs, {"optimizer": third}]

        def optimizers(self, *args: Any, **kwargs: Any) -> Any:
            return super().optimizers(*args, **kwargs)[:2]

    logger = CSVLogger(tmp_path / "csv")
    callbacks = [LoggerHook(), LearningRateMonitor("step")]
    fit(tmp_path, Named(), *callbacks, logger=logger, log_every_n_steps=5)
    theirs = {name for row in rows_of(tmp_path / "csv") for name in row} - {"epoch", "step"}
    rates = {name for name in theirs if name == "d" or name.startswith("lr-")}
    assert rates == {"d", "lr-Adam", "lr-SGD"}
    assert rates <= set(scalars_of(tmp_path)[0])


def test_a_line_of_automatic_optimization(tmp_path: Path) -> None:
    fit(tmp_path, Automatic(), LoggerHook(interval=11))
    lines = [line for line in scalars_of(tmp_path) if "train_loss" in line]
    assert [(line["epoch"], line["step"]) for line in lines] == [(1, 11), (1, 22), (2, 33), (2, 44)]
    assert {"lr", "loss", "train_loss", "spread", "time", "data_time"} <= set(lines[0])
    assert "fake" not in lines[0]


@BOTH
def test_the_loggers_name_and_the_end_of_a_training(tmp_path: Path, kind: type[Plain]) -> None:
    fit(tmp_path, kind(), LoggerHook(interval=50), max_epochs=3)
    text = log_of(tmp_path)
    assert "mmengine" not in text
    assert re.match(r"\S+ \S+ - mmlight - INFO - ", text)
    # Once in each epoch, which is shorter than the interval, and at the fiftieth iteration.
    places = re.findall(r"Epoch\(train\) \[(\d)\]\[([ \d]+)/22\]", text)
    assert places == [("1", "22"), ("2", "22"), ("3", " 6"), ("3", "22")]


@BOTH
def test_intervals_count_the_iterations_of_all_epochs(tmp_path: Path, kind: type[Plain]) -> None:
    due: list[int] = []
    ends: list[int] = []

    class Every(Hook):
        def after_train_iter(
            self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None
        ) -> None:
            assert batch_idx == runner.iter
            if self.every_n_inner_iters(batch_idx, 30):
                due.append(batch_idx + 1)
            if self.end_of_epoch(runner.train_dataloader, batch_idx):
                ends.append(batch_idx + 1)

    pictures = GenVisualizationHook(interval=50, vis_kwargs_list={"type": "GAN", "n_samples": 2})
    keeper = CheckpointHook(interval=50, by_epoch=False)
    fit(tmp_path, kind(), Every(), keeper, pictures, max_epochs=5)
    assert due == [30, 60, 90]
    assert ends == [22, 44, 66, 88, 110]
    shown = {path.name for path in tmp_path.rglob("vis_image/*")}
    assert shown == {"gan_50.png", "gan_100.png"}
    kept = {path.name for path in tmp_path.glob("*.pth")}
    assert kept == {"iter_50.pth", "iter_100.pth", "iter_110.pth"}


@pytest.mark.parametrize(
    ("kind", "limits", "last"),
    [
        (Automatic, {"max_steps": 30}, 30),
        (Automatic, {"max_steps": 10, "accumulate_grad_batches": 4}, 38),
        (Manual, {"max_steps": 30}, 15),
        (Manual, {"max_epochs": 1, "limit_train_batches": 7}, 7),
    ],
)
def test_the_last_iteration_is_known(
    tmp_path: Path, kind: type[Plain], limits: dict[str, int], last: int
) -> None:
    trainer = fit(tmp_path, kind(), CheckpointHook(by_epoch=False, interval=1000), **limits)
    assert trainer.fit_loop.epoch_loop.total_batch_idx + 1 == last
    assert [path.name for path in tmp_path.glob("*.pth")] == [f"iter_{last}.pth"]


def test_lengths_of_several_validation_sets_and_limits(tmp_path: Path) -> None:
    seen: list[int] = []

    class Sets(Data):
        def val_dataloader(self) -> Any:
            return [super().val_dataloader()] * 2

    class Count(Hook):
        def after_val_iter(self, runner: Any, batch_idx: int, **kwargs: Any) -> None:
            seen.append(batch_idx)

    class Module(Automatic):
        def validation_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
            super().validation_step(batch, batch_idx)

    from .plain import trainer_of

    trainer = trainer_of(
        tmp_path, LoggerHook(interval=2), Count(), max_epochs=1, limit_train_batches=4
    )
    trainer.fit(Module(), Sets())
    assert seen == [0, 1, 2, 3, 4, 5]
    text = log_of(tmp_path)
    assert "Epoch(train) [1][2/4]" in text
    assert "Epoch(val) [1][4/6]" in text
    assert "Epoch(val) [1][6/6]" in text


@BOTH
def test_beside_lightnings_own_callbacks_and_loggers(tmp_path: Path, kind: type[Plain]) -> None:
    module = kind()
    module.told = (3.0, 2.0, 4.0, 5.0)
    loggers = [TensorBoardLogger(tmp_path / "tb"), CSVLogger(tmp_path / "csv")]
    keeper = ModelCheckpoint(tmp_path / "kept", monitor="val_loss", filename="{epoch}")
    trainer = fit(
        tmp_path,
        module,
        LoggerHook(interval=10),
        CheckpointHook(interval=1, save_best="val_loss", rule="less"),
        EMAHook(momentum=0.05),
        GenVisualizationHook(interval=20, vis_kwargs_list={"type": "GAN", "n_samples": 2}),
        keeper,
        EarlyStopping("val_loss", patience=2),
        LearningRateMonitor(),
        RichProgressBar(),
        logger=loggers,
        log_every_n_steps=5,
        max_epochs=9,
        enable_checkpointing=True,
        enable_progress_bar=True,
    )
    assert trainer.current_epoch == 4
    assert Path(keeper.best_model_path).name == "epoch=1.ckpt"
    assert (tmp_path / "best_val_loss_epoch_2.pth").exists()
    assert "loss" in log_of(tmp_path)
    steps = [int(row["step"]) for row in rows_of(tmp_path / "csv") if row["val_loss"]]
    per_epoch = BATCHES * (1 if kind is Automatic else 2)
    assert len(steps) == 4 and steps[0] in (BATCHES - 1, per_epoch - 1)
    assert list((tmp_path / "tb").rglob("events.out.tfevents.*"))


def test_the_loss_is_whole_where_gradients_accumulate(tmp_path: Path) -> None:
    fit(tmp_path, Automatic(), LoggerHook(interval=1), accumulate_grad_batches=4, max_epochs=1)
    rows = [row for row in scalars_of(tmp_path) if "train_loss" in row]
    assert len(rows) == BATCHES
    for row in rows:
        assert row["loss"] == pytest.approx(row["train_loss"])


def test_a_training_that_stops_within_an_epoch_has_done_that_epoch_at_most(tmp_path: Path) -> None:
    fit(tmp_path, Automatic(), CheckpointHook(interval=1), max_epochs=-1, max_steps=14)
    assert [path.name for path in tmp_path.rglob("epoch_*.pth")] == ["epoch_1.pth"]
