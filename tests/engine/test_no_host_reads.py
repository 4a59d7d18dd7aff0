"""Between two log points, a GAN with a moving average reads nothing on the host."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from mmlight.hooks import Hook
from tests.engine.toys import gan_runner


class Reads(TorchDispatchMode):
    """Counts how often a tensor's value is read."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += func is torch.ops.aten._local_scalar_dense.default
        return func(*args, **(kwargs or {}))


class CountReads(Hook):
    """Counts from the second iteration on, once everything has been set up."""

    priority = "VERY_HIGH"

    def __init__(self) -> None:
        self.mode = Reads()

    def before_train_iter(self, runner: Any, batch_idx: int, *_: Any, **__: Any) -> None:
        if batch_idx == 1:
            self.mode.__enter__()

    def after_train(self, runner: Any) -> None:
        self.mode.__exit__(None, None, None)


class ReadLoss(Hook):
    """Does what the engine must not do."""

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any, outputs: dict) -> None:
        outputs["loss"].item()


def counted(path: Path, *hooks: Hook) -> int:
    count = CountReads()
    ema = {"type": "ExponentialMovingAverageHook", "module_keys": "generator_ema", "interval": 1}
    # Not Adam: on a processor it reads its own step counts.
    clipped = {"optimizer": {"type": "SGD", "lr": 0.01}, "clip_grad": {"max_norm": 1.0}}
    gan_runner(
        path,
        12,
        optim_wrapper={
            "constructor": "MultiOptimWrapperConstructor",
            "generator": clipped,
            "discriminator": clipped,
        },
        default_hooks={"checkpoint": None, "logger": {"type": "LoggerHook", "interval": 1000}},
        custom_hooks=[count, ema, *hooks],
    ).train()
    return count.mode.count


def test_nothing_is_read_between_log_points(tmp_path: Path) -> None:
    assert counted(tmp_path) == 0


def test_a_read_would_be_noticed(tmp_path: Path) -> None:
    assert counted(tmp_path, ReadLoss()) == 11
