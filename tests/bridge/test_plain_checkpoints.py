"""Checkpoints in a Trainer and a LightningModule that know nothing of mmlight."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint, OnExceptionCheckpoint

from mmlight.hooks import CheckpointHook, EarlyStoppingHook, EMAHook, Hook
from tests.bridge.pair import Data, Pair, average, module, trainer
from tests.bridge.parts import Plain
from tests.bridge.plain_rank_runs import train_and_resume
from tests.bridge.ranks import together


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


@pytest.mark.parametrize("first", [0, 1])
def test_two_kinds_of_averages_in_either_order(tmp_path: Path, first: int) -> None:
    ema = EMAHook(momentum=0.2)
    hooks = [ema, average()] if first == 0 else [average(), ema]
    run = trainer(tmp_path, *hooks, CheckpointHook(interval=1))
    run.fit(module(True), datamodule=Data())
    again = [EMAHook(momentum=0.2), average()]
    resumed = trainer(tmp_path / "more", *(again if first == 0 else again[::-1]))
    resumed.validate(
        module(True), datamodule=Data(), ckpt_path=tmp_path / "epoch_2.pth", verbose=False
    )
    generated = {name for name in run.lightning_module.state_dict() if "generator_ema" in name}
    saved = torch.load(tmp_path / "epoch_2.pth")
    assert set(saved["averages"]["generator_ema"]) == generated
    found = Pair.load_from_checkpoint(tmp_path / "epoch_2.pth").state_dict()
    for name, value in found.items():
        assert torch.equal(value, ema.ema_model.module.state_dict()[name]), name


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


def test_two_processes_decide_alike_and_resume(tmp_path: Path) -> None:
    work = tmp_path / "work"
    first, second = together(tmp_path / "logs", train_and_resume, str(work))
    assert first["metrics"] == second["metrics"] == [2.0]
    assert first["steps"] == second["steps"] == 9
    assert_same(second["weights"], first["weights"])
    files = {path.name for path in work.glob("*.pth")}
    assert files == {"epoch_3.pth", "best_own_epoch_3.pth"}
    saved = torch.load(work / "epoch_3.pth")
    assert len(saved["mmlight"]["ranks"]) == 1
    assert saved["averages"]["generator_ema"].keys() == {
        "generator_ema.0.weight",
        "generator_ema.0.bias",
        "generator_ema.2.weight",
        "generator_ema.2.bias",
    }


class Breaks(Callback):
    """Fails in the eighth iteration."""

    def on_train_batch_end(self, trainer: Any, *args: Any) -> None:
        if trainer.global_step >= 7:
            raise RuntimeError("broken")


def _saved_averages(path: Path) -> dict[str, torch.Tensor]:
    return torch.load(path, weights_only=False)["state_dict"]


@pytest.mark.parametrize("weights_only", [False, True])
def test_the_average_is_in_files_saved_after_the_training(
    tmp_path: Path, weights_only: bool
) -> None:
    last = ModelCheckpoint(tmp_path, filename="last")
    trainer = pl.Trainer(**{**_SMALL, "max_epochs": 2}, callbacks=[EMAHook(momentum=0.5), last])
    trainer.fit(Plain())
    trainer.save_checkpoint(tmp_path / "after.ckpt", weights_only=weights_only)
    wanted, saved = (_saved_averages(tmp_path / f"{name}.ckpt") for name in ("last", "after"))
    for name, value in wanted.items():
        assert torch.equal(saved[name], value), name
    if not weights_only:
        assert "ema_state_dict" in torch.load(tmp_path / "after.ckpt", weights_only=False)


def test_the_average_is_in_a_file_saved_for_an_error(tmp_path: Path) -> None:
    callbacks = [EMAHook(momentum=0.5), OnExceptionCheckpoint(tmp_path, "error"), Breaks()]
    trainer = pl.Trainer(**{**_SMALL, "max_epochs": 2}, callbacks=callbacks)
    with pytest.raises(RuntimeError, match="broken"):
        trainer.fit(Plain())
    assert "ema_state_dict" in torch.load(tmp_path / "error.ckpt", weights_only=False)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Trainer writes where it is."""
    monkeypatch.chdir(tmp_path)


_SMALL: dict[str, Any] = {
    "accelerator": "cpu",
    "logger": False,
    "enable_progress_bar": False,
    "enable_model_summary": False,
}
