"""Steps through a precision plugin, in the Runner's loop and in Lightning's."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl
import pytest
import torch

import mmlight
from mmlight.config import Config
from mmlight.registry import MODELS
from mmlight.runner import Runner

from .parts import Classifier, Trace, config


@MODELS.register_module(force=True)
class NotesTypes(Classifier):
    """Remembers in which precision its layers ran."""

    def forward(self, inputs: Any, labels: Any, mode: str = "tensor") -> Any:
        self.seen = {*getattr(self, "seen", ()), (mode, self.layers(inputs).dtype)}
        return super().forward(inputs, labels, mode)


def test_precision_of_the_trainer(tmp_path: Any) -> None:
    losses, weights = [], []
    for way in ("runner", "stock"):
        trace = Trace()
        cfg = config(tmp_path / way, model={"type": "NotesTypes"}, custom_hooks=[trace])
        cfg["trainer"] = {**cfg["trainer"], "precision": "bf16-mixed"}
        if way == "runner":
            runner = Runner.from_cfg(Config(cfg))
            runner.train()
            assert runner.model.seen == {("loss", torch.bfloat16), ("predict", torch.bfloat16)}
        else:
            ported = mmlight.from_config(Config(cfg))
            pl.Trainer(**ported.trainer_kwargs).fit(ported.module, ported.datamodule)
            runner = ported.runner
        losses.append(trace.losses)
        weights.append(runner.model.state_dict())
    assert losses[0] == losses[1]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert all(value.dtype == torch.float32 for value in weights[0].values())


def test_accumulation_and_clipping_under_a_precision_plugin(tmp_path: Any) -> None:
    wrapper = {
        "optimizer": {"type": "SGD", "lr": 0.1},
        "accumulative_counts": 2,
        "clip_grad": {"max_norm": 0.5},
    }
    cfg = config(tmp_path, optim_wrapper=wrapper)
    cfg["trainer"] = {**cfg["trainer"], "precision": "bf16-mixed"}
    runner = Runner.from_cfg(Config(cfg))
    before = {name: value.clone().cpu() for name, value in runner.model.state_dict().items()}
    runner.train()
    norms = runner.message_hub.get_scalar("train/grad_norm").data[0]
    assert 0 < len(norms) < runner.iter
    assert any(not v.cpu().equal(before[n]) for n, v in runner.model.state_dict().items())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="float16 scaling needs a GPU")
def test_clipping_scaled_gradients_is_refused(tmp_path: Any) -> None:
    wrapper = {"optimizer": {"type": "SGD", "lr": 0.1}, "clip_grad": {"max_norm": 0.5}}
    cfg = config(tmp_path, optim_wrapper=wrapper)
    cfg["trainer"] = {**cfg["trainer"], "precision": "16-mixed"}
    with pytest.raises(ValueError, match="AmpOptimWrapper"):
        Runner.from_cfg(Config(cfg)).train()
