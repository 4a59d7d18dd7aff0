"""Log lines, rules of metrics and decisions of hooks are those of MMEngine, to the character."""

from __future__ import annotations

from typing import Any

import pytest

from tests.parity.compare import assert_same


def log_lines(
    engine: str, processors: dict[str, dict[str, Any]], trains: bool, timed: bool
) -> dict[str, Any]:
    """All that log processors make of a message hub with fixed values."""
    import importlib

    import numpy as np
    import torch

    hub = importlib.import_module(f"{engine}.logging").MessageHub.get_instance("lines")

    class Loop:
        def __init__(self, length: int) -> None:
            self.dataloader = range(length)

    class Face:
        message_hub = hub
        iter, epoch, max_iters, max_epochs, world_size = 7, 1, 200, 12, 1
        train_loop = Loop(20)
        val_loop, test_loop = Loop(6), Loop(8)
        _train_loop = train_loop if trains else {"type": "EpochBasedTrainLoop"}

    rng = np.random.default_rng(3)
    for step in range(15):
        hub.update_scalar("train/lr", 0.01 * (step + 1))
        hub.update_scalar("train/generator.lr", 2e-5 * (step + 1))
        for name in ("loss", "acc", "grad_norm", "lossy_lr", "my/loss"):
            hub.update_scalar(f"train/{name}", rng.random())
        hub.update_scalar("train/loss_cls", torch.tensor(rng.random(), dtype=torch.float32))
        hub.update_scalar("train/count", step)
        for mode in ("train", "val", "test"):
            if timed:
                hub.update_scalar(f"{mode}/time", rng.random())
                hub.update_scalar(f"{mode}/data_time", rng.random())
    for mode in ("val", "test"):
        hub.update_scalar(f"{mode}/acc", rng.random())
        hub.update_scalar(f"{mode}/coco/mAP", rng.random() * 1e-6)
        hub.update_scalar(f"{mode}/loss_a", rng.random())
        hub.update_scalar(f"{mode}/x_lr", 0.3)
        hub.update_scalar(f"{mode}/count", 5)
        hub.update_info(f"{mode}/table", [1, 2, 3])
        hub.update_info(f"{mode}/array", np.arange(3.0))
        hub.update_info(f"{mode}/tensor", torch.ones(2, 2))
    if timed:
        hub.update_info("eta", 123456.7)

    def lines_of(processor: Any) -> dict[str, Any]:
        lines: dict[str, Any] = {}
        for mode in ("train", "val", "test") if trains else ("val", "test"):
            for batch_idx in (0, 4):
                tag, text = processor.get_log_after_iter(Face(), batch_idx, mode)
                values = {key: float(value) for key, value in tag.items()}
                lines[f"{mode} {batch_idx}"] = (values, list(tag), text)
            if mode != "train":
                size = len(getattr(Face, f"{mode}_loop").dataloader)
                for non_scalar in (False, True):
                    tag, text = processor.get_log_after_epoch(Face(), size, mode, non_scalar)
                    lines[f"{mode} end {non_scalar}"] = (list(tag), text)
        return lines

    make = importlib.import_module(f"{engine}.runner").LogProcessor
    return {name: lines_of(make(**kwargs)) for name, kwargs in processors.items()}


PROCESSORS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "by iteration": {"by_epoch": False},
    "hierarchy": {"log_with_hierarchy": True},
    "hierarchy by iteration": {"log_with_hierarchy": True, "by_epoch": False},
    "two digits": {"num_digits": 2},
    "narrow window": {"window_size": 3},
    "wide window": {"window_size": 100},
    "other pattern": {"mean_pattern": ".*(acc).*"},
    "additional": {
        "custom_cfg": [
            {"data_src": "loss", "log_name": "slow", "method_name": "mean", "window_size": 12}
        ]
    },
    "global, epoch and window": {
        "custom_cfg": [
            {"data_src": "loss", "method_name": "mean", "window_size": "global"},
            {
                "data_src": "loss_cls",
                "method_name": "max",
                "window_size": "epoch",
                "log_name": "worst",
            },
            {"data_src": "acc", "method_name": "min", "window_size": 3},
        ]
    },
    "time": {
        "custom_cfg": [
            {
                "data_src": "time",
                "method_name": "max",
                "window_size": "epoch",
                "log_name": "slowest",
            }
        ]
    },
    "unknown source": {
        "custom_cfg": [{"data_src": "nowhere", "method_name": "mean", "log_name": "a"}]
    },
}


