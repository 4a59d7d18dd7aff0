"""Checkpoints in a Trainer and a LightningModule that know nothing of mmlight."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from mmlight.engine import ExponentialMovingAverageHook
from mmlight.hooks import CheckpointHook, EarlyStoppingHook, EMAHook, Hook

from .parts import Points


class Pair(pl.LightningModule):
    """Two networks with hyperparameters, a schedule, and one or two optimizers."""

    def __init__(self, width: int, rate: float = 0.1, automatic: bool = True) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.automatic_optimization = automatic
        self.generator = nn.Sequential(nn.Linear(4, width), nn.ReLU(), nn.Linear(width, 2))
        self.critic = nn.Linear(4, 2)

    def configure_optimizers(self) -> Any:
        parts = [self] if self.automatic_optimization else [self.generator, self.critic]
        optimizers = [
            torch.optim.Adam(part.parameters(), lr=self.hparams["rate"]) for part in parts
        ]
        return optimizers, [torch.optim.lr_scheduler.StepLR(one, 1, 0.5) for one in optimizers]

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        losses = [
            F.cross_entropy(part(batch["inputs"]), batch["labels"])
            for part in (self.generator, self.critic)
        ]
        self.log("loss", losses[0])
        if self.automatic_optimization:
            return sum(losses)
        optimizers: Any = self.optimizers()
        for optimizer, loss in zip(optimizers, losses, strict=True):
            optimizer.zero_grad()
            self.manual_backward(loss)
            optimizer.step()
        if self.trainer.is_last_batch:
            schedulers: Any = self.lr_schedulers()
            for scheduler in schedulers:
                scheduler.step()
        return None

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        right = self.generator(batch["inputs"]).argmax(1) == batch["labels"]
        self.log("accuracy", right.float().mean())


class Data(pl.LightningDataModule):
    """Points in their order, and a state of its own."""

    def __init__(self, length: int = 20) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.tag = "fresh"

    def train_dataloader(self) -> DataLoader:
        return DataLoader(_Still(self.hparams["length"]), batch_size=4)

    val_dataloader = train_dataloader

    def state_dict(self) -> dict[str, Any]:
        return {"tag": self.tag}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.tag = state_dict["tag"]


class _Still(Points):
    """Points without noise."""

    def __getitem__(self, index: int) -> dict[str, Any]:
        inputs = self.inputs[index]
        return {"inputs": inputs, "labels": int(inputs.sum() > 0)}


class Counter(Callback):
    """Counts batches in its state."""

    def __init__(self) -> None:
        self.batches = 0

    def on_train_batch_end(self, *args: Any, **kwargs: Any) -> None:
        self.batches += 1

    def state_dict(self) -> dict[str, Any]:
        return {"batches": self.batches}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.batches = state_dict["batches"]


def trainer(folder: Path, *callbacks: Any, epochs: int = 2, **kwargs: Any) -> pl.Trainer:
    return pl.Trainer(
        callbacks=list(callbacks),
        default_root_dir=folder,
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **{"enable_checkpointing": False, **kwargs},
    )


def module(automatic: bool) -> Pair:
    pl.seed_everything(1, verbose=False)
    return Pair(width=8, automatic=automatic)


def average() -> ExponentialMovingAverageHook:
    return ExponentialMovingAverageHook("generator_ema", interval=1, interp_cfg={"momentum": 0.3})


def weights_of(run: pl.Trainer) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in run.lightning_module.state_dict().items()}


def assert_same(found: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> None:
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert torch.equal(found[name], value), name


OPTIMIZATION = pytest.mark.parametrize("automatic", [True, False])


@OPTIMIZATION
def test_one_file_has_the_documented_keys_and_lightnings(tmp_path: Path, automatic: bool) -> None:
    files = ModelCheckpoint(tmp_path / "stock", filename="{epoch}", save_top_k=-1)
    run = trainer(tmp_path, CheckpointHook(interval=1), Counter(), files, enable_checkpointing=True)
    run.fit(module(automatic), datamodule=Data())
    ours = torch.load(tmp_path / "epoch_2.pth")
    stock = torch.load(tmp_path / "stock" / "epoch=1.ckpt")
    documented = {"meta", "message_hub", "optimizer", "state_dict", "mmlight"}
    assert documented <= set(ours)
    assert set(ours) == set(stock)
    assert ours["hyper_parameters"] == {"width": 8, "rate": 0.1, "automatic": automatic}
    assert ours["datamodule_hyper_parameters"] == {"length": 20}
    assert ours["callbacks"]["Counter"] == {"batches": 10}
    assert ours["Data"] == {"tag": "fresh"}
    assert set(ours["loops"]) == set(stock["loops"])
    assert len(ours["optimizer_states"]) == len(ours["lr_schedulers"]) == (1 if automatic else 2)
    assert (ours["epoch"], ours["global_step"]) == (1, run.global_step)
    assert (ours["meta"]["epoch"], ours["meta"]["iter"]) == (2, 10)


KIND = pytest.mark.parametrize("kind", ["ours", "stock", "mid_epoch"])


def writer(kind: str, folder: Path) -> tuple[Any, Path]:
    """A callback that writes checkpoints, and the file to go on from."""
    if kind == "ours":
        return CheckpointHook(interval=1), folder / "epoch_1.pth"
    if kind == "mid_epoch":
        return CheckpointHook(interval=4, by_epoch=False), folder / "iter_8.pth"
    return ModelCheckpoint(folder, filename="{epoch}", save_top_k=-1), folder / "epoch=0.ckpt"


@OPTIMIZATION
@KIND
def test_a_resumed_training_ends_like_one_that_went_on(
    tmp_path: Path, automatic: bool, kind: str
) -> None:
    # Lightning begins its data anew in mid-epoch: a batch is all that this epoch has.
    data = {"length": 8} if kind == "mid_epoch" else {}
    writes, file = writer(kind, tmp_path)
    saves = {"enable_checkpointing": kind == "stock"}
    whole = trainer(tmp_path, average(), EMAHook(momentum=0.2), writes, epochs=6, **saves)
    whole.fit(module(automatic), datamodule=Data(**data))
    expected = weights_of(whole)

    ema = EMAHook(momentum=0.2)
    resumed = trainer(tmp_path / "resumed", average(), ema, epochs=6)
    pl.seed_everything(5, verbose=False)
    resumed.fit(Pair(8, automatic=automatic), datamodule=Data(**data), ckpt_path=file)
    assert_same(weights_of(resumed), expected)
    assert resumed.global_step == whole.global_step
    assert resumed.current_epoch == whole.current_epoch
    rates = [group["lr"] for one in resumed.optimizers for group in one.param_groups]
    assert rates == [group["lr"] for one in whole.optimizers for group in one.param_groups]
    (first,) = [hook for hook in whole.callbacks if isinstance(hook, EMAHook)]
    assert_same(ema.ema_model.state_dict(), first.ema_model.state_dict())


@OPTIMIZATION
@pytest.mark.parametrize("kind", ["ours", "stock", "weights"])
def test_weights_load_where_a_hook_has_added_an_average(
    tmp_path: Path, automatic: bool, kind: str
) -> None:
    hook = average()
    writes, file = writer(kind.replace("weights", "stock"), tmp_path)
    if kind == "weights":
        writes = ModelCheckpoint(tmp_path, "{epoch}", save_top_k=-1, save_weights_only=True)
    run = trainer(tmp_path, hook, writes, epochs=1, enable_checkpointing=kind != "ours")
    run.fit(module(automatic), datamodule=Data())
    loaded = Pair.load_from_checkpoint(file)
    assert loaded.hparams["width"] == 8
    trained = weights_of(run)
    assert_same(
        loaded.state_dict(),
        {name: value for name, value in trained.items() if "generator_ema" not in name},
    )
    again = trainer(tmp_path, average())
    again.validate(module(automatic), datamodule=Data(), ckpt_path=file, verbose=False)
    assert_same(weights_of(again), trained)
    trainer(tmp_path).validate(module(automatic), datamodule=Data(), ckpt_path=file, verbose=False)


@OPTIMIZATION
def test_the_file_of_an_average_loads_as_the_average(tmp_path: Path, automatic: bool) -> None:
    ema = EMAHook(momentum=0.2)
    trainer(tmp_path, ema, CheckpointHook(interval=1)).fit(module(automatic), datamodule=Data())
    loaded = Pair.load_from_checkpoint(tmp_path / "epoch_2.pth")
    assert_same(loaded.state_dict(), ema.ema_model.module.state_dict())


@OPTIMIZATION
def test_an_average_begins_where_a_checkpoint_has_none(tmp_path: Path, automatic: bool) -> None:
    trainer(tmp_path, CheckpointHook(interval=1)).fit(module(automatic), datamodule=Data())
    run = trainer(tmp_path, average())
    run.validate(
        module(automatic), datamodule=Data(), ckpt_path=tmp_path / "epoch_2.pth", verbose=False
    )
    found = run.lightning_module.state_dict()
    for name in ("0.weight", "2.bias"):
        assert torch.equal(found[f"generator_ema.{name}"], found[f"generator.{name}"])


def test_what_is_not_wanted_is_left_out(tmp_path: Path) -> None:
    hook = CheckpointHook(interval=1, save_optimizer=False, save_param_scheduler=False)
    trainer(tmp_path, hook).fit(module(False), datamodule=Data())
    saved = torch.load(tmp_path / "epoch_2.pth")
    assert not {"optimizer", "optimizer_states", "param_schedulers"} & set(saved)
    assert saved["lr_schedulers"] == []
    with pytest.raises(KeyError, match="optimizer state"):
        trainer(tmp_path, epochs=3).fit(
            module(False), datamodule=Data(), ckpt_path=tmp_path / "epoch_2.pth"
        )


@KIND
def test_hooks_know_the_validations_before(tmp_path: Path, kind: str) -> None:
    class Known(Hook):
        def before_train(self, runner: Any) -> None:
            logged = runner.message_hub.log_scalars
            self.scores = list(logged["val/accuracy"].data[0]) if runner.iter else []

    writes, _ = writer(kind, tmp_path)
    seen = EarlyStoppingHook("accuracy", rule="greater", min_delta=0.0, patience=100)
    run = trainer(tmp_path, writes, seen, epochs=4, enable_checkpointing=kind == "stock")
    run.fit(module(True), datamodule=Data())
    names = {"ours": "epoch_4.pth", "stock": "epoch=3.ckpt", "mid_epoch": "iter_16.pth"}
    known, again = (
        Known(),
        EarlyStoppingHook("accuracy", rule="greater", min_delta=0.0, patience=100),
    )
    trainer(tmp_path / "again", again, known, epochs=5).fit(
        module(True), datamodule=Data(), ckpt_path=tmp_path / names[kind]
    )
    assert len(known.scores) == (4 if kind == "stock" else 3)  # ours is older than its validation
    assert again.best_score == max(known.scores)


def test_the_state_of_the_data_comes_back(tmp_path: Path) -> None:
    data = Data()
    data.tag = "used"
    trainer(tmp_path, CheckpointHook(interval=1)).fit(module(True), datamodule=data)
    fresh = Data()
    trainer(tmp_path, epochs=3).fit(
        module(True), datamodule=fresh, ckpt_path=tmp_path / "epoch_2.pth"
    )
    assert fresh.tag == "used"
