"""Hooks as callbacks of a Trainer and a LightningModule that know nothing of mmlight."""

from __future__ import annotations

import json
from typing import Any

import lightning.pytorch as pl
import pytest
import torch

from mmlight.engine import ExponentialMovingAverageHook
from mmlight.hooks import CheckpointHook, EMAHook, Hook, IterTimerHook, LoggerHook

from .parts import Plain, Trace


def fit(tmp_path: Any, *hooks: Any, automatic: bool = True, **kwargs: Any) -> pl.Trainer:
    pl.seed_everything(1, verbose=False)
    trainer = pl.Trainer(
        callbacks=list(hooks),
        default_root_dir=tmp_path,
        max_epochs=2,
        accelerator="cpu",
        enable_progress_bar=False,
        enable_model_summary=False,
        **{"logger": False, "enable_checkpointing": False, **kwargs},
    )
    trainer.fit(Plain(automatic))
    return trainer


OPTIMIZATION = pytest.mark.parametrize("automatic", [True, False])


@OPTIMIZATION
def test_the_documented_order_of_events(tmp_path: Any, automatic: bool) -> None:
    trace = Trace()
    fit(tmp_path, trace, automatic=automatic)
    points = [entry[:3] for entry in trace.seen]
    epoch = [("before_train_epoch", 0, 0)]
    for index in range(5):
        epoch += [("before_train_iter", index, 0), ("after_train_iter", index, 0)]
    epoch += [("after_train_epoch", 5, 0), ("before_val", 5, 1), ("before_val_epoch", 5, 1)]
    assert points[0][0] == "before_run"
    assert points[1 : 2 + len(epoch)] == [("before_train", 0, 0), *epoch]
    assert [point for point, *_ in points[-2:]] == ["after_train", "after_run"]
    metrics = [entry[3] for entry in trace.seen if entry[0] == "after_val_epoch"]
    assert len(metrics) == 2
    assert all("accuracy" in values for values in metrics)


def test_hooks_are_called_by_priority(tmp_path: Any) -> None:
    order: list[str] = []

    def hook(name: str, level: str) -> Hook:
        class Named(Hook):
            priority = level

            def before_train(self, runner: Any) -> None:
                order.append(name)

        return Named()

    fit(tmp_path, hook("late", "LOW"), hook("first", "HIGHEST"), hook("later", "LOW"))
    assert order == ["first", "late", "later"]


@OPTIMIZATION
def test_moving_average_of_a_generator(tmp_path: Any, automatic: bool) -> None:
    hook = ExponentialMovingAverageHook("net_ema", interval=1, interp_cfg={"momentum": 0.5})
    module = fit(tmp_path, hook, automatic=automatic).lightning_module
    assert not torch.equal(module.net_ema.weight, module.net.weight)
    assert (module.net_ema.weight - module.net.weight).abs().max() < 0.1


@OPTIMIZATION
def test_ema_hook_validates_the_average_and_gives_the_weights_back(
    tmp_path: Any, automatic: bool
) -> None:
    seen = {}

    class Look(Hook):
        priority = "LOWEST"

        def before_val_epoch(self, runner: Any) -> None:
            seen["validated"] = runner.model.net.weight.detach().clone()

    ema = EMAHook(momentum=0.5)
    module = fit(tmp_path, ema, Look(), automatic=automatic).lightning_module
    assert torch.equal(seen["validated"], ema.ema_model.module.net.weight)
    assert not torch.equal(module.net.weight, ema.ema_model.module.net.weight)


@OPTIMIZATION
def test_checkpoints_resume_in_the_same_trainer(tmp_path: Any, automatic: bool) -> None:
    hook = CheckpointHook(interval=1, save_best="accuracy", rule="greater")
    fit(tmp_path, hook, automatic=automatic)
    assert (tmp_path / "last_checkpoint").read_text().endswith("epoch_2.pth")
    assert list(tmp_path.glob("best_accuracy_*.pth"))
    trainer = pl.Trainer(
        max_epochs=3,
        accelerator="cpu",
        default_root_dir=tmp_path,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(Plain(automatic), ckpt_path=str(tmp_path / "epoch_2.pth"))
    assert trainer.current_epoch == 3
    assert trainer.global_step == 15


@OPTIMIZATION
def test_logger_writes_text_and_scalars(tmp_path: Any, automatic: bool) -> None:
    fit(tmp_path, LoggerHook(interval=2), automatic=automatic)
    (log,) = tmp_path.glob("*/*.log")
    assert "Epoch(train) [1][2/5]" in log.read_text()
    assert "loss:" in log.read_text()
    (scalars,) = tmp_path.glob("*/vis_data/scalars.json")
    lines = [json.loads(line) for line in scalars.read_text().splitlines()]
    assert {"loss", "lr", "time", "step"} <= set(lines[0])


def test_timer(tmp_path: Any) -> None:
    timer = IterTimerHook()
    found = {}

    class Look(Hook):
        priority = "LOWEST"

        def after_train(self, runner: Any) -> None:
            found.update(runner.message_hub.log_scalars)

    fit(tmp_path, timer, Look())
    assert {"train/time", "train/data_time", "val/time"} <= set(found)


def test_an_average_without_its_original(tmp_path: Any) -> None:
    with pytest.raises(RuntimeError, match="other"):
        fit(tmp_path, ExponentialMovingAverageHook("other_ema"))


def test_a_trainer_of_pytorch_lightning_is_refused(tmp_path: Any) -> None:
    old = pytest.importorskip("pytorch_lightning")

    class Module(old.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = torch.nn.Linear(1, 1)

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=0.1)

        def training_step(self, batch: Any, batch_idx: int) -> Any:
            raise AssertionError("no data may be read")

        def train_dataloader(self) -> Any:
            raise AssertionError("no data may be read")

    trainer = old.Trainer(
        callbacks=[IterTimerHook()],
        default_root_dir=tmp_path,
        logger=False,
        enable_checkpointing=False,
        accelerator="cpu",
    )
    with pytest.raises(TypeError, match=r"import lightning\.pytorch as pl"):
        trainer.fit(Module())
