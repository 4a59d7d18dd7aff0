"""MultiValLoop and MultiTestLoop: each dataset with its own evaluator."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch

from mmlight.evaluator import BaseMetric
from mmlight.generative.evaluation import GenMetric
from mmlight.hooks import Hook
from mmlight.registry import METRICS
from tests.engine.toys import gan_runner, loader, numbers, regression_runner


@METRICS.register_module()
class Sum(BaseMetric):
    """The sum of the inputs, and where the dataset says it starts."""

    default_prefix = "sum"

    def process(self, data_batch: Any, data_samples: Any) -> None:
        self.results.append(float(torch.stack(list(data_batch["inputs"])).sum()))

    def compute_metrics(self, results: list) -> dict:
        return {"value": sum(results), "start": (self.dataset_meta or {})["start"]}


class Seen(Hook):
    """The batches and the values that hooks were given."""

    def __init__(self) -> None:
        self.batches: list[tuple[str, int]] = []
        self.epochs: list[dict | None] = []

    def after_val_iter(self, runner: Any, batch_idx: int, *_: Any, **__: Any) -> None:
        self.batches.append((runner.point, batch_idx))

    def after_test_iter(self, runner: Any, batch_idx: int, *_: Any, **__: Any) -> None:
        self.batches.append((runner.point, batch_idx))

    def after_val_epoch(self, runner: Any, metrics: dict | None = None) -> None:
        self.epochs.append(metrics)

    def after_test_epoch(self, runner: Any, metrics: dict | None = None) -> None:
        self.epochs.append(metrics)


def evaluation(mode: str, prefixes: tuple[str, ...] = ("a", "b"), **changes: Any) -> dict:
    kind = {"val": "MultiValLoop", "test": "MultiTestLoop"}[mode]
    config = {
        f"{mode}_dataloader": [numbers(size=4), numbers(batch_size=3, size=6, start=8)],
        f"{mode}_cfg": {"type": kind},
        f"{mode}_evaluator": [{"type": "Sum", "prefix": prefix} for prefix in prefixes],
    }
    return {**config, **changes}


EXPECTED = {
    "a/value": 6 / 8,
    "a/start": 0,
    "b/value": (8 + 9 + 10 + 11 + 12 + 13) / 8,
    "b/start": 8,
}


@pytest.mark.parametrize("mode", ["val", "test"])
def test_each_dataset_with_its_evaluator(tmp_path: Path, mode: str) -> None:
    seen = Seen()
    runner = regression_runner(tmp_path, custom_hooks=[seen], **evaluation(mode))
    results = runner.val() if mode == "val" else runner.test()
    assert results == EXPECTED
    assert seen.epochs == [EXPECTED]
    assert [index for _, index in seen.batches] == [0, 1, 2, 3]


@METRICS.register_module()
class Predicted(BaseMetric):
    """What the model predicted."""

    default_prefix = "predicted"

    def process(self, data_batch: Any, data_samples: Any) -> None:
        self.results += data_samples

    def compute_metrics(self, results: list) -> dict:
        return {"by": sorted({*results})}


@pytest.mark.parametrize("mode", ["val", "test"])
def test_the_step_is_that_of_the_mode(tmp_path: Path, mode: str) -> None:
    metrics = [{"type": "Predicted", "prefix": prefix} for prefix in "ab"]
    runner = regression_runner(tmp_path, **evaluation(mode, **{f"{mode}_evaluator": metrics}))
    for step in ("train_step", "val_step", "test_step"):
        setattr(runner.model, step, lambda data, step=step: [step] * len(data["inputs"]))
    results = runner.val() if mode == "val" else runner.test()
    assert results == {"a/by": [f"{mode}_step"], "b/by": [f"{mode}_step"]}


def test_validation_while_training(tmp_path: Path) -> None:
    seen = Seen()
    runner = regression_runner(tmp_path, custom_hooks=[seen], **evaluation("val"))
    runner.train()
    assert seen.epochs == [EXPECTED, EXPECTED]


@pytest.mark.parametrize("prefix", ["", "Gen"])
def test_totals_are_those_of_all_datasets(tmp_path: Path, prefix: str) -> None:
    class Etas(Hook):
        priority = "VERY_LOW"
        seen: list[float] = []

        def after_val_iter(self, runner: Any, *_: Any, **__: Any) -> None:
            self.seen.append(runner.message_hub.get_info("eta"))

    etas = Etas()
    runner = regression_runner(
        tmp_path,
        log_processor={"type": f"{prefix}LogProcessor", "by_epoch": False},
        default_hooks={
            "checkpoint": None,
            "timer": {"type": f"{prefix}IterTimerHook"},
            "logger": {"type": "LoggerHook", "interval": 1},
        },
        custom_hooks=[etas],
        **evaluation("val"),
    )
    runner.val()
    (log,) = tmp_path.rglob("*.log")
    assert re.findall(r"Iter\(val\) (\S+)", log.read_text()) == [
        *(f"[{index}/4]" for index in (1, 2, 3, 4)),
        "[4/4]",
    ]
    assert etas.seen[3] == 0
    assert all(eta > 0 for eta in etas.seen[:3])


def test_a_single_dataset_with_a_list_of_metrics(tmp_path: Path) -> None:
    metrics = [{"type": "Sum"}, {"type": "MeanSquaredError"}]
    runner = regression_runner(
        tmp_path,
        val_dataloader=numbers(size=4),
        val_cfg={"type": "MultiValLoop"},
        val_evaluator=metrics,
    )
    assert sorted(runner.val()) == ["MeanSquaredError", "sum/start", "sum/value"]


def test_no_dataset_is_refused(tmp_path: Path) -> None:
    nothing = {"val_dataloader": [], "val_evaluator": [], "val_cfg": {"type": "MultiValLoop"}}
    runner = regression_runner(tmp_path, **nothing)
    with pytest.raises(ValueError, match="needs a dataloader"):
        runner.val()


@pytest.mark.parametrize("mode", ["val", "test"])
def test_clashing_prefixes_are_refused_before_the_run(tmp_path: Path, mode: str) -> None:
    seen = Seen()
    runner = regression_runner(tmp_path, custom_hooks=[seen], **evaluation(mode, ("same", "same")))
    with pytest.raises(ValueError, match="different prefix"):
        runner.val() if mode == "val" else runner.test()
    assert not seen.batches


def test_clash_is_found_before_training(tmp_path: Path) -> None:
    seen = Seen()
    runner = regression_runner(tmp_path, custom_hooks=[seen], **evaluation("val", ("x", "x")))
    with pytest.raises(ValueError, match="different prefix"):
        runner.train()
    assert runner.iter == 0


def test_values_of_one_name_from_different_metrics(tmp_path: Path) -> None:
    @METRICS.register_module(force=True)
    class OtherSum(Sum):
        """Another class, so only its values show the clash."""

    evaluators = [{"type": "Sum", "prefix": "x"}, {"type": "OtherSum", "prefix": "x"}]
    runner = regression_runner(tmp_path, **evaluation("val", val_evaluator=evaluators))
    with pytest.raises(ValueError, match="x/start"):
        runner.val()


def test_as_many_evaluators_as_datasets(tmp_path: Path) -> None:
    runner = regression_runner(tmp_path, **evaluation("val", ("a", "b", "c")))
    with pytest.raises(ValueError, match="2 dataloaders but 3 evaluators"):
        runner.val()


def test_different_metrics_of_torchmetrics_may_share_a_prefix(tmp_path: Path) -> None:
    evaluators = [{"type": "MeanSquaredError"}, {"type": "MeanAbsoluteError"}]
    runner = regression_runner(tmp_path, **evaluation("val", val_evaluator=evaluators))
    assert sorted(runner.val()) == ["MeanAbsoluteError", "MeanSquaredError"]


@pytest.mark.parametrize("mode", ["val", "test"])
def test_evaluators_that_group_their_metrics(mode: str, tmp_path: Path) -> None:
    kind = {"val": "MultiValLoop", "test": "MultiTestLoop"}[mode]
    seen = Seen()
    runner = gan_runner(
        tmp_path,
        custom_hooks=[seen],
        **{
            f"{mode}_dataloader": [loader(shuffle=False), loader(shuffle=False)],
            f"{mode}_cfg": {"type": kind},
            f"{mode}_evaluator": [
                {"type": "GenEvaluator", "metrics": [brightness(6), brightness(3, prefix="few")]},
                {"type": "GenEvaluator", "metrics": [brightness(9, prefix="many")]},
            ],
        },
    )
    before = torch.random.get_rng_state()
    metrics = getattr(runner, mode)()
    assert torch.equal(torch.random.get_rng_state(), before)
    counts = {name: value for name, value in metrics.items() if "count" in name}
    assert counts == {"bright/count": 6, "few/count": 3, "many/count": 9}
    loop = getattr(runner, f"{mode}_loop")
    assert loop.total_length == len(seen.batches) == sum(loop.lengths())
    assert len(loop.lengths()) == 2


def brightness(nums: int, **more: Any) -> dict:
    return {"type": "Levels", "fake_nums": nums, "sample_model": "orig", **more}


@METRICS.register_module()
class Levels(GenMetric):
    """How many images were generated for it."""

    default_prefix = "bright"

    def process(self, data_batch: Any, data_samples: Any) -> None:
        missing = self.fake_nums - len(self.results)
        self.results += [self.fake_image(sample).mean() for sample in data_samples[:missing]]

    def compute_metrics(self, results: list) -> dict:
        return {"count": len(results)}


def test_a_list_of_one_evaluator_for_one_dataset(tmp_path: Path) -> None:
    runner = regression_runner(
        tmp_path,
        val_dataloader=numbers(size=4),
        val_cfg={"type": "MultiValLoop"},
        val_evaluator=[{"type": "Evaluator", "metrics": [{"type": "Sum"}]}],
    )
    assert runner.val()["sum/start"] == 0
