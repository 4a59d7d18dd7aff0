"""Between two log points the engine waits for no value of the device."""

from __future__ import annotations

import gc
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.data import Dataset

from mmlight.hooks import Hook
from mmlight.model import BaseModel
from mmlight.registry import MODELS
from mmlight.runner import Runner
from tests.bridge.parts import loader


class HostReads(TorchDispatchMode):
    """Notes the iteration in which a tensor is read on the host, on whatever device it is."""

    def __init__(self, runner: Any) -> None:
        super().__init__()
        self.runner = runner
        self.at: list[int] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.ops.aten._local_scalar_dense.default:
            self.at.append(self.runner.iter + 1)
        return func(*args, **(kwargs or {}))


class Inputs(Dataset):
    """One long pass of data that is made without reading a tensor."""

    def __len__(self) -> int:
        return 4000

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"inputs": torch.full((4,), float(index % 7)) + torch.arange(4), "labels": 0}


@MODELS.register_module(force=True)
class TwoLosses(BaseModel):
    """A generator, its average, and several losses."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
        self.generator_ema = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))

    def forward(self, inputs: Any, labels: Any, mode: str = "tensor") -> Any:
        out = self.generator(inputs)
        return {"loss_a": out.square().mean(), "loss_b": [out.mean(), out.abs()], "size": out.std()}


def make_runner(tmp_path: Any, iterations: int, interval: int, optim_wrapper: dict, *hooks: Any):
    return Runner(
        model={"type": "TwoLosses"},
        work_dir=str(tmp_path),
        train_dataloader={**loader(), "dataset": Inputs()},
        train_cfg={"by_epoch": False, "max_iters": iterations},
        optim_wrapper=optim_wrapper,
        param_scheduler={"type": "LinearLR", "start_factor": 0.1, "end": 20, "by_epoch": False},
        default_hooks={
            "logger": {"type": "LoggerHook", "interval": interval},
            "checkpoint": {"type": "CheckpointHook", "by_epoch": False, "interval": 10**6},
        },
        custom_hooks=[
            *hooks,
            {"type": "EMAHook"},
            {"type": "ExponentialMovingAverageHook", "module_keys": "generator_ema"},
        ],
        log_processor={"by_epoch": False},
        randomness={"seed": 0},
    )


SGD = {"type": "SGD", "lr": 0.01}


@pytest.mark.parametrize(
    "optim_wrapper",
    [
        {"optimizer": SGD, "clip_grad": {"max_norm": 1.0}},
        {"optimizer": SGD, "clip_grad": {"max_norm": 1.0}, "accumulative_counts": 2},
        {"type": "AmpOptimWrapper", "dtype": "bfloat16", "optimizer": SGD},
    ],
)
def test_only_log_points_read(tmp_path: Any, optim_wrapper: dict) -> None:
    runner = make_runner(tmp_path, 25, 10, optim_wrapper)
    reads = HostReads(runner)
    with reads:
        runner.train()
    # In the first one torch's DataLoader draws its seed; after the last one the run is saved.
    assert set(reads.at) <= {1, 10, 20, 25, 26}


def test_what_waits_to_be_read_stays_bounded(tmp_path: Any) -> None:
    runner = make_runner(tmp_path, 1000, 10**6, {"optimizer": SGD})
    alive: list[int] = []

    class Count(Hook):
        def after_train_iter(self, runner: Any, batch_idx: int, **kwargs: Any) -> None:
            if batch_idx % 100 == 99:
                gc.collect()
                alive.append(sum(torch.is_tensor(thing) for thing in gc.get_objects()))

    runner.register_hook(Count())
    runner.train()
    assert max(alive) < alive[0] + 3000
    losses, _ = runner.message_hub.get_scalar("train/loss_a").data
    assert len(losses) == 1000


class Strict(Hook):
    """Lets CUDA raise an error wherever the host waits for the device."""

    priority = "HIGHEST"

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        torch.cuda.set_sync_debug_mode("error" if batch_idx else "default")

    def after_train_epoch(self, runner: Any) -> None:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_is_never_waited_for(tmp_path: Any) -> None:
    wrapper = {"optimizer": SGD, "clip_grad": {"max_norm": 1.0}}
    runner = make_runner(tmp_path, 8, 10**6, wrapper, Strict())
    runner.train()
    assert runner.iter == 8
