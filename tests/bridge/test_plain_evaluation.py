"""Averages and checkpoints of hooks in a Lightning project, beyond the training itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.callbacks import EMAWeightAveraging, ModelCheckpoint

from mmlight.engine import PickleDataHook
from mmlight.hooks import (
    CheckpointHook,
    EarlyStoppingHook,
    EMAHook,
    Hook,
    LoggerHook,
    PrepareTTAHook,
)

from .plain import BATCHES, BOTH, Automatic, Data, Plain, files_of, fit, trainer_of


def average_of(hook: EMAHook) -> float:
    return float(hook.ema_model.module.fingerprint())


@BOTH
def test_every_evaluation_after_a_training_uses_the_average(
    tmp_path: Path, kind: type[Plain]
) -> None:
    hook, module = EMAHook(momentum=0.05), kind()
    trainer = fit(tmp_path, module, hook)
    trained, average = float(module.fingerprint()), average_of(hook)
    assert trained != average
    assert trainer.callback_metrics["fingerprint"].item() == pytest.approx(average)
    (validated,) = trainer.validate(module, Data(), verbose=False)
    (tested,) = trainer.test(module, Data(), verbose=False)
    trainer.predict(module, Data())
    assert validated["fingerprint"] == pytest.approx(average)
    assert tested["fingerprint"] == pytest.approx(average)
    assert [float(value) for value in module.predicted] == pytest.approx([average] * 3)
    assert float(module.fingerprint()) == trained
    assert average_of(hook) == average


@pytest.mark.parametrize("stage", ["validation", "test", "predict"])
def test_an_evaluation_that_breaks_gives_the_weights_back(tmp_path: Path, stage: str) -> None:
    hook, module = EMAHook(momentum=0.05), Automatic()
    trainer = fit(tmp_path, module, hook)
    trained = float(module.fingerprint())

    def fail(batch: Any, batch_idx: int) -> None:
        raise ArithmeticError(float(module.fingerprint()))

    setattr(module, f"{stage}_step", fail)
    run = {"validation": trainer.validate, "test": trainer.test, "predict": trainer.predict}
    with pytest.raises(ArithmeticError) as caught:
        run[stage](module, Data())
    assert caught.value.args[0] == pytest.approx(average_of(hook))
    assert float(module.fingerprint()) == trained


@BOTH
def test_a_second_training_goes_on_with_the_average(tmp_path: Path, kind: type[Plain]) -> None:
    hook, module = EMAHook(momentum=0.05), kind()
    trainer = fit(tmp_path, module, hook)
    trainer.fit_loop.max_epochs = 3
    trainer.fit(module, Data())
    assert hook.ema_model.steps == 3 * BATCHES
    other = kind()
    trainer_of(tmp_path, hook, max_epochs=1).fit(other, Data())
    assert hook.ema_model.steps == BATCHES


def test_weights_loaded_before_the_first_training_are_evaluated(tmp_path: Path) -> None:
    hook, module = EMAHook(), Automatic()
    trainer = trainer_of(tmp_path, hook)
    trainer.validate(module, Data(), verbose=False)
    module.load_state_dict(Automatic().state_dict())
    (metrics,) = trainer.validate(module, Data(), verbose=False)
    assert metrics["fingerprint"] == pytest.approx(float(module.fingerprint()))


@BOTH
@pytest.mark.parametrize("writer", ["CheckpointHook", "ModelCheckpoint"])
def test_the_average_resumes_exactly(tmp_path: Path, kind: type[Plain], writer: str) -> None:
    def callbacks(folder: Path) -> list[Any]:
        keeper: Any = CheckpointHook(interval=1)
        if writer == "ModelCheckpoint":
            keeper = ModelCheckpoint(folder, filename="{epoch}", save_top_k=-1)
        return [EMAHook(momentum=0.05, update_buffers=True), keeper]

    kwargs = {"enable_checkpointing": writer == "ModelCheckpoint"}
    whole, resumed = kind(), kind()
    once = callbacks(tmp_path / "once")

    class Random(Hook):
        def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
            torch.manual_seed(batch_idx)  # Lightning's files do not hold the generators' states

    fit(tmp_path / "once", whole, *once, Random(), **kwargs)
    again = callbacks(tmp_path / "again")
    name = "epoch_1.pth" if writer == "CheckpointHook" else "epoch=0.ckpt"
    path = tmp_path / "once" / name
    trainer = fit(tmp_path / "again", resumed, *again, Random(), ckpt_path=path, **kwargs)
    assert trainer.current_epoch == 2
    ours, theirs = again[0].ema_model.state_dict(), once[0].ema_model.state_dict()
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs)
    mine, others = resumed.state_dict(), whole.state_dict()
    assert all(torch.equal(mine[key], others[key]) for key in others)


@BOTH
@pytest.mark.parametrize("name", ["epoch_2.pth", "best_val_loss_epoch_1.pth"])
def test_files_hold_the_average_ready_to_use(
    tmp_path: Path, kind: type[Plain], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kind, "told", (1.0, 2.0))
    seen: dict[str, float] = {}

    class Look(Hook):
        priority = "LOWEST"

        def before_val_epoch(self, runner: Any) -> None:
            seen[f"epoch_{runner.epoch}.pth"] = float(runner.model.fingerprint())

    keeper = CheckpointHook(interval=1, save_best="val_loss", rule="less")
    fit(tmp_path, kind(), EMAHook(momentum=0.05), keeper, Look())
    loaded = kind.load_from_checkpoint(tmp_path / name)
    assert float(loaded.fingerprint()) == pytest.approx(seen[name[-11:]])


@BOTH
def test_an_evaluation_leaves_the_files_of_a_training_alone(
    tmp_path: Path, kind: type[Plain], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kind, "told", (2.0, 1.0, 0.5))
    module = kind()
    hooks = [
        CheckpointHook(interval=1, save_best="val_loss", rule="less"),
        PickleDataHook("pickle", ["noise_size"], before_run=True, after_run=True),
        EMAHook(momentum=0.05),
    ]
    trainer = fit(tmp_path, module, *hooks)
    before = files_of(tmp_path)
    assert {"best_val_loss_epoch_2.pth", "epoch_2.pth", "pickle/iter_45.pkl"} <= set(before)
    module.noise_size = 7
    trainer.validate(module, Data(), verbose=False)  # better than ever
    trainer.test(module, Data(), verbose=False)
    assert files_of(tmp_path) == before


def test_validations_of_their_own_do_not_stop_a_training(tmp_path: Path) -> None:
    hook, module = EarlyStoppingHook("val_loss", rule="less", patience=3), Automatic()
    module.told = (3.0, 2.0, 9.0, 9.0, 9.0, 1.0)
    trainer = fit(tmp_path, module, hook)
    for _ in range(3):
        trainer.validate(module, Data(), verbose=False)
    trainer.fit_loop.max_epochs = 3
    trainer.fit(module, Data())
    assert trainer.current_epoch == 3
    assert (hook.best_score, hook.wait_count) == (1.0, 0)


def test_stopping_is_resumed(tmp_path: Path) -> None:
    keeper = ModelCheckpoint(tmp_path, filename="first")
    first, module = EarlyStoppingHook("val_loss", rule="less", patience=3), Automatic()
    module.told = (1.0, 2.0)
    fit(tmp_path, module, first, keeper, enable_checkpointing=True)
    second, module = EarlyStoppingHook("val_loss", rule="less", patience=3), Automatic()
    module.told = (2.0, 2.0)
    trainer = fit(tmp_path, module, second, ckpt_path=tmp_path / "first.ckpt", max_epochs=9)
    assert trainer.current_epoch == 4  # the second, third and fourth validation are no better


def test_test_time_augmentation_says_what_it_needs(tmp_path: Path) -> None:
    trainer = trainer_of(tmp_path, PrepareTTAHook({"type": "BaseTTAModel"}))
    with pytest.raises(TypeError, match="is a LightningModule"):
        trainer.test(Automatic(), Data())


@BOTH
def test_averages_agree_with_lightnings(tmp_path: Path, kind: type[Plain]) -> None:
    """EMAHook and Lightning's own average the same training to the same weights."""
    hook, module = EMAHook(momentum=0.05, update_buffers=True), kind()
    theirs: dict[str, torch.Tensor] = {}

    class Keep(EMAWeightAveraging):
        def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
            super().on_train_end(trainer, pl_module)
            theirs.update(pl_module.state_dict())

    fit(tmp_path, module, Keep(decay=0.95), hook)
    ours = hook.ema_model.module.state_dict()
    floats = [name for name in ours if ours[name].is_floating_point()]
    assert len(floats) == 8
    for name in floats:
        torch.testing.assert_close(ours[name], theirs[name], rtol=1e-5, atol=1e-6)


def test_scalars_of_an_evaluation_are_its_own(tmp_path: Path) -> None:
    module = Automatic()
    module.told = (2.27, 2.11, 1.86)
    trainer = fit(tmp_path, module, LoggerHook(), max_epochs=3)
    hook = next(one for one in trainer.callbacks if type(one).__name__ == "HookEvents")
    (path,) = tmp_path.glob("*/vis_data/scalars.json")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    told = [line["val_loss"] for line in lines if "val_loss" in line]
    assert told == pytest.approx([2.27, 2.11, 1.86])
    (log,) = tmp_path.glob("*/*.log")
    assert [f"val_loss: {value:.4f}" in log.read_text() for value in module.told] == [True] * 3
    assert hook.runner.message_hub.get_scalar("val/val_loss").current() == pytest.approx(1.86)
