"""A script that trains in two processes; ``python -m tests.bridge.two_processes WAY FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.strategies import FSDPStrategy
from torch.distributed.fsdp import FullOptimStateDictConfig, FullStateDictConfig, StateDictType
from torch.distributed.fsdp import FullyShardedDataParallel as FSDP

import mmlight
from mmlight.config import Config
from mmlight.dist import get_rank, get_world_size
from mmlight.runner import Runner
from tests.bridge.parts import Trace, config


class OnCPU(FSDPStrategy):
    """FSDP where Lightning would refuse it, and where there is nothing to offload to."""

    def _whole(self) -> Any:
        return FSDP.state_dict_type(
            self.model,
            StateDictType.FULL_STATE_DICT,
            FullStateDictConfig(offload_to_cpu=False),
            FullOptimStateDictConfig(offload_to_cpu=False),
        )

    def lightning_module_state_dict(self) -> dict[str, Any]:
        with self._whole():
            return self.model.state_dict()

    def optimizer_state(self, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
        with self._whole():
            return FSDP.optim_state_dict(self.model, optimizer)


def train(way: str, folder: str, cfg: dict[str, Any]) -> None:
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
    sharded = OnCPU(process_group_backend="gloo")
    trainer = pl.Trainer(**kwargs, strategy=sharded if "sharded" in way else "ddp")
    last = Path(folder, "epoch_2.pth") if "resumed" in way else None
    trainer.fit(ported.module, ported.datamodule, ckpt_path=last)


def main(way: str, folder: str) -> None:
    trace = Trace()
    optimizer = {"optimizer": {"type": "Adam", "lr": 0.01}}
    train(way, folder, config(folder, custom_hooks=[trace], optim_wrapper=optimizer))
    state = torch.load(Path(folder, "epoch_3.pth"), weights_only=False)["state_dict"]
    torch.save([trace.seen, trace.losses, state], Path(folder, f"rank_{get_rank()}.pt"))


if __name__ == "__main__":
    main(*sys.argv[1:])
