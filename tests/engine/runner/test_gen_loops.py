"""GenValLoop and GenTestLoop: order, sharing, totals, and that training does not notice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from mmlight.generative.evaluation import GenMetric
from mmlight.hooks import Hook
from mmlight.registry import METRICS
from tests.engine.toys import MeanPixels, gan_runner, loader

EMA = {
    "type": "ExponentialMovingAverageHook",
    "module_keys": "generator_ema",
    "interval": 1,
    "interp_cfg": {"momentum": 0.1},
}


@METRICS.register_module()
class Brightness(GenMetric):
    """Mean level of the generated images; keeps all that it was given."""

    default_prefix = "light"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.given: list[torch.Tensor] = []
        self.prepared = 0

    def prepare(self, module: Any, dataloader: Any) -> None:
        self.prepared += 1

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        missing = self.fake_nums - len(self.results)
        images = [self.fake_image(sample) for sample in data_samples[:missing]]
        self.given += images
        self.results += [image.mean() for image in images]

    def compute_metrics(self, results: list) -> dict:
        return {"mean": float(sum(results) / len(results)), "count": len(results)}


class Order(Hook):
    """The points that were reached, with what they were given."""

    def __init__(self) -> None:
        self.points: list[str] = []
        self.totals: list[int] = []
        self.metrics: dict = {}
        self.etas: list[float] = []

    def after_val_iter(self, runner: Any, batch_idx: int, *_: Any, **__: Any) -> None:
        self.points.append(f"after_val_iter {batch_idx}")
        self.totals.append(runner.val_loop.total_length)
        self.etas.append(runner.message_hub.get_info("eta"))

    def after_val_epoch(self, runner: Any, metrics: dict | None = None) -> None:
        self.points.append("after_val_epoch")
        self.metrics = metrics or {}


for point in ("before_val", "before_val_epoch", "after_val"):

    def record(self: Order, runner: Any, point: str = point) -> None:
        self.points.append(point)

    setattr(Order, point, record)


def metric(nums: int, model: str = "ema", **more: Any) -> dict:
    return {"type": "Brightness", "fake_nums": nums, "sample_model": model, **more}


def evaluation(*metrics: dict, mode: str = "val", **more: Any) -> dict:
    kind = {"val": "GenValLoop", "test": "GenTestLoop"}[mode]
    return {
        f"{mode}_dataloader": loader(shuffle=False),
        f"{mode}_cfg": {"type": kind},
        f"{mode}_evaluator": {"type": "GenEvaluator", "metrics": list(metrics)},
        **more,
    }


def test_order_and_totals(tmp_path: Path) -> None:
    order = Order()
    runner = gan_runner(
        tmp_path,
        2,
        custom_hooks=[EMA, order],
        default_hooks={"checkpoint": None, "timer": {"type": "GenIterTimerHook"}},
        **evaluation(metric(6), metric(3, prefix="few"), metric(4, "orig", prefix="orig")),
    )
    runner.train()
    assert order.points == [
        "before_val",
        "before_val_epoch",
        "after_val_iter 0",
        "after_val_iter 1",
        "after_val_iter 2",
        "after_val_epoch",
        "after_val",
    ]
    assert order.totals == [3, 3, 3]
    assert order.etas[-1] == 0
    assert order.etas[0] > 0
    assert {name: order.metrics[name] for name in order.metrics if "count" in name} == {
        "light/count": 6,
        "few/count": 3,
        "orig/count": 4,
    }


def test_metrics_of_one_kind_share_their_images(tmp_path: Path) -> None:
    runner = gan_runner(
        tmp_path,
        custom_hooks=[EMA],
        **evaluation(metric(6), metric(3, prefix="few"), metric(4, "orig", prefix="orig")),
    )
    runner.train()
    first, few, orig = runner.val_evaluator.metrics
    assert all(image is other for image, other in zip(first.given[:3], few.given, strict=True))
    assert not torch.equal(first.given[0], orig.given[0])
    assert first.prepared == few.prepared == 1
    assert not first.given[0].requires_grad


@pytest.mark.parametrize("mode", ["val", "test"])
def test_alone(tmp_path: Path, mode: str) -> None:
    runner = gan_runner(tmp_path, **evaluation(metric(8, "orig"), mode=mode))
    results = runner.val() if mode == "val" else runner.test()
    assert results["light/count"] == 8
    assert 0 < results["light/mean"] < 255


@pytest.mark.parametrize("mode", ["val", "test"])
def test_the_step_is_that_of_the_mode(tmp_path: Path, mode: str) -> None:
    runner = gan_runner(tmp_path, **evaluation(metric(8, "orig"), mode=mode))
    called = set()

    def noting(name: str, step: Any) -> Any:
        return lambda data: called.add(name) or step(data)

    for name in ("train_step", "val_step", "test_step"):
        setattr(runner.model, name, noting(name, getattr(runner.model, name)))
    runner.val() if mode == "val" else runner.test()
    assert called == {f"{mode}_step"}


def test_log_has_the_total_of_generated_batches(tmp_path: Path) -> None:
    runner = gan_runner(
        tmp_path,
        2,
        default_hooks={"checkpoint": None, "logger": {"type": "LoggerHook", "interval": 1}},
        **evaluation(metric(12, "orig")),
    )
    runner.train()
    (log,) = tmp_path.rglob("*.log")
    text = log.read_text()
    assert "Iter(val) [1/3]" in text
    assert "Iter(val) [3/3]    light/mean" in text


def test_validations_see_the_same_noise_and_training_does_not_notice(tmp_path: Path) -> None:
    plain = gan_runner(tmp_path / "plain", 4)
    plain.train()
    train_cfg = {"type": "IterBasedTrainLoop", "max_iters": 4, "val_interval": 1}
    watched = gan_runner(
        tmp_path / "watched", 4, **{**evaluation(metric(4, "orig")), "train_cfg": train_cfg}
    )
    watched.train()
    for name, value in plain.model.state_dict().items():
        assert torch.equal(value, watched.model.state_dict()[name]), name
    again = gan_runner(tmp_path / "again", 4, **evaluation(metric(4, "orig")))
    again.train()
    ours, theirs = watched.val_evaluator.metrics[0].given[-4:], again.val_evaluator.metrics[0].given
    for image, other in zip(ours, theirs, strict=True):
        assert torch.equal(image, other)


def test_ordinary_metrics_get_the_batches_of_the_dataloader(tmp_path: Path) -> None:
    @METRICS.register_module(force=True)
    class CountBatches(Brightness):
        default_prefix = "batches"

        def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
            self.results.append(len(data_batch["inputs"]["img"]))

        def compute_metrics(self, results: list) -> dict:
            return {"items": sum(results)}

    counted = {"type": "CountBatches", "fake_nums": 16, "sampler_mode": "normal"}
    runner = gan_runner(tmp_path, **evaluation({**counted, "sample_model": "orig"}))
    assert runner.val() == {"batches/items": 16}


def test_ordinary_evaluator_is_refused_before_training(tmp_path: Path) -> None:
    runner = gan_runner(
        tmp_path,
        val_dataloader=loader(shuffle=False),
        val_cfg={"type": "GenValLoop"},
        val_evaluator={"type": "MeanSquaredError"},
    )
    with pytest.raises(TypeError, match="GenEvaluator"):
        runner.train()


def test_best_checkpoint_by_frechet_distance(tmp_path: Path) -> None:
    distance = {
        "type": "FrechetDistance",
        "fake_nums": 8,
        "sample_model": "orig",
        "feature_extractor": MeanPixels(),
    }
    best = {"type": "CheckpointHook", "interval": 2, "by_epoch": False}
    runner = gan_runner(
        tmp_path,
        2,
        default_hooks={"checkpoint": {**best, "save_best": "FD/fd", "rule": "less"}},
        **evaluation(distance),
    )
    runner.train()
    assert (tmp_path / "best_FD_fd_iter_2.pth").exists()


def test_the_trainers_limits_hold_for_each_sampler(tmp_path: Path) -> None:
    order = Order()
    runner = gan_runner(
        tmp_path,
        2,
        custom_hooks=[EMA, order],
        default_hooks={"checkpoint": None},
        cfg={"trainer": {"limit_val_batches": 1, "num_sanity_val_steps": 2}},
        **evaluation(metric(6), metric(3, prefix="few"), metric(4, "orig", prefix="orig")),
    )
    runner.train()
    # Two kinds of images, one batch of each; nothing but the validation at the end.
    assert [point for point in order.points if point.startswith("after_val_iter")] == [
        "after_val_iter 0",
        "after_val_iter 1",
    ]
    (log,) = tmp_path.glob("*/*.log")
    assert "num_sanity_val_steps has no effect: GenValLoop is run as a whole" in log.read_text()


@pytest.mark.parametrize("mode", ["val", "test"])
def test_what_a_metric_refuses_names_its_key(mode: str, tmp_path: Path) -> None:
    many = metric(1000, prefix="many", sampler_mode="Data")
    for wrong in (many, metric(4, prefix="averaged")):
        keys = evaluation(metric(4, "orig"), wrong, mode=mode)
        runner = gan_runner(tmp_path, 2, **keys)
        with pytest.raises(ValueError, match=rf"config key `{mode}_evaluator\.metrics\.1`"):
            runner.train() if mode == "val" else runner.test()
