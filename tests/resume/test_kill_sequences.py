"""A run killed and resumed again and again ends as one that never was, whatever is in it.

With worker processes: ``test_killed_runs.py``.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.data import Dataset

from mmlight.bridge.rng import rng_state
from mmlight.engine import PGGANFetchDataHook
from mmlight.evaluator import BaseMetric
from mmlight.hooks import EMAHook, Hook
from mmlight.model import BaseModel
from mmlight.optim import OptimWrapper, OptimWrapperDict
from mmlight.runner import Runner
from tests.parity.compare import assert_same

ITERATIONS = 22


class Parts(NamedTuple):
    """What a run has."""

    by_epoch: bool = False
    infinite: bool = False
    average: bool = False
    accumulation: int = 1
    plateau: bool = False
    two_optimizers: bool = False
    growth: bool = False
    save_every: int = 2
    validate_every: int = 5


class Noisy(Dataset):
    """Noise of all three generators; as many items as the scale says."""

    def __init__(self) -> None:
        self.metainfo: dict[str, Any] = {}
        self.scale = 2
        self.samples_per_gpu = 2

    def update_annotations(self, curr_scale: int) -> bool:
        changed = curr_scale != self.scale
        self.scale = curr_scale
        return changed

    def __len__(self) -> int:
        return 4 * self.scale + 2

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        noise = [random.random(), float(np.random.rand()), float(torch.rand(()))]
        return {"inputs": torch.tensor([float(index), *noise])}


class Model(BaseModel):
    """Two layers, which may have an optimizer each, with dropout between them."""

    def __init__(self, growth: bool) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(1)
        self.first, self.second = nn.Linear(4, 3), nn.Linear(3, 1)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -0.5, 0.5, generator=generator)
        self.norm = nn.BatchNorm1d(3)
        self.growth = growth
        self.register_buffer("done", torch.zeros((), dtype=torch.long))

    @property
    def curr_scale(self) -> int:
        return 2 + self.growth * (int(self.done) // 8)

    def forward(self, inputs: torch.Tensor, mode: str = "tensor") -> Any:
        hidden = nn.functional.dropout(self.norm(self.first(inputs)), 0.3, self.training)
        value = self.second(hidden).squeeze(1)
        return {"loss": (value - 1).square().mean()} if mode == "loss" else list(value)

    def train_step(self, data: Any, optim_wrapper: Any) -> dict[str, torch.Tensor]:
        self.done += 1
        if not isinstance(optim_wrapper, OptimWrapperDict):
            return super().train_step(data, optim_wrapper)
        inputs = self.data_preprocessor(data, True)["inputs"]
        losses = {}
        for name, wrapper in optim_wrapper.items():
            losses[name] = self(inputs, mode="loss")["loss"]
            wrapper.update_params(losses[name])
        return losses


class Score(BaseMetric):
    def process(self, data_batch: Any, data_samples: Sequence) -> None:
        self.results.extend(float(sample) for sample in data_samples)

    def compute_metrics(self, results: list) -> dict[str, float]:
        return {"score": sum(results) / len(results)}


class Killed(Exception):
    """The run was killed."""


class Kills(Hook):
    """Ends the run after an iteration, behind all other hooks."""

    priority = "LOWEST"

    def __init__(self, at: int) -> None:
        self.at = at

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch=None, outputs=None) -> None:
        if runner.iter + 1 == self.at:
            raise Killed


def train(parts: Parts, work_dir: str, kill_at: int = 0) -> dict[str, Any]:
    """Train until the end or a kill, from where the folder's last checkpoint is."""
    model = Model(parts.growth)
    unit = (
        {"by_epoch": True, "max_epochs": 4, "val_interval": 2}
        if parts.by_epoch
        else {"by_epoch": False, "max_iters": ITERATIONS, "val_interval": parts.validate_every}
    )
    hooks: list[Hook] = [Kills(kill_at)]
    if parts.average:
        hooks.append(EMAHook(momentum=0.1))
    if parts.growth:
        hooks.append(PGGANFetchDataHook())
    checkpoint = {"type": "CheckpointHook", "by_epoch": False, "interval": parts.save_every}
    runner = Runner(
        model=model,
        work_dir=work_dir,
        train_dataloader=loader(parts, "InfiniteSampler" if parts.infinite else "DefaultSampler"),
        val_dataloader=loader(parts, "DefaultSampler", shuffle=False),
        val_evaluator=[Score()],
        train_cfg=unit,
        val_cfg={},
        optim_wrapper=optimizers(model, parts),
        param_scheduler=schedulers(parts),
        default_hooks={"checkpoint": {**checkpoint, "max_keep_ckpts": 1, "save_last": False}},
        custom_hooks=hooks,
        log_processor={"by_epoch": parts.by_epoch},
        randomness={"seed": 7},
        experiment_name="killed",
        log_level="ERROR",
        cfg={"trainer": {"enable_progress_bar": False}},
        resume=True,
    )
    runner.train()
    return {
        "weights": runner.model.state_dict(),
        "average": [hook.ema_model.state_dict() for hook in runner.hooks if type(hook) is EMAHook],
        "optimizers": runner.optim_wrapper.state_dict(),
        "schedulers": plain(runner.param_schedulers),
        "random": rng_state(),
    }


