"""Averages of both hooks are those of the packages that people know, by their formulas."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from mmlight.engine import ExponentialMovingAverageHook
from mmlight.hooks import EMAHook, Hook

from .plain import BOTH, Plain, fit

Tensors = dict[str, torch.Tensor]


class Reference(Hook):
    """Averages by a formula of its own: ``(average, weight, number of the update) -> average``."""

    def __init__(self, formula: Callable[..., torch.Tensor], at_start: bool) -> None:
        self.formula = formula
        self.at_start = at_start
        self.average: Tensors = {}
        self.updates = 0

    def tensors(self, runner: Any) -> Tensors:
        return {k: v.detach().clone() for k, v in runner.model.generator.state_dict().items()}

    def before_train(self, runner: Any) -> None:
        if self.at_start:
            self.average = self.tensors(runner)

    def after_train_iter(
        self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        new = self.tensors(runner)
        if not self.average:
            self.average = new
            return
        self.updates += 1
        self.average = {
            name: self.formula(self.average[name], new[name], self.updates)
            if value.is_floating_point()
            else new[name]
            for name, value in self.average.items()
        }


def model_ema_v2(average: torch.Tensor, weight: torch.Tensor, update: int) -> torch.Tensor:
    """timm's, with ``decay=0.9``, over all of the state dict."""
    return 0.9 * average + (1.0 - 0.9) * weight


def torch_ema(average: torch.Tensor, weight: torch.Tensor, update: int) -> torch.Tensor:
    """torch_ema's, with ``decay=0.9, use_num_updates=False``."""
    return average - (1.0 - 0.9) * (average - weight)


@BOTH
@pytest.mark.parametrize("formula", [model_ema_v2, torch_ema])
def test_an_average_of_a_generator(tmp_path: Path, kind: type[Plain], formula: Any) -> None:
    momenta = {"momentum": 0.1, "momentum_nontrainable": 0.1}
    hook = ExponentialMovingAverageHook("generator_ema", interval=1, interp_cfg=momenta)
    reference, module = Reference(formula, at_start=True), kind()
    fit(tmp_path, module, hook, reference)
    assert reference.updates == 44
    for name, value in module.generator_ema.state_dict().items():  # type: ignore[union-attr]
        torch.testing.assert_close(value, reference.average[name], rtol=1e-5, atol=1e-6)


@BOTH
@pytest.mark.parametrize("formula", [model_ema_v2, torch_ema])
def test_an_average_of_the_whole_model(tmp_path: Path, kind: type[Plain], formula: Any) -> None:
    """EMAHook begins with the weights after the first iteration, as Lightning's does."""
    hook = EMAHook(momentum=0.1, update_buffers=True)
    reference = Reference(formula, at_start=False)
    fit(tmp_path, kind(), hook, reference)
    assert reference.updates == 43
    for name, value in hook.ema_model.module.generator.state_dict().items():
        if value.is_floating_point():
            torch.testing.assert_close(value, reference.average[name], rtol=1e-5, atol=1e-6)
