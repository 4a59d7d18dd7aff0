"""Two gloo processes, however they are started, do the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from mmlight.bridge.processes import ModelWrapperStrategy
from mmlight.config import Config
from mmlight.runner import Runner
from tests.parity.compare import assert_same

from .parts import config

WAYS = (
    "started by a launcher",
    "started by the Runner's Trainer",
    "in a Trainer of the user's",
)
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]


def train(way: str, folder: Path) -> list[Any]:
    """Run the script and return what each of the processes saw, lost and learnt."""
    launcher = TORCHRUN if way == "started by a launcher" else []
    script = ["-m", "tests.bridge.two_processes", way, str(folder)]
    done = subprocess.run(
        [sys.executable, *launcher, *script],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # They share what the machine has, and a single GPU cannot be two.
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
    )
    assert done.returncode == 0, done.stdout[-5000:]
    return [torch.load(folder / f"rank_{rank}.pt") for rank in range(2)]


def test_every_way_gives_the_same(tmp_path: Path) -> None:
    ways = [train(way, tmp_path / str(number)) for number, way in enumerate(WAYS)]
    for way in ways:
        for rank in (0, 1):
            assert_same(way[rank], ways[0][rank], f"rank {rank}")
        (_, losses, weights), (_, other_losses, other_weights) = way
        assert losses != other_losses
        assert_same(weights, other_weights)
    assert len(ways[0][0][1]) == 9  # 18 samples in batches of 4 for two: 3 an epoch


SPAWNED = {"type": "lightning.pytorch.strategies.DDPStrategy", "start_method": "spawn"}


@pytest.mark.parametrize(
    ("strategy", "name"),
    [
        ("ddp_spawn", "ddp_spawn"),
        ("ddp_fork", "ddp_fork"),
        ("ddp_notebook", "ddp_notebook"),
        ("ddp_notebook_find_unused_parameters_true", "ddp_notebook_find_unused_parameters_true"),
        (SPAWNED, "DDPStrategy"),
    ],
)
def test_processes_that_begin_in_mid_program_are_refused(
    strategy: Any, name: str, tmp_path: Path
) -> None:
    trainer = {"accelerator": "cpu", "devices": 2, "strategy": strategy}
    with pytest.raises(ValueError, match=rf"'{name}' \(config key: trainer.strategy\)"):
        Runner.from_cfg(Config(config(tmp_path, trainer=trainer)))


def test_an_engine_of_its_own_is_refused(tmp_path: Path) -> None:
    trainer = {"accelerator": "cpu", "strategy": "deepspeed_stage_2"}
    with pytest.raises(ValueError, match=r"'deepspeed_stage_2' .*trainer.strategy.*'fsdp'"):
        Runner.from_cfg(Config(config(tmp_path, trainer=trainer)))


def test_a_wrapper_that_shards_needs_a_strategy_that_does(tmp_path: Path) -> None:
    strategy = ModelWrapperStrategy(parallel_devices=[torch.device("cpu")])
    with pytest.raises(ValueError, match=r"model_wrapper_cfg.type\): use .*strategy='fsdp'"):
        strategy.wrap(torch.nn.Linear(1, 1), {"type": "MMFullyShardedDataParallel"})


def test_synchronized_normalization_is_ordinary_in_a_single_process(tmp_path: Path) -> None:
    class Normalized(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm = torch.nn.SyncBatchNorm(4)

    runner = Runner.from_cfg(Config(config(tmp_path, model=Normalized())))
    norm = runner.model.norm
    assert norm(torch.ones(2, 4, 3, 3, device=norm.weight.device)).shape == (2, 4, 3, 3)
