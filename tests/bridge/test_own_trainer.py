"""``mmlight.from_config`` and a Trainer of the user's own: the same run as the Runner's."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl
import pytest
import torch

import mmlight
from mmlight.config import Config
from mmlight.runner import Runner

from .parts import Trace, config, loader


def both_ways(tmp_path: Any, **options: Any) -> tuple[Any, Any]:
    """Run a config through the Runner, and its pieces through a stock Trainer."""
    runs = []
    for way in ("runner", "trainer"):
        trace = Trace()
        cfg = config(tmp_path / way, **options, custom_hooks=[trace])
        if way == "runner":
            runner = Runner(**{k: v for k, v in cfg.items() if k != "trainer"}, cfg=_settings(cfg))
            runner.train()
        else:
            ported = mmlight.from_config(Config(cfg))
            pl.Trainer(**ported.trainer_kwargs).fit(ported.module, ported.datamodule)
            runner = ported.runner
        runs.append((trace, runner))
    return tuple(runs)


def _settings(cfg: dict) -> Config:
    return Config({"trainer": cfg["trainer"]})


@pytest.mark.parametrize("by_epoch", [True, False])
def test_the_same_events_losses_and_weights(tmp_path: Any, by_epoch: bool) -> None:
    (ours, runner), (stock, ported) = both_ways(tmp_path, by_epoch=by_epoch)
    assert stock.losses == ours.losses
    assert stock.seen == ours.seen
    for name, value in runner.model.state_dict().items():
        assert torch.equal(value, ported.model.state_dict()[name]), name


@pytest.mark.parametrize(
    "schedule",
    [
        {"max_epochs": 5, "val_begin": 3, "val_interval": 2},
        {"max_epochs": 4, "val_interval": 3, "dynamic_intervals": [(3, 1)]},
    ],
)
def test_the_same_validation_schedule(tmp_path: Any, schedule: dict) -> None:
    options = {"train_cfg": {"by_epoch": True, **schedule}}
    (ours, _), (stock, _) = both_ways(tmp_path, **options)
    assert [entry for entry in ours.seen if entry[0] == "before_val"]
    assert stock.seen == ours.seen


@pytest.mark.parametrize("own", [True, False])
def test_global_step_counts_iterations_of_a_gan(tmp_path: Any, own: bool) -> None:
    cfg = config(
        tmp_path,
        by_epoch=False,
        model={"type": "Gan"},
        optim_wrapper={
            "constructor": "MultiOptimWrapperConstructor",
            "generator": {"optimizer": {"type": "SGD", "lr": 0.01}},
            "discriminator": {"optimizer": {"type": "SGD", "lr": 0.01}},
        },
        val_dataloader=None,
        val_cfg=None,
        val_evaluator=None,
    )
    if own:
        runner = Runner.from_cfg(Config(cfg))
        runner.train()
    else:
        ported = mmlight.from_config(Config(cfg))
        pl.Trainer(**ported.trainer_kwargs).fit(ported.module, ported.datamodule)
        runner = ported.runner
    assert runner.trainer.global_step == runner.iter == 12


def test_test_through_a_stock_trainer(tmp_path: Any) -> None:
    trace = Trace()
    cfg = config(tmp_path, custom_hooks=[trace])
    cfg.update(
        test_dataloader=loader(shuffle=False), test_cfg={}, test_evaluator=cfg["val_evaluator"]
    )
    ported = mmlight.from_config(Config(cfg))
    metrics = pl.Trainer(**ported.trainer_kwargs).test(
        ported.module, datamodule=ported.datamodule, verbose=False
    )
    assert set(metrics[0]) == {"points/accuracy"}
    points = [entry[0] for entry in trace.seen]
    assert points[:3] == ["before_run", "before_test", "before_test_epoch"]
    assert points[-3:] == ["after_test_epoch", "after_test", "after_run"]


@pytest.mark.parametrize("by_epoch", [True, False])
def test_a_runners_checkpoint_resumes_in_a_stock_trainer(tmp_path: Any, by_epoch: bool) -> None:
    def cfg(name: str, **changes: Any) -> Config:
        interval = {"type": "CheckpointHook", "by_epoch": False, "interval": 7}
        return Config(
            config(tmp_path / name, by_epoch, default_hooks={"checkpoint": interval}, **changes)
        )

    runner = Runner.from_cfg(cfg("runner"))
    runner.train()
    ported = mmlight.from_config(cfg("stock"))
    pl.Trainer(**ported.trainer_kwargs).fit(
        ported.module, ported.datamodule, ckpt_path=str(tmp_path / "runner" / "iter_7.pth")
    )
    assert ported.runner.iter == runner.iter
    for name, value in runner.model.state_dict().items():
        assert torch.equal(value, ported.module.model.state_dict()[name]), name
