"""What is known of the names of values before a training, and when nothing is said of it."""

from __future__ import annotations

from typing import Any

import pytest

from mmlight.evaluator import Evaluator
from mmlight.evaluator.names import unknown_name
from mmlight.generative.evaluation import PSNR, SWD, FrechetDistance, GenEvaluator


def swd() -> SWD:
    return SWD(fake_nums=4, image_shape=(1, 32, 32), prefix="swd")


def test_metrics_that_know_their_names_rule_others_out() -> None:
    evaluator = GenEvaluator([swd(), FrechetDistance(fake_nums=4), PSNR()])
    for right in ("swd/16", "swd/avg", "FD/fd", "PSNR", "val_loss"):
        assert unknown_name(right, [evaluator]) is None
    for wrong, meant in (("swd/avgg", "swd/avg"), ("FID/fid", "FD/fd"), ("PSNRR", "PSNR")):
        said = unknown_name(wrong, [evaluator])
        assert said is not None and "'swd/32', 'swd/16', 'swd/avg', 'FD/fd', 'PSNR'" in said
        assert f"Did you mean '{meant}'" in said


class Renamed(FrechetDistance):
    def compute_metrics(self, results: list[Any]) -> dict[str, float]:
        return {"mine": sum(results)}


class Sorted(GenEvaluator):
    def evaluate(self, size: int | None = None) -> dict[str, float]:  # type: ignore[override]
        return {"best": max(super().evaluate(size).values())}


@pytest.mark.parametrize(
    "evaluator", [Evaluator([Renamed(fake_nums=4), swd()]), Sorted(swd())], ids=["metric", "whole"]
)
def test_what_overrides_the_computation_may_name_its_values_otherwise(evaluator: Any) -> None:
    assert unknown_name("mine", [evaluator]) is None
