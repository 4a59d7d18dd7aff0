"""A model as a LightningModule."""

from __future__ import annotations

import os
from pathlib import Path
from unittest import mock

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.strategies import FSDPStrategy

import mmlight
from mmlight.config import Config

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
