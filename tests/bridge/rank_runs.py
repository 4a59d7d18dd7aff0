"""What the processes of :mod:`tests.bridge.ranks` run, and what they return of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.strategies import FSDPStrategy, ModelParallelStrategy
from torch import nn
from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import allreduce_hook
from torch.nn.parallel import DistributedDataParallel

import mmlight
from mmlight.bridge.sharding import whole_weights
from mmlight.config import Config
from mmlight.hooks import Hook
from mmlight.runner import Runner
from tests.bridge.parts import Points, Trace


class OnCPU(FSDPStrategy):
    """FSDP where Lightning would refuse it."""


STRATEGIES: dict[str, Any] = {
    "auto": "auto",
    "ddp": "ddp",
    "unused": "ddp_find_unused_parameters_true",
    "fsdp": {"type": OnCPU, "process_group_backend": "gloo"},
    "split": {"type": "lightning.pytorch.strategies.ModelParallelStrategy"},
}


def own_strategy(name: str) -> Any:
    """Return a strategy for a Trainer of one's own."""
    return {
        "fsdp": lambda: OnCPU(process_group_backend="gloo"),
        "split": ModelParallelStrategy,
    }.get(name, lambda: STRATEGIES[name])()


def gan(counts: dict[str, int]) -> dict[str, Any]:
    """A GAN whose optimizers accumulate so many losses."""
    sgd = {"type": "SGD", "lr": 0.1}
    parts = {name: {"optimizer": sgd, "accumulative_counts": n} for name, n in counts.items()}
    return {
        "model": {"type": "Gan"},
        "optim_wrapper": {"constructor": "MultiOptimWrapperConstructor", **parts},
        "param_scheduler": None,
        "val_dataloader": None,
        "val_cfg": None,
        "val_evaluator": None,
    }


class Numbered(Points):
    """Remembers what was read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[int] = []

    def __getitem__(self, index: int) -> dict[str, Any]:
        self.read.append(index)
        return super().__getitem__(index)


class CountAllReduces(Hook):
    """Counts how often gradients are averaged over the processes, by the iteration."""

    priority = "LOWEST"

    def __init__(self) -> None:
        self.counts: list[int] = []
        self.count = 0

    def _note(self, state, bucket):  # type: ignore[no-untyped-def]  # torch reads annotations
        self.count += 1
        return allreduce_hook(None, bucket)

    def before_train(self, runner: Any) -> None:
        around = runner.trainer.strategy.model
        found = [one for one in around.modules() if isinstance(one, DistributedDataParallel)]
        for one in found:
            if any(True for _ in one.parameters()) and hasattr(one, "reducer"):
                one.register_comm_hook(None, self._note)

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        self.count = 0

    def after_train_iter(self, runner: Any, batch_idx: int, **kwargs: Any) -> None:
        self.counts.append(self.count)


def run(
    way: str,
    strategy: str,
    cfg: dict[str, Any],
    resume: str | None = None,
    devices: int = 2,
    **more: Any,
) -> dict[str, Any]:
    """Train in a Runner, or in a Trainer of one's own (``way``), and tell about it."""
    trace, counter = Trace(), CountAllReduces()
    data = Numbered()
    cfg["train_dataloader"] = {**cfg["train_dataloader"], "dataset": data}
    cfg = {**cfg, "custom_hooks": [*cfg.get("custom_hooks", ()), trace, counter]}
    if way == "runner":
        arguments = {"accelerator": "cpu", "devices": devices, "strategy": STRATEGIES[strategy]}
        cfg["trainer"] = {**cfg["trainer"], **arguments, **more}
        if resume:
            cfg.update(load_from=resume, resume=True)
        runner = Runner.from_cfg(Config(cfg))
        runner.train()
    else:
        ported = mmlight.from_config(Config(cfg))
        runner = ported.runner
        trainer = pl.Trainer(
            **{
                "accelerator": "cpu",
                "devices": devices,
                "strategy": own_strategy(strategy),
                **more,
            },
            enable_progress_bar=False,
            logger=False,
            default_root_dir=cfg["work_dir"],
        )
        trainer.fit(ported.module, ported.datamodule, ckpt_path=resume)
    return {
        "losses": trace.losses,
        "seen": [one[:3] for one in trace.seen],
        "all_reduces": counter.counts,
        "elements": sum(_local(param).numel() for param in _params(runner.optim_wrapper)),
        "read": data.read,
        "weights": whole_weights(runner.model),
        "iter": runner.iter,
        "epoch": runner.epoch,
        "log": "".join(path.read_text() for path in Path(runner.log_dir).glob("*.log")),
    }


def train_and_load(strategy: str, cfg: dict[str, Any], file: str) -> dict[str, Any]:
    """Train and validate, then load the weights of a file and validate again."""
    trainer = {"accelerator": "cpu", "devices": 2, "strategy": STRATEGIES[strategy]}
    runner = Runner.from_cfg(Config({**cfg, "trainer": {**cfg["trainer"], **trainer}}))
    runner.train()
    runner.val()
    runner.load_checkpoint(file, strict=True)
    runner.val()
    return dict(whole_weights(runner.model))


def _params(wrapper: Any) -> list[nn.Parameter]:
    wrappers = getattr(wrapper, "optim_wrappers", {"": wrapper}).values()
    groups = [group for one in wrappers for group in one.optimizer.param_groups]
    return [param for group in groups for param in group["params"]]


def _local(param: nn.Parameter) -> torch.Tensor:
    return param.to_local() if hasattr(param, "to_local") else param
