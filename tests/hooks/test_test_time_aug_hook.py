"""PrepareTTAHook: the model that a test gets."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from mmlight.hooks import PrepareTTAHook
from mmlight.model import BaseModel, BaseTTAModel, MMDistributedDataParallel
from mmlight.registry import MODELS


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
