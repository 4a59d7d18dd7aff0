"""Between two log points the engine waits for no value of the device."""

from __future__ import annotations

import gc
import warnings
from typing import Any

import pytest
import torch
from lightning.pytorch.accelerators import CPUAccelerator
from lightning.pytorch.strategies import SingleDeviceStrategy
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

    def __init__(self, data_preprocessor: dict | None = None) -> None:
        super().__init__(data_preprocessor)
        self.generator = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
        self.generator_ema = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))

    def forward(self, inputs: Any, labels: Any, mode: str = "tensor") -> Any:
        out = self.generator(inputs)
        return {"loss_a": out.square().mean(), "loss_b": [out.mean(), out.abs()], "size": out.std()}


def make_runner(
    tmp_path: Any, iterations: int, interval: int, optim_wrapper: dict, *hooks: Any, **changes: Any
) -> Runner:
    cfg = {
        "model": {"type": "TwoLosses"},
        "work_dir": str(tmp_path),
        "train_dataloader": {**loader(), "dataset": Inputs()},
        "train_cfg": {"by_epoch": False, "max_iters": iterations},
        "optim_wrapper": optim_wrapper,
        "param_scheduler": {
            "type": "LinearLR",
            "start_factor": 0.1,
            "end": 20,
            "by_epoch": False,
        },
        "default_hooks": {
            "logger": {"type": "LoggerHook", "interval": interval},
            "checkpoint": {"type": "CheckpointHook", "by_epoch": False, "interval": 10**6},
        },
        "custom_hooks": [
            *hooks,
            {"type": "EMAHook"},
            {
                "type": "ExponentialMovingAverageHook",
                "module_keys": "generator_ema",
                "interval": 1,
            },
        ],
        "log_processor": {"by_epoch": False},
        "randomness": {"seed": 0},
    }
    return Runner.from_cfg({**cfg, **changes})


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


class MetaAccelerator(CPUAccelerator):
    """Leaves a device alone on which there is nothing to set up."""

    def setup_device(self, device: torch.device) -> None:
        assert device.type == "meta"


class MetaStrategy(SingleDeviceStrategy):
    """Trains where tensors have no values: whatever reads or fetches one is an error."""

    def __init__(self) -> None:
        super().__init__(device=torch.device("meta"))

    def teardown(self) -> None:
        """Leave the model where it is, as nothing can be brought back."""


class Copies(TorchDispatchMode):
    """Notes the copies from the host to the device for which the host waits."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[bool] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        packet = func.overloadpacket
        if packet is torch.ops.aten._to_copy:
            source, waits = args[0], not (kwargs or {}).get("non_blocking", False)
        elif packet is torch.ops.aten.copy_:
            source, waits = args[1], not (args[2] if len(args) > 2 else False)
        else:
            return result
        if source.device.type == "cpu" and result.device.type == "meta":
            self.waits.append(waits)
        return result


class Watch(Hook):
    """Watches from the second iteration on, and reads a loss in the iteration ``read_at``."""

    priority = "HIGHEST"

    def __init__(self, read_at: int | None = None) -> None:
        self.copies = Copies()
        self.read_at = read_at

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        if batch_idx == 1:
            self.copies.__enter__()

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any, outputs: dict) -> None:
        if batch_idx == self.read_at:
            float(outputs["loss"])

    def after_train_epoch(self, runner: Any) -> None:
        self.copies.__exit__(None, None, None)


def train_on_meta(tmp_path: Any, watch: Watch, **preprocessor: Any) -> int:
    """Train 8 iterations without values; returns in which iteration one was asked for."""
    runner = make_runner(
        tmp_path,
        8,
        10**6,
        {"optimizer": SGD, "clip_grad": {"max_norm": 1.0}},
        model={
            "type": "TwoLosses",
            "data_preprocessor": {"type": "BaseDataPreprocessor", **preprocessor},
        },
        default_hooks={"logger": {"type": "LoggerHook", "interval": 10**6}, "checkpoint": None},
        trainer={"strategy": MetaStrategy(), "accelerator": MetaAccelerator()},
    )
    runner.register_hook(watch)
    # The log is read at the end in any case.
    with pytest.raises((NotImplementedError, RuntimeError), match="meta tensor"):
        runner.train()
    assert next(runner.model.parameters()).device.type == "meta"
    return runner.iter


def test_a_training_needs_no_value_of_the_device_until_it_logs(tmp_path: Any) -> None:
    assert train_on_meta(tmp_path, Watch()) == 8


def test_a_value_that_is_needed_would_be_noticed(tmp_path: Any) -> None:
    watch = Watch(read_at=0)
    assert train_on_meta(tmp_path, watch) == 1  # the read comes behind the first update


@pytest.mark.parametrize("non_blocking", [True, False])
def test_no_copy_but_that_of_the_batch_goes_to_the_device(
    tmp_path: Any, non_blocking: bool
) -> None:
    watch = Watch()
    train_on_meta(tmp_path, watch, non_blocking=non_blocking)
    assert watch.copies.waits == [not non_blocking] * 2 * 7  # inputs and labels


class Told(Hook):
    """Lets CUDA warn wherever the host waits for the device."""

    priority = "HIGHEST"

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        torch.cuda.set_sync_debug_mode("warn" if batch_idx else "default")

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any, outputs: dict) -> None:
        if batch_idx == 7:  # the last one: behind it a checkpoint is written
            torch.cuda.set_sync_debug_mode("default")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("pin_memory", [True, False])
def test_a_gpu_is_never_waited_for(tmp_path: Any, pin_memory: bool) -> None:
    wrapper = {"optimizer": SGD, "clip_grad": {"max_norm": 1.0}}
    data = {**loader(), "dataset": Inputs(), "pin_memory": pin_memory}
    runner = make_runner(tmp_path, 8, 10**6, wrapper, Told(), train_dataloader=data)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        runner.train()
    waits = [str(warning) for warning in told if "a synchronizing CUDA" in str(warning.message)]
    assert waits == []
    assert runner.iter == 8
