"""PrepareTTAHook and build_runner_with_tta: model and data that a test gets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from mmlight.config import Config
from mmlight.hooks import EmptyCacheHook, PrepareTTAHook
from mmlight.hooks.test_time_aug_hook import build_runner_with_tta
from mmlight.model import BaseModel, BaseTTAModel, MMDistributedDataParallel
from mmlight.registry import DATASETS, MODELS, RUNNERS
from mmlight.runner import Runner
from tests.hooks.toy import Numbers, Scores, loader, runner_of


@MODELS.register_module()
class MeanOfViews(BaseTTAModel):
    """Averages nothing; there is one view."""

    def merge_preds(self, data_samples_list: Any) -> list:
        return [views[0] for views in data_samples_list]


class Net(BaseModel):
    def forward(self, inputs: Any, mode: str = "tensor") -> Any:
        return inputs


class Face:
    def __init__(self, model: nn.Module) -> None:
        self.model = model


def test_model_is_wrapped() -> None:
    face = Face(net := Net())
    PrepareTTAHook({"type": "MeanOfViews"}).before_test(face)
    assert isinstance(face.model, MeanOfViews) and face.model.module is net


def test_model_within_a_wrapper_is_wrapped(tmp_path: Any) -> None:
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{tmp_path / 'meet'}", rank=0, world_size=1
    )
    try:
        net = Net()
        net.layer = nn.Linear(1, 1)
        face = Face(MMDistributedDataParallel(module=net))
        PrepareTTAHook({"type": "MeanOfViews"}).before_test(face)
        assert isinstance(face.model.module, MeanOfViews) and face.model.module.module is net
    finally:
        torch.distributed.destroy_process_group()


def test_config_is_left_as_it_is() -> None:
    config = {"type": "MeanOfViews"}
    PrepareTTAHook(config).before_test(Face(Net()))
    assert config == {"type": "MeanOfViews"}


class Augmented(Numbers):
    """Numbers that know their pipeline."""

    def __init__(self, length: int, pipeline: Any = None) -> None:
        super().__init__(length)
        self.pipeline = pipeline


class Wrapped(Numbers):
    """A dataset around another."""

    def __init__(self, dataset: dict) -> None:
        self.dataset = DATASETS.build(dataset)
        super().__init__(len(self.dataset))


class Seen(Scores):
    """Counts what it is given."""

    def compute_metrics(self, results: list) -> dict:
        return {"samples": sum(results)}


VIEWS = [{"type": "Flip"}]


@pytest.fixture
def cfg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.setitem(DATASETS._module_dict, "Augmented", Augmented)
    monkeypatch.setitem(DATASETS._module_dict, "Wrapped", Wrapped)
    cfg = runner_of(
        tmp_path,
        test_dataloader={**loader(4, 2), "dataset": {"type": "Augmented", "length": 4}},
        test_cfg={},
        test_evaluator=[Seen([])],
        custom_hooks=[{"type": "EmptyCacheHook"}],
    ).cfg
    cfg.tta_model = {"type": "OneView"}
    cfg.tta_pipeline = VIEWS
    return cfg


@MODELS.register_module()
class OneView(BaseTTAModel):
    """A view of one's own that does without several."""

    def merge_preds(self, data_samples_list: Any) -> list:
        return data_samples_list

    def test_step(self, data: Any) -> Any:
        return self.module.test_step(data)


def test_a_runner_with_augmentation(cfg: Config) -> None:
    before = cfg.pretty_text
    runner = build_runner_with_tta(cfg)
    assert cfg.pretty_text == before
    assert {EmptyCacheHook, PrepareTTAHook} <= {type(hook) for hook in runner.hooks}
    assert runner.test() == {"samples": 4}
    assert isinstance(runner.model, OneView)
    assert runner.test_dataloader.dataset.pipeline == VIEWS


def test_the_innermost_dataset_is_augmented(cfg: Config) -> None:
    cfg.test_dataloader.dataset = {"type": "Wrapped", "dataset": cfg.test_dataloader.dataset}
    dataset = build_runner_with_tta(cfg).test_dataloader.dataset
    assert isinstance(dataset, Wrapped) and dataset.dataset.pipeline == VIEWS


def test_plain_dicts_and_runners_of_ones_own(cfg: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    class Other(Runner):
        """A runner of one's own."""

    monkeypatch.setitem(RUNNERS._module_dict, "Other", Other)
    assert type(build_runner_with_tta(cfg.to_dict())) is Runner
    cfg.runner_type = "Other"
    assert type(build_runner_with_tta(cfg)) is Other


@pytest.mark.parametrize("key", ["tta_model", "tta_pipeline", "test_dataloader"])
def test_a_config_without_augmentation(key: str, cfg: Config) -> None:
    cfg.pop(key)
    with pytest.raises(AssertionError, match=key):
        build_runner_with_tta(cfg)
