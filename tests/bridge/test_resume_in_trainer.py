"""A training goes on exactly from the files of ModelCheckpoint and of CheckpointHook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch.callbacks import EMAWeightAveraging, ModelCheckpoint

from mmlight.config import Config
from mmlight.hooks import EMAHook
from mmlight.runner import Runner
from mmlight.runner.ported import Ported, from_config

from .parts import Points, config, loader
from .test_data import Count, ported, trainer_with

Weights = dict[str, torch.Tensor]


def cfg_of(work_dir: Path, by_epoch: bool, workers: int) -> Config:
    """15 iterations of noisy data, dropout, a warm-up, and an average of the weights."""
    extent = {"max_epochs": 3} if by_epoch else {"max_iters": 15, "val_interval": 5}
    return Config(
        config(
            work_dir,
            by_epoch,
            train_dataloader={**loader(), "dataset": Points(20), "num_workers": workers},
            val_dataloader={**loader(False), "dataset": Points(12), "num_workers": workers},
            train_cfg={"by_epoch": by_epoch, **extent},
            default_hooks={
                "checkpoint": {"type": "CheckpointHook", "by_epoch": False, "interval": 7}
            },
            custom_hooks=[{"type": "EMAHook", "momentum": 0.3}],
        )
    )


def weights_of(runner: Runner) -> Weights:
    (ema,) = [hook for hook in runner.hooks if isinstance(hook, EMAHook)]
    average = {f"ema.{name}": value for name, value in ema.ema_model.state_dict().items()}
    return {**runner.model.state_dict(), **average}


def in_runner(cfg: Config, ckpt_path: Any = None, **given: Any) -> Weights:
    cfg["trainer"] = {**cfg["trainer"], **given}
    if ckpt_path is not None:
        cfg["resume"], cfg["load_from"] = True, str(ckpt_path)
    runner = Runner.from_cfg(cfg)
    runner.train()
    return weights_of(runner)


def in_own_trainer(cfg: Config, ckpt_path: Any = None, **given: Any) -> Weights:
    pieces = from_config(cfg)
    count = Count()
    callbacks = given.pop("callbacks", [])
    trainer = trainer_with(count, accelerator="auto", **given)
    trainer.callbacks.extend(callbacks)  # type: ignore[attr-defined]
    trainer.fit(pieces.module, pieces.datamodule, ckpt_path=ckpt_path)
    return weights_of(pieces.runner)


def assert_equal(found: Weights, expected: Weights) -> None:
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert torch.equal(found[name], value), name


WAYS = pytest.mark.parametrize("way", [in_runner, in_own_trainer])

# In mid-epoch, before and in a validation there, at the end of an epoch.
KINDS: dict[str, tuple[dict[str, Any], str]] = {
    "after a batch": ({"every_n_train_steps": 7}, "step=7.ckpt"),
    "before a validation": ({"every_n_train_steps": 2}, "step=4.ckpt"),
    "in a validation": ({"monitor": "points/accuracy"}, "step=7.ckpt"),
    "after an epoch": ({"save_on_train_epoch_end": True}, "step=10.ckpt"),
}


@pytest.fixture(scope="module", params=[True, False], ids=["epochs", "iterations"])
def whole(request: pytest.FixtureRequest, tmp_path_factory: Any) -> tuple[bool, Path, Weights]:
    """A training that nothing interrupts, with all files on its way; a Runner ends alike."""
    folder = tmp_path_factory.mktemp("whole")
    files = [
        ModelCheckpoint(folder / kind, "{step}", save_top_k=-1, **settings)
        for kind, (settings, _) in KINDS.items()
    ]
    cfg = cfg_of(folder / "own", request.param, 0)
    weights = in_own_trainer(cfg, val_check_interval=2, callbacks=files)
    cfg = cfg_of(folder / "runner", request.param, 0)
    assert_equal(in_runner(cfg, val_check_interval=2), weights)
    return request.param, folder, weights


@WAYS
@pytest.mark.parametrize("kind", KINDS)
def test_files_of_model_checkpoint(way: Any, kind: str, whole: Any, tmp_path: Path) -> None:
    by_epoch, folder, weights = whole
    name = KINDS[kind][1]
    if not by_epoch:
        other = {"in a validation": "step=6.ckpt", "after an epoch": "step=15.ckpt"}
        name = other.get(kind, name)
    cfg = cfg_of(tmp_path, by_epoch, 0)
    assert_equal(way(cfg, folder / kind / name, val_check_interval=2), weights)


@pytest.mark.parametrize("by_epoch", [True, False])
def test_with_worker_processes(by_epoch: bool, tmp_path: Path) -> None:
    files = ModelCheckpoint(tmp_path / "files", "{step}", save_top_k=-1, every_n_train_steps=7)
    weights = in_own_trainer(cfg_of(tmp_path / "whole", by_epoch, 2), callbacks=[files])
    path = tmp_path / "files" / "step=7.ckpt"
    assert_equal(in_own_trainer(cfg_of(tmp_path / "own", by_epoch, 2), path), weights)
    path = tmp_path / "whole" / "iter_7.pth"
    assert_equal(in_runner(cfg_of(tmp_path / "runner", by_epoch, 2), path), weights)


def fit(tmp_path: Path, *callbacks: Any, ckpt_path: Any = None, **given: Any) -> tuple[Ported, Any]:
    pieces = ported(tmp_path)
    trainer = trainer_with(Count(), default_root_dir=tmp_path, **given)
    trainer.callbacks.extend(callbacks)
    trainer.fit(pieces.module, pieces.datamodule, ckpt_path=ckpt_path)
    return pieces, trainer


def test_last_and_best(tmp_path: Path) -> None:
    settings = {"monitor": "points/accuracy", "mode": "max", "save_last": True}
    first = ModelCheckpoint(tmp_path / "files", **settings)
    pieces, trainer = fit(tmp_path / "first", first)
    expected = trainer.test(pieces.module, pieces.datamodule, verbose=False)
    for path in ("best", "last"):
        metrics = trainer.test(pieces.module, pieces.datamodule, ckpt_path=path, verbose=False)
        assert set(metrics[0]) == {"points/accuracy"}
        if path == "last":
            assert metrics == expected
    again = ModelCheckpoint(tmp_path / "files", **settings)
    _, trainer = fit(tmp_path / "again", again, ckpt_path="last", max_epochs=5)
    assert (trainer.current_epoch, trainer.global_step) == (5, 25)


@pytest.mark.parametrize("verb", ["validate", "test", "predict"])
@pytest.mark.parametrize("kind", ["epoch", "best"])
def test_evaluation_of_a_file_of_checkpoint_hook(verb: str, kind: str, tmp_path: Path) -> None:
    hook = {"type": "CheckpointHook", "save_best": "points/accuracy", "rule": "greater"}
    hooks = {"default_hooks": {"checkpoint": hook}}
    pieces = ported(tmp_path / "trained", **hooks)
    trainer_with(Count()).fit(pieces.module, pieces.datamodule)
    (path, *_) = sorted((tmp_path / "trained").glob(f"{kind}_*.pth"))
    fresh = ported(tmp_path / "fresh", **hooks)
    trainer = trainer_with(Count())
    getattr(trainer, verb)(fresh.module, fresh.datamodule, ckpt_path=str(path))
    saved = torch.load(path, weights_only=True)["state_dict"]
    for name, value in fresh.module.state_dict().items():
        assert torch.equal(value, saved[name]), name
    assert not list((tmp_path / "fresh").glob("*.pth"))


def test_weight_averaging_resumes(tmp_path: Path) -> None:
    def callbacks(name: str) -> tuple[Any, Any]:
        average = EMAWeightAveraging(decay=0.5, update_every_n_steps=1, update_starting_at_step=0)
        return average, ModelCheckpoint(
            tmp_path / name, "{step}", save_top_k=-1, every_n_train_steps=1
        )

    pieces, _ = fit(tmp_path / "whole", *callbacks("files"))
    saved = [
        torch.load(tmp_path / "files" / f"step={step}.ckpt", weights_only=True)
        for step in range(1, 16)
    ]
    average = {name: value.clone() for name, value in saved[0]["current_model_state"].items()}
    for checkpoint in saved[1:]:
        for name, value in checkpoint["current_model_state"].items():
            average[name].lerp_(value, 0.5)
    for name, value in pieces.module.state_dict().items():
        assert torch.allclose(value, average[name]), name
    resumed, _ = fit(
        tmp_path / "resumed", *callbacks("more"), ckpt_path=tmp_path / "files" / "step=7.ckpt"
    )
    assert_equal(dict(resumed.module.state_dict()), dict(pieces.module.state_dict()))


def test_an_evaluation_does_not_move_the_training(tmp_path: Path) -> None:
    files = ModelCheckpoint(tmp_path / "files", "{step}", save_top_k=-1, every_n_train_steps=5)
    pieces, trainer = fit(tmp_path / "run", files)
    trainer.validate(
        pieces.module, pieces.datamodule, ckpt_path=tmp_path / "files/step=5.ckpt", verbose=False
    )
    assert (pieces.runner.iter, trainer.global_step) == (15, 15)
