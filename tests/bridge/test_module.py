"""A model as a LightningModule."""

from __future__ import annotations

import copy
import os
import pickle
from pathlib import Path
from typing import Any
from unittest import mock

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.strategies import FSDPStrategy
from torch import nn
from torch.nn import functional as F

import mmlight
from mmlight.bridge.module import ModelModule
from mmlight.config import Config
from mmlight.model import BaseModel
from mmlight.registry import MODELS
from mmlight.runner.ported import Ported

from .parts import config


class OnCPU(FSDPStrategy):
    """FSDP where Lightning would refuse it."""


def test_a_model_with_a_training_step_of_its_own_is_not_sharded(tmp_path: Path) -> None:
    parts = {
        name: {"optimizer": {"type": "SGD", "lr": 0.1}} for name in ("generator", "discriminator")
    }
    wrapper = {"constructor": "MultiOptimWrapperConstructor", **parts}
    cfg = config(tmp_path, model={"type": "Gan"}, optim_wrapper=wrapper, param_scheduler=None)
    ported = mmlight.from_config(Config(cfg))
    trainer = pl.Trainer(**{**ported.trainer_kwargs, "accelerator": "cpu"}, strategy=OnCPU())
    try:
        with (
            mock.patch.dict(os.environ),  # Lightning leaves its processes' numbers there
            pytest.raises(ValueError, match=r"cannot train Gan, whose train_step is its own"),
        ):
            trainer.fit(ported.module, ported.datamodule)
    finally:
        torch.distributed.destroy_process_group()


@MODELS.register_module(force=True)
class Backboned(BaseModel):
    """A backbone and a head, with all documented modes."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Linear(4, 4)
        self.head = nn.Linear(4, 2)

    @property
    def broken(self) -> Any:
        return self.backbone.absent

    def forward(self, inputs: Any, labels: Any = None, mode: str = "tensor") -> Any:
        scores = self.head(self.backbone(inputs).relu())
        if mode == "loss":
            return {"loss": F.cross_entropy(scores, labels)}
        if mode == "predict":
            return [
                {"pred": int(pred), "label": int(label)}
                for pred, label in zip(scores.argmax(1), labels, strict=True)
            ]
        return scores


INPUTS = torch.linspace(-1, 1, 16).reshape(4, 4)


def ported_of(tmp_path: Path, **changes: Any) -> Ported:
    cfg = config(tmp_path, **{"model": {"type": "Backboned"}, **changes})
    cfg["trainer"]["accelerator"] = "cpu"
    return mmlight.from_config(Config(cfg))


def own_trainer(tmp_path: Path, **more: Any) -> pl.Trainer:
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    quiet |= {"num_sanity_val_steps": 0, "enable_checkpointing": False, "accelerator": "cpu"}
    return pl.Trainer(**{**quiet, "default_root_dir": tmp_path, **more})


@pytest.fixture(params=["new", "trained"])
def pieces(request: pytest.FixtureRequest, tmp_path: Path) -> Ported:
    ported = ported_of(tmp_path)
    if request.param == "trained":
        trainer = own_trainer(tmp_path, max_epochs=1)
        trainer.fit(ported.module, ported.datamodule)
    return ported


def test_forward_has_the_documented_modes(tmp_path: Path) -> None:
    module, labels = ported_of(tmp_path).module, torch.zeros(4, dtype=torch.long)
    assert module(INPUTS).shape == (4, 2)
    assert set(module(INPUTS, labels, mode="loss")) == {"loss"}
    assert len(module(INPUTS, labels, mode="predict")) == 4


def test_export(pieces: Ported) -> None:
    module = pieces.module.eval()
    exported = torch.export.export(module, (INPUTS,))
    assert torch.equal(exported.module()(INPUTS), module(INPUTS))


def test_trace(pieces: Ported) -> None:
    module = pieces.module.eval()
    assert torch.equal(torch.jit.trace(module, INPUTS)(INPUTS), module(INPUTS))


def test_to_onnx(pieces: Ported, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    pieces.module.to_onnx(tmp_path / "model.onnx", INPUTS)
    assert (tmp_path / "model.onnx").stat().st_size > 0


def test_a_copy_has_weights_and_no_run(pieces: Ported, tmp_path: Path) -> None:
    copied = copy.deepcopy(pieces.module)
    assert torch.equal(copied(INPUTS), pieces.module(INPUTS))
    with torch.no_grad():
        copied.model.head.bias += 1
    assert not torch.equal(copied(INPUTS), pieces.module(INPUTS))
    with pytest.raises(RuntimeError, match="a copy of a ModelModule has no run"):
        own_trainer(tmp_path).fit(copied, pieces.datamodule)


def test_pickle_keeps_the_run(pieces: Ported, tmp_path: Path) -> None:
    module = pickle.loads(pickle.dumps(pieces.module))
    assert torch.equal(module(INPUTS), pieces.module(INPUTS))
    trainer = own_trainer(tmp_path, max_epochs=1)
    trainer.fit(module, module.runner.datamodule)
    assert trainer.global_step == 5


def test_attributes_of_the_model(tmp_path: Path) -> None:
    module = ported_of(tmp_path).module
    assert module.backbone is module.model.backbone
    with pytest.raises(AttributeError, match="'Backboned' object has no attribute 'nothing'"):
        _ = module.nothing
    with pytest.raises(RuntimeError, match="not attached to a `Trainer`"):
        _ = module.trainer
    assert not hasattr(module, "trainer")


def test_an_error_in_a_property_is_told(tmp_path: Path) -> None:
    class Broken(ModelModule):
        @property
        def rate(self) -> float:
            return self.no_such_thing

    module = Broken(ported_of(tmp_path).runner)
    with pytest.raises(AttributeError, match="no_such_thing"):
        _ = module.rate


def test_training_mode_is_the_models(tmp_path: Path) -> None:
    module = ported_of(tmp_path).module
    module.model.eval()
    assert not module.training
    module.train()
    assert module.training
    assert module.model.head.training


@pytest.mark.parametrize("writer", ["CheckpointHook", "ModelCheckpoint"])
def test_load_from_checkpoint(writer: str, tmp_path: Path) -> None:
    pieces = ported_of(tmp_path)
    trainer = own_trainer(tmp_path)
    trainer.fit(pieces.module, pieces.datamodule)
    path = tmp_path / "epoch_3.pth"
    if writer == "ModelCheckpoint":
        path = tmp_path / "last.ckpt"
        trainer.save_checkpoint(path)
    module = ModelModule.load_from_checkpoint(path, work_dir=str(tmp_path / "other"))
    assert module.runner.work_dir == str(tmp_path / "other")
    for name, value in pieces.module.state_dict().items():
        assert torch.equal(module.state_dict()[name], value), name


def test_load_from_a_checkpoint_without_a_config(tmp_path: Path) -> None:
    torch.save({"state_dict": {}}, tmp_path / "bare.pth")
    with pytest.raises(ValueError, match=r"no config in meta\['cfg'\]: load its weights"):
        ModelModule.load_from_checkpoint(tmp_path / "bare.pth")
