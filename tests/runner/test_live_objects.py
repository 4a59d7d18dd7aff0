"""The objects that a user puts into a config are the ones that run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from lightning.pytorch import callbacks as pl_callbacks
from lightning.pytorch.loggers import CSVLogger
from torch.utils.data import DataLoader, default_collate

import mmlight
from mmlight.config import Config
from mmlight.hooks import Hook
from mmlight.optim import OptimWrapper
from mmlight.runner import Runner
from tests.bridge.parts import Accuracy, Classifier, Points, config


class Seen(Hook):
    """Counts iterations."""

    def __init__(self) -> None:
        self.iterations = 0

    def after_train_iter(self, runner: Any, *args: Any, **kwargs: Any) -> None:
        self.iterations += 1


@pytest.fixture(params=[dict, Config])
def kind(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_callbacks_and_loggers_of_the_trainer(tmp_path: Path, kind: Any) -> None:
    checkpoint = pl_callbacks.ModelCheckpoint(tmp_path / "mc", monitor="points/accuracy")
    stopping = pl_callbacks.EarlyStopping("points/accuracy", mode="max", patience=9)
    timer, logger = pl_callbacks.Timer(), CSVLogger(tmp_path / "csv")
    trainer = {
        "enable_progress_bar": False,
        "callbacks": [checkpoint, stopping, timer],
        "logger": logger,
    }
    Runner.from_cfg(kind(config(tmp_path, trainer=trainer))).train()
    assert Path(checkpoint.best_model_path).is_file()
    assert 0 <= float(stopping.best_score) <= 1
    assert timer.time_elapsed("train") > 0
    assert "points/accuracy" in (Path(logger.log_dir) / "metrics.csv").read_text()


@pytest.mark.parametrize("wanted", [True, False])
def test_the_config_reaches_loggers_as_plain_data(tmp_path: Path, wanted: bool) -> None:
    logger = CSVLogger(tmp_path / "csv")
    trainer = {"enable_autolog_hparams": wanted, "logger": logger}
    runner = Runner.from_cfg(config(tmp_path, model=Classifier(), trainer=trainer))
    runner.train()
    written = Path(logger.log_dir) / "hparams.yaml"
    hparams = yaml.safe_load(written.read_text()) if written.exists() else {}
    if not wanted:
        assert not hparams
        return
    assert hparams["train_cfg"] == {"by_epoch": True, "max_epochs": 3}
    assert hparams["model"] == str(runner.model)
    assert "CSVLogger" in hparams["trainer"]["logger"]


def test_custom_hooks(tmp_path: Path, kind: Any) -> None:
    hook, timer = Seen(), pl_callbacks.Timer()
    Runner.from_cfg(kind(config(tmp_path, custom_hooks=[hook, timer]))).train()
    assert hook.iterations == 15
    assert timer.time_elapsed("train") > 0


def test_model_data_and_metrics(tmp_path: Path, kind: Any) -> None:
    model, metric = Classifier(), Accuracy()
    loader = DataLoader(Points(), batch_size=4, collate_fn=default_collate)
    cfg = config(
        tmp_path,
        model=model,
        train_dataloader=loader,
        val_dataloader=loader,
        val_evaluator=[metric],
    )
    runner = Runner.from_cfg(kind(cfg))
    assert runner.train() is runner.model is model
    assert runner.train_dataloader is runner.val_dataloader is loader
    assert runner.val_evaluator.metrics == [metric]


@pytest.mark.parametrize("wrapped", [True, False])
def test_optimizers(tmp_path: Path, kind: Any, wrapped: bool) -> None:
    model = Classifier()
    before = model.layers[0].weight.detach().clone()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    wrapper = OptimWrapper(optimizer) if wrapped else {"optimizer": optimizer}
    cfg = config(tmp_path, model=model, optim_wrapper=wrapper, param_scheduler=None)
    runner = Runner.from_cfg(kind(cfg))
    runner.train()
    assert runner.optim_wrapper.optimizer is optimizer
    assert not torch.equal(model.layers[0].weight, before)


def test_a_visualizer(tmp_path: Path, kind: Any) -> None:
    logger = CSVLogger(tmp_path / "csv")
    visualizer = {"type": "Visualizer", "vis_backends": [logger]}
    runner = Runner.from_cfg(kind(config(tmp_path, visualizer=visualizer)))
    runner.visualizer.add_scalar("loss", 0.5)
    assert (Path(logger.log_dir) / "metrics.csv").is_file()


def test_the_pieces_of_from_config(tmp_path: Path, kind: Any) -> None:
    model, timer = Classifier(), pl_callbacks.Timer()
    ported = mmlight.from_config(kind(config(tmp_path, model=model, custom_hooks=[timer])))
    assert ported.module.model is model
    assert timer in ported.callbacks


def test_the_config_is_left_as_it_was(tmp_path: Path, kind: Any) -> None:
    cfg = kind(config(tmp_path, custom_hooks=[Seen()]))
    text = Config({**cfg}).pretty_text
    runner = Runner.from_cfg(cfg)
    runner.train()
    runner.cfg.train_cfg.max_epochs = 7
    runner.cfg.custom_hooks.clear()
    assert Config({**cfg}).pretty_text == text