@pytest.mark.parametrize("timed", [True, False])
@pytest.mark.parametrize("trains", [True, False])
def test_same_lines(trains: bool, timed: bool, both: Any) -> None:
    theirs, ours = both(log_lines, PROCESSORS, trains, timed)
    assert len(theirs) == len(PROCESSORS)
    assert_same(ours, theirs)


def rules(engine: str, names: list[str], keys: list[Any]) -> dict[str, list[str]]:
    import importlib

    hook = importlib.import_module(f"{engine}.hooks").CheckpointHook

    def rule(name: str, greater: Any, less: Any) -> str:
        try:
            return hook(save_best=name, greater_keys=greater, less_keys=less).rules[0]
        except ValueError:
            return "unknown"

    return {name: [rule(name, *pair) for pair in keys] for name in names}


def test_same_rules(both: Any) -> None:
    names = "acc Acc loss acc_loss top1 loss_top AR@100 x/acc acc/loss loss/acc LOSS coco/bbox_mAP"
    more = "val_loss mIoU/x acc/x_loss aux/LOSS xacc maccl auc AUC_x FID"
    keys = [(None, None), (["loss"], None), (["x"], ["acc"]), (["acc"], ["acc"])]
    theirs, ours = both(rules, [*names.split(), *more.split()], keys)
    assert_same(ours, theirs)


def stops(engine: str, cases: list[tuple[list[float], str, dict]]) -> list[list[bool]]:
    import importlib

    make = importlib.import_module(f"{engine}.hooks").EarlyStoppingHook

    class Logger:
        def info(self, text: str) -> None:
            """Both say why they stop, in their own words."""

    class Loop:
        stop_training = False

    class Face:
        logger = Logger()

        def __init__(self) -> None:
            self.train_loop = Loop()

    def course(scores: list[float], metric: str, kwargs: dict) -> list[bool]:
        face, hook = Face(), make(metric, **kwargs)
        hook.before_run(face)
        after = []
        for score in scores:
            hook.after_val_epoch(face, {metric: score})
            after.append(face.train_loop.stop_training)
        return after

    return [course(*case) for case in cases]


def test_same_end(both: Any) -> None:
    cases: list[tuple[list[float], str, dict]] = [
        ([0.1, 0.2, 0.25, 0.26, 0.27], "acc", {"min_delta": 0.1, "patience": 2}),
        ([0.5, 0.4, 0.35, 0.3, 0.25], "loss", {"min_delta": 0.1, "patience": 2}),
        ([1.0, 1.0, 1.0], "acc", {"patience": 0}),
        ([0.5, float("nan"), 0.6], "acc", {}),
        ([0.5, 0.8, 0.81], "acc", {"stopping_threshold": 0.8}),
        ([1.0, 0.9, 0.8, 0.75], "FID", {"rule": "less", "stopping_threshold": 0.8}),
    ]
    theirs, ours = both(stops, cases)
    assert ours == theirs
    assert any(course[-1] for course in theirs)


def intervals(engine: str, changes: list[Any]) -> list[Any]:
    import importlib

    calc = importlib.import_module(f"{engine}.runner.utils").calc_dynamic_intervals
    return [calc(5, change) for change in changes]


def test_same_dynamic_intervals(both: Any) -> None:
    theirs, ours = both(intervals, [None, [], [(10, 2)], [(10, 2), (20, 1)]])
    assert ours == theirs


def draws(engine: str, seed: int) -> list[float]:
    import importlib
    import random

    import numpy as np
    import torch

    importlib.import_module(f"{engine}.runner.utils").set_random_seed(seed, diff_rank_seed=True)
    return [random.random(), float(np.random.rand()), float(torch.rand(1))]


def test_same_draws_after_seeding(both: Any) -> None:
    theirs, ours = both(draws, 11)
    assert ours == theirs


def zoos(engine: str) -> list[dict[str, str]]:
    import importlib

    checkpoint = importlib.import_module(f"{engine}.runner.checkpoint")
    return [
        checkpoint.get_external_models(),
        checkpoint.get_mmcls_models(),
        checkpoint.get_deprecated_model_names(),
    ]


def test_same_model_zoos(both: Any) -> None:
    theirs, ours = both(zoos)
    assert_same(ours, theirs)
