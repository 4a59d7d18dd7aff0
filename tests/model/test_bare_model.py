"""What is inside the wrappers of a model."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from mmlight.model import BaseModel, BaseTTAModel
from mmlight.model.bare_model import bare_model
from mmlight.optim import build_optim_wrapper
from mmlight.runner import Runner


class Net(BaseModel):
    """A model with a part of its own that is named ``module``."""

    def __init__(self) -> None:
        super().__init__()
        self.module = nn.Linear(1, 1)
        self.head = nn.Linear(1, 1)

    def init_weights(self) -> None:
        nn.init.constant_(self.module.weight, 3.0)
        super().init_weights()

    def forward(self, inputs: Any, mode: str = "tensor") -> Any:
        out = self.head(self.module(inputs))
        return {"loss": out.sum()} if mode == "loss" else out


class Mean(BaseTTAModel):
    def merge_preds(self, data_samples_list: list[list[Any]]) -> list[Any]:
        return [sum(preds) / len(preds) for preds in data_samples_list]


def test_wrappers_are_known_by_their_type() -> None:
    net = Net()
    assert bare_model(net) is net
    assert bare_model(nn.DataParallel(net)) is net
    assert bare_model(nn.DataParallel(Mean(net))) is net


def test_a_model_with_a_part_named_module_is_initialised_and_trained(tmp_path: Any) -> None:
    model = Net()
    wrapper = build_optim_wrapper(model, {"optimizer": {"type": "SGD", "lr": 0.0}})
    assert len(wrapper.param_groups[0]["params"]) == 4
    Runner(
        model,
        str(tmp_path),
        train_dataloader={"dataset": [{"inputs": [1.0]}], "batch_size": 1, "collate_fn": batch},
        train_cfg={"by_epoch": True, "max_epochs": 1},
        optim_wrapper=wrapper,
    ).train()
    assert model.module.weight.item() == 3.0


def batch(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"inputs": torch.tensor([item["inputs"] for item in items])}
