"""A script that trains in two processes; ``python -m tests.bridge.two_processes WAY FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch

import mmlight
from mmlight.config import Config
from mmlight.dist import get_rank, get_world_size
from mmlight.runner import Runner
from tests.bridge.parts import Trace, config


def train(way: str, cfg: dict[str, Any]) -> None:
    """Train in the Runner's Trainer or in one of the user's."""
    if way == "started by the Runner's Trainer":
        cfg["trainer"] = {**cfg["trainer"], "accelerator": "cpu", "devices": 2}
    elif way == "started by a launcher":
        cfg.update(launcher="pytorch", env_cfg={"dist_cfg": {"backend": "gloo"}})
    if "started" in way:
        runner = Runner.from_cfg(Config(cfg))
        assert get_world_size() == 2
        runner.train()
        return
    ported = mmlight.from_config(Config(cfg))
    kwargs = {**ported.trainer_kwargs, "accelerator": "cpu", "devices": 2}
    pl.Trainer(**kwargs, strategy="ddp").fit(ported.module, ported.datamodule)


def main(way: str, folder: str) -> None:
    trace = Trace()
    optimizer = {"optimizer": {"type": "Adam", "lr": 0.01}}
    train(way, config(folder, custom_hooks=[trace], optim_wrapper=optimizer))
    state = torch.load(Path(folder, "epoch_3.pth"), weights_only=False)["state_dict"]
    torch.save([trace.seen, trace.losses, state], Path(folder, f"rank_{get_rank()}.pt"))


if __name__ == "__main__":
    main(*sys.argv[1:])
