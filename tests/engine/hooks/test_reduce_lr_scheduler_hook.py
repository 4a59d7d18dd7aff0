"""ReduceLRSchedulerHook: what it watches, in a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from mmlight.engine import ReduceLR
from mmlight.hooks import Hook
from tests.engine.toys import Regression, numbers, regression_runner

EVALUATION = {
    "val_dataloader": numbers(),
    "val_cfg": {},
    "val_evaluator": {"type": "MeanSquaredError"},
}


class Stuck(Regression):
    """Its losses are those it was told."""

    losses: tuple[float, ...] = (4.0, 2.0)

    def forward(self, inputs: Any, data_samples: Any = None, mode: str = "tensor") -> Any:
        outputs = super().forward(inputs, data_samples, mode)
        if mode != "loss":
            return outputs
        self.step = getattr(self, "step", -1) + 1
        return {"loss": outputs["loss"] * 0 + self.losses[self.step % len(self.losses)]}


class Watch(Hook):
    """What the scheduler was told, and the learning rate after each iteration."""

    priority = "LOWEST"

    def __init__(self) -> None:
        self.values: list[float] = []
        self.rates: list[float] = []

    def before_train(self, runner: Any) -> None:
        (scheduler,) = (s for s in runner.param_schedulers if isinstance(s, ReduceLR))
        observe = scheduler.observe

        def record(value: float) -> None:
            self.values.append(value)
            observe(value)

        scheduler.observe = record

    def after_train_iter(self, runner: Any, *_: Any, **__: Any) -> None:
        self.rates.append(runner.optim_wrapper.get_lr()["lr"][0])


def run(path: Path, by_epoch: bool = True, more: tuple = (), **hook: Any) -> Watch:
    watch = Watch()
    scheduler = {"type": "ReduceLR", "factor": 0.5, "patience": 0, "by_epoch": by_epoch}
    regression_runner(
        path,
        model=Stuck(),
        param_scheduler=[scheduler, *more],
        default_hooks={
            "checkpoint": None,
            "param_scheduler": {"type": "ReduceLRSchedulerHook", "by_epoch": by_epoch, **hook},
        },
        custom_hooks=[watch],
        **(EVALUATION if "val_metric" in hook else {}),
    ).train()
    return watch


def test_mean_loss_of_an_epoch(tmp_path: Path) -> None:
    watch = run(tmp_path)
    assert watch.values == [3.0, 3.0]
    assert watch.rates == [0.1] * 8


def test_mean_loss_of_some_iterations(tmp_path: Path) -> None:
    watch = run(tmp_path, by_epoch=False, interval=2)
    assert watch.values == [3.0] * 4
    assert watch.rates == pytest.approx([0.1] * 3 + [0.05] * 2 + [0.025] * 2 + [0.0125])


def test_every_loss(tmp_path: Path) -> None:
    watch = run(tmp_path, by_epoch=False)
    assert watch.values == [4.0, 2.0] * 4


def test_metric_of_a_validation(tmp_path: Path) -> None:
    watch = run(tmp_path, val_metric="MeanSquaredError")
    assert len(watch.values) == 2
    assert watch.values[0] == watch.values[1] > 0


def test_other_schedulers_step_as_usual(tmp_path: Path) -> None:
    more = {"type": "MultiStepLR", "milestones": [4], "gamma": 0.1, "by_epoch": False}
    watch = run(tmp_path, more=(more,))
    assert watch.rates == pytest.approx([0.1] * 3 + [0.01] * 5)


def test_metric_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="MeanSquaredError"):
        run(tmp_path, val_metric="PSNR")


def test_loss_that_is_not_there(tmp_path: Path) -> None:
    class Silent(Stuck):
        def train_step(self, data: Any, optim_wrapper: Any) -> dict:
            return {"gain": torch.ones(())}

    with pytest.raises(KeyError, match="gain"):
        regression_runner(
            tmp_path,
            model=Silent(),
            param_scheduler={"type": "ReduceLR"},
            default_hooks={"param_scheduler": {"type": "ReduceLRSchedulerHook"}},
        ).train()


def test_resumed_in_the_middle_of_an_epoch(tmp_path: Path) -> None:
    def part(path: Path, epochs: int, resume: bool) -> Any:
        runner = regression_runner(
            path,
            model=Stuck(),
            train_cfg={"by_epoch": True, "max_epochs": epochs},
            param_scheduler={"type": "ReduceLR", "factor": 0.5, "patience": 0, "end": 2},
            default_hooks={
                "checkpoint": {"type": "CheckpointHook", "interval": 3, "by_epoch": False},
                "param_scheduler": {"type": "ReduceLRSchedulerHook"},
            },
            resume=resume,
        )
        runner.train()
        return runner.param_schedulers[0].state_dict()

    whole = part(tmp_path / "whole", 2, resume=False)
    part(tmp_path / "parts", 1, resume=False)
    assert (tmp_path / "parts" / "last_checkpoint").read_text().endswith("iter_4.pth")
    (tmp_path / "parts" / "last_checkpoint").write_text(str(tmp_path / "parts" / "iter_3.pth"))
    Stuck.losses = (2.0, 4.0)  # the model begins anew at iteration 3, which has the second loss
    try:
        parts = part(tmp_path / "parts", 2, resume=True)
    finally:
        Stuck.losses = (4.0, 2.0)
    assert parts == whole


def test_interval_of_zero_is_refused(tmp_path: Path) -> None:
    from mmlight.engine import ReduceLRSchedulerHook

    with pytest.raises(ValueError, match="interval"):
        ReduceLRSchedulerHook(interval=0)
