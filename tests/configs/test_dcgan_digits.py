"""The demo config: that it says what it should, and that it trains."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import lightning.pytorch as pl
import pytest
import torch

import mmlight
from mmlight.config import Config
from mmlight.runner import Runner

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "configs" / "dcgan" / "dcgan_digits-32x32.py"


def test_nothing_in_it_names_lightning() -> None:
    for path in (ROOT / "configs").rglob("*.py"):
        assert "lightning" not in path.read_text().lower(), path


def test_its_parts() -> None:
    cfg = Config.fromfile(CONFIG)
    assert cfg.optim_wrapper.constructor == "MultiOptimWrapperConstructor"
    assert cfg.default_hooks.checkpoint.save_best == "FD-EMA/fd"
    assert cfg.default_hooks.timer.type == "GenIterTimerHook"
    assert [hook.type for hook in cfg.custom_hooks] == [
        "ExponentialMovingAverageHook",
        "GenVisualizationHook",
    ]
    assert [backend.type for backend in cfg.visualizer.vis_backends] == [
        "LocalVisBackend",
        "TensorboardVisBackend",
    ]


def small(work_dir: Path, **changes: Any) -> Config:
    """The demo with all its parts, cut down to a few iterations of a few weights."""
    cfg = Config.fromfile(CONFIG)
    cfg.merge_from_dict(
        {
            "work_dir": str(work_dir),
            "train_cfg.max_iters": 6,
            "train_cfg.val_interval": 3,
            "default_hooks.checkpoint.interval": 3,
            "default_hooks.logger.interval": 2,
            "custom_hooks.1.interval": 3,
            "val_evaluator.metrics.0.fake_nums": 64,
            "val_evaluator.metrics.1.fake_nums": 64,
            "test_evaluator.metrics.0.fake_nums": 64,
            "test_evaluator.metrics.1.fake_nums": 64,
            "model.generator.base_channels": 16,
            "model.discriminator.base_channels": 4,
            "trainer": {"accelerator": "cpu"},  # on CUDA no two runs are equal to the last bit
            **changes,
        }
    )
    return cfg


def assert_same_weights(ours: Any, theirs: Any) -> None:
    expected = theirs.state_dict()
    assert ours.state_dict().keys() == expected.keys()
    for name, value in ours.state_dict().items():
        assert torch.equal(value.cpu(), expected[name].cpu()), name


def test_it_trains_and_leaves_what_it_should(tmp_path: Path) -> None:
    runner = Runner.from_cfg(small(tmp_path))
    runner.train()

    assert (tmp_path / "iter_6.pth").exists()
    assert (tmp_path / "last_checkpoint").read_text().endswith("iter_6.pth")
    assert len(list(tmp_path.glob("best_FD-EMA_fd_iter_*.pth"))) == 1
    assert (tmp_path / "dcgan_digits-32x32.py").exists()
    (log,) = tmp_path.rglob("*.log")
    assert "loss_gen" in log.read_text()
    assert next(tmp_path.rglob("scalars.json")).read_text().count("FD-EMA/fd") == 2
    assert next(tmp_path.rglob("events.out.tfevents*")).stat().st_size > 0
    grids = {path.name: cv2.imread(str(path)) for path in tmp_path.rglob("vis_image/*.png")}
    assert sorted(grids) == sorted(
        f"digits_{name}_{step}.png" for name in ("ema", "orig") for step in (3, 6)
    )
    assert grids["digits_ema_6.png"].shape == (2 + 8 * 34, 2 + 8 * 34, 3)


def test_it_resumes_exactly(tmp_path: Path) -> None:
    whole = Runner.from_cfg(small(tmp_path / "whole"))
    whole.train()
    Runner.from_cfg(small(tmp_path / "parts", **{"train_cfg.max_iters": 3})).train()
    parts = Runner.from_cfg(small(tmp_path / "parts", resume=True))
    parts.train()
    assert_same_weights(parts.model, whole.model)
    for name in ("val/FD-EMA/fd", "val/FD/fd"):
        values = [run.message_hub.get_scalar(name).current() for run in (parts, whole)]
        assert values[0] == values[1], name
    best = [
        sorted(path.name for path in (tmp_path / name).glob("best*")) for name in ("whole", "parts")
    ]
    assert best[0] == best[1]


def test_a_trainer_of_the_users_gives_the_same(tmp_path: Path) -> None:
    runner = Runner.from_cfg(small(tmp_path / "runner"))
    runner.train()
    ported = mmlight.from_config(small(tmp_path / "ported"))
    trainer = pl.Trainer(**ported.trainer_kwargs)
    trainer.fit(ported.module, ported.datamodule)
    assert trainer.global_step == 6
    assert_same_weights(ported.module.model, runner.model)
    assert (tmp_path / "ported" / "iter_6.pth").exists()


def test_it_can_be_tested_untrained(tmp_path: Path) -> None:
    results = Runner.from_cfg(small(tmp_path)).test()
    assert sorted(results) == ["FD-EMA/fd", "FD/fd"]
    # An untrained generator is far away, as is its average, which still equals it.
    assert results["FD/fd"] > 500
    assert results["FD-EMA/fd"] == pytest.approx(results["FD/fd"], rel=0.01)
