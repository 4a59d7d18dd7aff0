"""Hooks as flags of a ``LightningCLI``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch

pytest.importorskip("jsonargparse", reason="LightningCLI needs jsonargparse")
from jsonargparse import ArgumentParser
from lightning.pytorch.cli import LightningCLI

from mmlight.hooks import EMAHook

from .parts import Plain

EACH: dict[str, dict[str, Any]] = {
    "mmlight.hooks.CheckpointHook": {
        "interval": 2,
        "save_best": ["a_loss", "acc"],
        "max_keep_ckpts": 3,
        "out_dir": "out",
    },
    "mmlight.hooks.DistSamplerSeedHook": {},
    "mmlight.hooks.EMAHook": {"momentum": 0.5, "begin_iter": 2, "update_buffers": True},
    "mmlight.hooks.EarlyStoppingHook": {"monitor": "loss", "patience": 2},
    "mmlight.hooks.EmptyCacheHook": {"after_iter": True},
    "mmlight.hooks.IterTimerHook": {},
    "mmlight.hooks.LoggerHook": {"interval": 5, "ignore_last": False},
    "mmlight.hooks.NaiveVisualizationHook": {"interval": 3},
    "mmlight.hooks.ParamSchedulerHook": {},
    "mmlight.hooks.ProfilerHook": {"by_epoch": False, "profile_times": 2},
    "mmlight.hooks.RuntimeInfoHook": {},
    "mmlight.hooks.SyncBuffersHook": {},
    "mmlight.engine.hooks.BasicVisualizationHook": {"interval": {"val": 3}, "on_test": False},
    "mmlight.engine.hooks.ExponentialMovingAverageHook": {
        "module_keys": "net_ema",
        "interval": 1,
        "interp_cfg": {"momentum": 0.25},
    },
    "mmlight.engine.hooks.GenIterTimerHook": {},
    "mmlight.engine.hooks.GenVisualizationHook": {"interval": 3, "n_row": 2},
    "mmlight.engine.hooks.PGGANFetchDataHook": {},
    "mmlight.engine.hooks.PickleDataHook": {"output_dir": "out", "data_name_list": ["net"]},
    "mmlight.engine.hooks.ReduceLRSchedulerHook": {"by_epoch": False, "interval": 4},
    "mmlight.engine.hooks.VisualizationHook": {
        "interval": 3,
        "vis_kwargs_list": [{"type": "GAN", "name": "x"}],
    },
}


@pytest.mark.parametrize("name", EACH)
def test_arguments_are_plain_flags(name: str) -> None:
    parser = ArgumentParser(exit_on_error=False)
    parser.add_subclass_arguments(pl.Callback, "hook")
    flags = [f"--hook.{key}={_as_yaml(value)}" for key, value in EACH[name].items()]
    built = parser.instantiate_classes(parser.parse_args([f"--hook={name}", *flags])).hook
    assert type(built).__name__ == name.rpartition(".")[2]
    for key, value in EACH[name].items():
        found = getattr(built, key, None)
        if isinstance(value, int | str) and found is not None:
            assert (found if key != "module_keys" else found[0]) == value


def _as_yaml(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def test_a_training_with_hooks_from_the_command_line(tmp_path: Path) -> None:
    cli = LightningCLI(
        Plain,
        args=[
            "fit",
            "--trainer.callbacks+=mmlight.hooks.EMAHook",
            "--trainer.callbacks.momentum=0.5",
            "--trainer.callbacks+=mmlight.hooks.CheckpointHook",
            "--trainer.callbacks.interval=1",
            "--trainer.callbacks+=mmlight.engine.hooks.ExponentialMovingAverageHook",
            "--trainer.callbacks.module_keys=net_ema",
            "--trainer.callbacks.interval=1",
            f"--trainer.default_root_dir={tmp_path}",
            "--trainer.max_epochs=1",
            "--trainer.accelerator=cpu",
            "--trainer.logger=false",
            "--trainer.enable_progress_bar=false",
        ],
    )
    (ema,) = [one for one in cli.trainer.callbacks if isinstance(one, EMAHook)]
    net, average = cli.model.net.weight, ema.ema_model.module.net.weight
    assert ema.ema_cfg["momentum"] == 0.5
    assert not torch.equal(net, average)
    assert not torch.equal(net, cli.model.net_ema.weight)
    saved = torch.load(tmp_path / "epoch_1.pth")
    assert torch.equal(saved["state_dict"]["net.weight"], average)