def loader(parts: Parts, sampler: str, **options: Any) -> dict[str, Any]:
    return {
        "dataset": Noisy(),
        "batch_size": 2,
        "sampler": {"type": sampler, **options},
        "collate_fn": {"type": "default_collate"},
    }


def optimizers(model: Model, parts: Parts) -> Any:
    def wrapper(module: nn.Module, accumulation: int) -> OptimWrapper:
        optimizer = torch.optim.Adam(module.parameters(), lr=0.05)
        return OptimWrapper(optimizer, accumulative_counts=accumulation)

    if not parts.two_optimizers:
        return wrapper(model, parts.accumulation)
    second = wrapper(model.second, parts.accumulation)
    return OptimWrapperDict(first=wrapper(model.first, 1), second=second)


def schedulers(parts: Parts) -> Any:
    each: list[dict] = [{"type": "StepLR", "step_size": 3, "gamma": 0.9, "by_epoch": False}]
    if parts.plateau:
        plateau = {"type": "ReduceOnPlateauLR", "monitor": "score", "patience": 0, "factor": 0.5}
        each.append({**plateau, "by_epoch": parts.by_epoch})
    return {"first": each, "second": each} if parts.two_optimizers else each


def plain(built: Any) -> Any:
    if isinstance(built, dict):
        return {name: plain(some) for name, some in built.items()}
    return [scheduler.state_dict() for scheduler in built]


def assert_kills_change_nothing(parts: Parts, kills: Sequence[int]) -> None:
    with tempfile.TemporaryDirectory() as whole, tempfile.TemporaryDirectory() as killed:
        expected = train(parts, whole)
        for at in kills:
            with pytest.raises(Killed):
                train(parts, killed, at)
        assert_same(train(parts, killed), expected, f"{parts}")


KILLS = st.lists(st.integers(1, ITERATIONS - 3), min_size=1, max_size=3).map(sorted)
SWITCH = st.booleans()
PARTS = st.builds(
    Parts,
    by_epoch=SWITCH,
    infinite=SWITCH,
    average=SWITCH,
    accumulation=st.sampled_from([1, 3]),
    plateau=SWITCH,
    two_optimizers=SWITCH,
    growth=SWITCH,
    save_every=st.integers(1, 4),
    validate_every=st.integers(3, 8),
).filter(lambda parts: not (parts.by_epoch and (parts.growth or parts.infinite)))
# A run takes too long for shrinking what failed: the message has all parts and kills.
QUICK = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate],
)


@settings(QUICK, max_examples=12)
@given(PARTS, KILLS)
def test_any_parts_killed_anywhere(parts: Parts, kills: list[int]) -> None:
    assert_kills_change_nothing(parts, kills)
