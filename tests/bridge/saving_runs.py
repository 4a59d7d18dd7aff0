"""What processes run to save checkpoints, and what they tell of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from mmlight.bridge.checkpoint import collect
from mmlight.bridge.ranks import gather_states
from mmlight.config import Config
from mmlight.dist import get_rank, init_dist
from mmlight.hooks import Hook
from mmlight.registry import MODELS
from mmlight.runner import Runner
from tests.bridge.parts import Classifier, config, loader


@MODELS.register_module(force=True)
class Normalized(Classifier):
    """With statistics of the data that a process has seen."""

    def __init__(self) -> None:
        super().__init__()
        self.layers.insert(1, nn.BatchNorm1d(8))


class CopiedWeights(TorchFunctionMode):
    """Counts the weights of a model that are copied to the CPU."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.weights = {param.data_ptr() for param in model.parameters()}
        self.count = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in (torch.Tensor.cpu, torch.Tensor.to):
            self.count += args[0].data_ptr() in self.weights
        return func(*args, **(kwargs or {}))


class CostlyText:
    """A value of a config that notes when it is formatted."""

    def __init__(self) -> None:
        self.count = 0

    def __repr__(self) -> str:
        self.count += 1
        return "CostlyText()"


class SizeOfSaves(Hook):
    """Saves after some iterations and counts what that took."""

    priority = "LOWEST"

    def __init__(self, text: CostlyText) -> None:
        self.text = text
        self.copied: list[int] = []
        self.formatted: list[int] = []
        self.logged: list[int] = []
        self.weights: dict[str, torch.Tensor] = {}

    def after_train_iter(self, runner: Any, batch_idx: int, **kwargs: Any) -> None:
        before = self.text.count
        with CopiedWeights(runner.model) as copies:
            checkpoint = collect(runner)
        self.copied.append(copies.count)
        self.formatted.append(self.text.count - before)
        self.logged.append(len(checkpoint["message_hub"]["log_scalars"]))
        self.weights = checkpoint["state_dict"]


def run(
    folder: str,
    processes: int,
    diff_rank_seed: bool = False,
    model: str = "Classifier",
    resume: bool = False,
    iterations: int = 3,
    hooks: list[Any] | None = None,
    **changes: Any,
) -> Runner:
    """Train, saving each iteration and validating in between."""
    cfg = config(
        folder,
        by_epoch=False,
        model={"type": model},
        train_cfg={"by_epoch": False, "max_iters": iterations, "val_interval": 2},
        train_dataloader={**loader(), "batch_size": 3},  # no single point is left over
        randomness={"seed": 7, "diff_rank_seed": diff_rank_seed},
        resume=resume,
        custom_hooks=hooks or [],
        **changes,
    )
    if processes > 1:
        cfg.update(launcher="pytorch", env_cfg={"dist_cfg": {"backend": "gloo"}})
    runner = Runner.from_cfg(Config(cfg))
    runner.train()
    return runner


def sizes(folder: str, processes: int, diff_rank_seed: bool) -> dict[str, int]:
    """Train and return the sizes of the files."""
    run(folder, processes, diff_rank_seed)
    return {path.name: path.stat().st_size for path in Path(folder).glob("iter_*.pth")}


def costs(folder: str) -> dict[str, list[int]]:
    """Train and return what each save took in this process."""
    text = CostlyText()
    hook = SizeOfSaves(text)
    runner = run(folder, 2, hooks=[hook], own_note=text)
    at_end = {name: param.detach() for name, param in runner.model.module.named_parameters()}
    assert all(torch.equal(hook.weights[name], param) for name, param in at_end.items())
    return {"copied": hook.copied, "formatted": hook.formatted, "logged": hook.logged}


def statistics(folder: str, iterations: int, resume: bool) -> dict[str, torch.Tensor]:
    """Train, or go on, with statistics of its own in each process and return them."""
    runner = run(folder, 2, True, "Normalized", resume=resume, iterations=iterations)
    return {name: value.clone() for name, value in runner.model.module.state_dict().items()}


def gathered() -> list[dict[str, Any]] | None:
    """Gather what is equal, what differs, and what has equal bytes only."""
    init_dist("pytorch", backend="gloo")
    rank = get_rank()
    own = {
        "number": rank,
        "same": torch.arange(4000),
        "own": torch.full((10,), rank),
        "deep": [{"same": torch.arange(4000)}, (torch.tensor(0.5 * rank),)],
        "type": torch.zeros(2, dtype=torch.float32 if rank else torch.int32),
        "shape": torch.zeros((2, 1) if rank else (1, 2)),
        "strided": torch.arange(6).reshape(2, 3).T,
        "half": torch.ones(3, dtype=torch.bfloat16),
        "none": None,
    }
    buffers = {"mean": torch.full((3,), float(rank)), "count": torch.tensor(7)}
    return gather_states(own, buffers)
