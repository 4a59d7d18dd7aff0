"""Hooks that can never act say so; what a hook cannot do is an error before any data are read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from mmlight.engine.hooks import (
    BasicVisualizationHook,
    ExponentialMovingAverageHook,
    GenVisualizationHook,
    PGGANFetchDataHook,
    PickleDataHook,
    VisualizationHook,
)
from mmlight.hooks import (
    CheckpointHook,
    EarlyStoppingHook,
    EMAHook,
    EmptyCacheHook,
    PrepareTTAHook,
    ProfilerHook,
)

from .toy import runner_of


class Plain(pl.LightningModule):
    """Ten iterations of training, with or without validation."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__()
        self.generator = nn.Linear(3, 1)
        for name, value in attributes.items():
            setattr(self, name, value)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        return self.generator(batch).mean()

    def train_dataloader(self) -> DataLoader:
        return DataLoader(_Unread() if hasattr(self, "unread") else torch.randn(10, 3))


class _Unread(torch.utils.data.Dataset):
    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: int) -> Any:
        raise AssertionError("an item was read")


def fit(folder: Path, hook: Any, module: Plain | None = None) -> None:
    trainer = pl.Trainer(
        callbacks=[hook],
        default_root_dir=folder,
        max_epochs=1,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module or Plain())


NEVER = [
    (lambda: ExponentialMovingAverageHook("generator_ema"), "interval=-1) will never average"),
    (lambda: ExponentialMovingAverageHook("generator_ema", interval=11), "interval=11"),
    (
        lambda: ExponentialMovingAverageHook("generator_ema", interval=1, start_iter=10),
        "start_iter=10",
    ),
    (lambda: EMAHook(interval=11), "EMAHook(interval=11) will never average"),
    (lambda: CheckpointHook(save_last=False), "interval=-1) will never save a checkpoint"),
    (lambda: CheckpointHook(interval=2, save_last=False), "there are 1"),
    (lambda: CheckpointHook(interval=1, save_begin=2), "save_begin=2"),
    (lambda: CheckpointHook(save_best="loss"), "save_best='loss') will never save a best"),
    (lambda: EarlyStoppingHook("loss"), "monitor='loss') will never stop"),
    (lambda: PickleDataHook("out", ["generator"]), "interval=-1) will never write a file"),
    (lambda: BasicVisualizationHook(on_val=False, on_test=False), "will never show predictions"),
    (lambda: BasicVisualizationHook(interval=-1), "interval={'train': -1, 'val': -1, 'test': -1}"),
    (lambda: EmptyCacheHook(after_epoch=False), "after_epoch=False) will never release memory"),
    (lambda: VisualizationHook(save_at_test=False), "vis_kwargs_list=None) will never show"),
    (
        lambda: VisualizationHook(-1, {"type": "Arguments", "forward_kwargs": {}}),
        "interval=-1) will never show samples",
    ),
    (
        lambda: GenVisualizationHook(11, {"type": "Arguments", "forward_kwargs": {}}),
        "GenVisualizationHook(interval=11) will never show samples",
    ),
]


@pytest.mark.parametrize(("make", "words"), NEVER)
def test_a_hook_that_can_never_act_says_so(tmp_path: Path, make: Any, words: str) -> None:
    with pytest.warns(UserWarning, match=re.escape(words)):
        fit(tmp_path, make(), _Predicting())


class _Predicting(Plain):
    def predict_step(self, batch: Any, batch_idx: int = 0) -> Any:
        return torch.zeros(2, 1, 4, 4)


@pytest.mark.parametrize(
    "hook",
    [
        ExponentialMovingAverageHook("generator_ema", interval=10),
        EMAHook(),
        CheckpointHook(),
        CheckpointHook(interval=3),
        PickleDataHook("out", ["generator"], after_run=True),
        VisualizationHook(),
        EmptyCacheHook(),
    ],
    ids=lambda hook: type(hook).__name__,
)
def test_one_that_acts_is_quiet(tmp_path: Path, hook: Any, recwarn: Any) -> None:
    fit(tmp_path, hook)
    assert not [str(one.message) for one in recwarn if "never" in str(one.message)]


def test_in_a_config_the_log_has_the_warning(tmp_path: Path) -> None:
    hook = {"type": "CheckpointHook", "save_last": False}
    runner = runner_of(tmp_path, [{"acc": 1.0}] * 3, custom_hooks=[hook])
    runner.train()
    (log,) = tmp_path.glob("**/*.log")
    assert "CheckpointHook(interval=-1) will never save a checkpoint" in log.read_text()


EARLY = [
    (lambda: VisualizationHook(1, {"type": "GAN"}), {}, TypeError, "predict_step"),
    (lambda: VisualizationHook(1, {"type": "GANN"}), {}, ValueError, "GAN, SinGAN, Translation"),
    (
        lambda: VisualizationHook(1, {"type": "GAN", "sample_model": "emma"}),
        {},
        ValueError,
        "orig, ema, ema/orig",
    ),
    (
        lambda: EMAHook(ema_type="ExponentialMovingAverag"),
        {},
        KeyError,
        "ExponentialMovingAverage",
    ),
    (lambda: ExponentialMovingAverageHook("g_ema", interval=1), {}, RuntimeError, "generator"),
    (
        lambda: ExponentialMovingAverageHook("generator_ema", interp_mode="lerpp"),
        {},
        AssertionError,
        "Did you mean 'lerp'?",
    ),
    (lambda: PrepareTTAHook({"type": "AverageTTAModel"}), {}, TypeError, "test_step"),
    (
        lambda: ProfilerHook(on_trace_ready={"type": "log_trace", "sort_bye": "x"}),
        {},
        ValueError,
        "Did you mean 'sort_by'",
    ),
    (lambda: PGGANFetchDataHook(), {}, TypeError, "curr_scale"),
    (lambda: CheckpointHook(interval=1, save_bst="x"), {}, TypeError, "save_best"),
    (lambda: CheckpointHook(save_best="x", rule="more"), {}, KeyError, "greater"),
    (lambda: CheckpointHook(save_best="FID"), {}, ValueError, "rule='less'"),
]


@pytest.mark.parametrize(("make", "attributes", "error", "words"), EARLY)
def test_an_error_comes_before_any_data_are_read(
    tmp_path: Path, make: Any, attributes: dict, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=re.escape(words)):
        fit(tmp_path, make(), Plain(unread=True, **attributes))


@pytest.mark.parametrize(
    ("entry", "error", "words"),
    [
        ({"type": "GAN"}, TypeError, "noise_size"),
        ({"type": "GAN", "sample_model": "ema"}, ValueError, "moving average"),
        ({"type": "TranslationVal"}, ValueError, "val_dataloader"),
        ({"type": "TestData"}, ValueError, "test_dataloader"),
    ],
)
def test_a_module_that_cannot_be_shown_is_found_at_the_start(
    tmp_path: Path, entry: dict, error: type[Exception], words: str
) -> None:
    attributes = {} if error is TypeError else {"noise_size": 3}
    with pytest.raises(error, match=words):
        fit(tmp_path, VisualizationHook(1, entry), _Predicting(unread=True, **attributes))


def test_a_type_of_augmentation_is_looked_up_before_a_training(tmp_path: Path) -> None:
    hook = {"type": "PrepareTTAHook", "tta_cfg": {"type": "AverageTTAModle"}}
    with pytest.raises(KeyError, match="AverageTTAModle"):
        runner_of(tmp_path, [{"acc": 1.0}] * 3, custom_hooks=[hook]).train()
