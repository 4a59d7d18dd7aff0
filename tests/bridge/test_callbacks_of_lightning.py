"""Lightning's callbacks in one's own Trainer: with a ported module they work or are refused."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.callbacks import (
    BackboneFinetuning,
    BasePredictionWriter,
    BatchSizeFinder,
    Callback,
    GradientAccumulationScheduler,
    LearningRateFinder,
    LearningRateMonitor,
    ModelCheckpoint,
    ModelPruning,
    OnExceptionCheckpoint,
    RichModelSummary,
    StochasticWeightAveraging,
    ThroughputMonitor,
    Timer,
)
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.tuner import Tuner

from mmlight.runner.ported import Ported

from .test_data import Count, ported, trainer_with
from .test_module import Backboned  # noqa: F401  # a model with a backbone


class NothingIsRead(Count):
    def on_fit_start(self, *args: Any) -> None:
        raise AssertionError("the Trainer was to be refused")


REFUSED: dict[str, Any] = {
    "accumulative_counts": lambda: GradientAccumulationScheduler({0: 2}),
    "ExponentialLR": LearningRateFinder,
    "train_dataloader=dict": BatchSizeFinder,
    "ema_type='StochasticWeightAverage'": lambda: StochasticWeightAveraging(swa_lrs=0.1),
    "every_n_train_steps": lambda: ModelCheckpoint(
        train_time_interval=datetime.timedelta(seconds=1)
    ),
}


@pytest.mark.parametrize("instead", REFUSED)
def test_what_cannot_work_is_refused_with_what_to_do(instead: str, tmp_path: Path) -> None:
    pieces = ported(tmp_path)
    trainer = trainer_with(NothingIsRead())
    trainer.callbacks.append(REFUSED[instead]())  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match=f"cannot be obeyed.*use .*{instead}"):
        trainer.fit(pieces.module, pieces.datamodule)


def test_the_tuner_says_why_it_cannot(tmp_path: Path) -> None:
    pieces = ported(tmp_path)
    with pytest.raises(ValueError, match=r"LearningRateFinder .* param_scheduler"):
        Tuner(trainer_with(Count())).lr_find(pieces.module, pieces.datamodule)
    with pytest.raises(ValueError, match=r"BatchSizeFinder .*batch_size"):
        Tuner(trainer_with(Count())).scale_batch_size(pieces.module, datamodule=pieces.datamodule)


def fit(tmp_path: Path, *callbacks: Callback, **more: Any) -> tuple[Ported, pl.Trainer]:
    pieces = ported(tmp_path, **more.pop("changes", {}))
    trainer = trainer_with(Count(), default_root_dir=tmp_path, **more)
    trainer.callbacks.extend(callbacks)  # type: ignore[attr-defined]
    trainer.fit(pieces.module, pieces.datamodule)
    return pieces, trainer


def test_monitors_write_to_the_logger(tmp_path: Path) -> None:
    logger = CSVLogger(tmp_path)
    throughput = ThroughputMonitor(batch_size_fn=lambda batch: len(batch["inputs"]), window_size=3)
    timer = Timer()
    monitors = (LearningRateMonitor(), throughput, timer, RichModelSummary(max_depth=2))
    fit(tmp_path, *monitors, logger=logger, log_every_n_steps=1)
    header = (Path(logger.log_dir) / "metrics.csv").read_text().splitlines()[0].split(",")
    assert {"lr-SGD", "train/device/batches_per_sec", "validate/samples"} <= set(header)
    assert timer.time_elapsed("train") > timer.time_elapsed("validate") > 0


def test_model_checkpoint_by_steps(tmp_path: Path) -> None:
    files = ModelCheckpoint(
        tmp_path / "files", "{step}", save_last=True, every_n_train_steps=4, save_top_k=-1
    )
    fit(tmp_path, files)
    found = sorted(path.name for path in (tmp_path / "files").iterdir())
    assert found == ["last.ckpt", "step=12.ckpt", "step=4.ckpt", "step=8.ckpt"]


def test_a_checkpoint_of_an_exception(tmp_path: Path) -> None:
    class Fail(Callback):
        def on_train_batch_end(self, trainer: Any, *args: Any) -> None:
            if trainer.global_step == 7:
                raise ArithmeticError

    with pytest.raises(ArithmeticError):
        fit(tmp_path, OnExceptionCheckpoint(tmp_path / "failed"), Fail())
    saved = torch.load(tmp_path / "failed" / "on_exception.ckpt", weights_only=True)
    assert saved["mmlight"]["position"]["iter"] == saved["global_step"] == 7
    assert saved["mmlight"]["position"]["batch_in_epoch"] == 2


def test_a_backbone_that_is_frozen_at_first(tmp_path: Path) -> None:
    weights: list[torch.Tensor] = []
    rates: list[list[float]] = []

    class Look(Callback):
        def on_train_batch_start(self, trainer: Any, pl_module: Any, *args: Any) -> None:
            weights.append(pl_module.backbone.weight.detach().clone())
            rates.append([group["lr"] for group in trainer.optimizers[0].param_groups])

    tuning = BackboneFinetuning(1, lambda epoch: 1.0, backbone_initial_lr=0.02, should_align=False)
    changes = {"model": {"type": "Backboned"}, "param_scheduler": None}
    pieces, _ = fit(tmp_path, tuning, Look(), changes=changes)
    assert all(torch.equal(weight, weights[0]) for weight in weights[:6])
    assert not torch.equal(weights[7], weights[0])
    assert rates[0] == [0.1]
    assert rates[-1] == pytest.approx([0.1, 0.02])
    assert not torch.equal(pieces.module.backbone.weight, weights[0])


def test_pruning_makes_weights_zero(tmp_path: Path) -> None:
    layer = None
    pieces = ported(tmp_path)
    layer = pieces.runner.model.layers[0]
    trainer = trainer_with(Count())
    pruning = ModelPruning("l1_unstructured", [(layer, "weight")], amount=0.5)
    trainer.callbacks.append(pruning)  # type: ignore[attr-defined]
    trainer.fit(pieces.module, pieces.datamodule)
    assert (layer.weight == 0).float().mean() >= 0.5


def test_predictions_are_written(tmp_path: Path) -> None:
    written: list[int] = []

    class Write(BasePredictionWriter):
        def write_on_batch_end(self, trainer: Any, module: Any, prediction: Any, *_: Any) -> None:
            written.append(len(prediction))

    pieces = ported(tmp_path)
    trainer = trainer_with(Count())
    trainer.callbacks.append(Write())  # type: ignore[attr-defined]
    trainer.predict(pieces.module, pieces.datamodule)
    assert written == [4, 4, 4]


def test_nothing_given_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    reference = ported(tmp_path / "runner").runner
    reference.train()
    for name, given in (
        ("bare", {}),
        ("full", {"callbacks": [Count()], "logger": CSVLogger(tmp_path / "csv")}),
    ):
        pieces = ported(tmp_path / name)
        trainer = pl.Trainer(max_epochs=3, accelerator="auto", **given)
        trainer.fit(pieces.module, pieces.datamodule)
        for key, value in reference.model.state_dict().items():
            assert torch.equal(pieces.module.state_dict()[key], value), (name, key)
        assert Path(trainer.checkpoint_callback.best_model_path).is_file()


def test_callbacks_of_the_configs_trainer(tmp_path: Path) -> None:
    count = Count()
    pieces = ported(tmp_path, trainer={"callbacks": [count], "enable_progress_bar": False})
    pieces.trainer().fit(pieces.module, pieces.datamodule)
    assert count.counts == "15/9/0"
