"""Files that MMEngine wrote can be read without it, safely, with all that is in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from mmlight.fileio.checkpoint_file import read_checkpoint


def three_iterations(engine: str, folder: str) -> dict[str, Any]:
    """Train with a momentum schedule, and return the message hub's history."""
    import importlib

    import torch
    from torch import nn

    model_module = importlib.import_module(f"{engine}.model")

    class Net(model_module.BaseModel):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(2, 1)

        def forward(self, inputs: Any, mode: str = "tensor") -> Any:
            return {"loss": self.layer(torch.stack(inputs)).square().mean()}

    runner = importlib.import_module(f"{engine}.runner").Runner(
        model=Net(),
        work_dir=folder,
        train_dataloader={
            "dataset": [{"inputs": torch.full((2,), float(i))} for i in range(6)],
            "batch_size": 2,
            "sampler": {"type": "DefaultSampler", "shuffle": True},
        },
        train_cfg={"by_epoch": True, "max_epochs": 1},
        optim_wrapper={"optimizer": {"type": "SGD", "lr": 0.1, "momentum": 0.9}},
        param_scheduler=[
            {"type": "LinearLR", "start_factor": 0.1, "end": 3, "by_epoch": False},
            {"type": "LinearMomentum", "start_factor": 0.5, "end": 3, "by_epoch": False},
        ],
        custom_hooks=[{"type": "EMAHook"}],
        default_hooks={"checkpoint": {"type": "CheckpointHook", "interval": 1}},
        randomness={"seed": 1},
    )
    runner.train()
    return {
        "loss": runner.message_hub.get_scalar("train/loss").data[0],
        "momentum": runner.optim_wrapper.param_groups[0]["momentum"],
        "weight": runner.model.layer.weight.detach().clone(),
    }


def test_file_of_mmengine_is_read_without_it(mmengine: Any, tmp_path: Path) -> None:
    facts = mmengine.run(three_iterations, str(tmp_path))
    saved = read_checkpoint(tmp_path / "epoch_1.pth")
    assert (saved["meta"]["epoch"], saved["meta"]["iter"]) == (1, 3)
    assert saved["meta"]["mmengine_version"].startswith("0.10")
    assert torch.equal(saved["ema_state_dict"]["module.layer.weight"], facts["weight"])
    assert saved["optimizer"]["param_groups"][0]["momentum"] == facts["momentum"]
    assert [state["param_name"] for state in saved["param_schedulers"]] == ["lr", "momentum"]
    history = saved["message_hub"]["log_scalars"]["train/loss"]
    assert np.array_equal(history._log_history, facts["loss"])
    assert history._count_history.tolist() == [1, 1, 1]


def test_history_of_mmengine_continues_here(mmengine: Any, tmp_path: Path) -> None:
    from mmlight.logging import MessageHub

    facts = mmengine.run(three_iterations, str(tmp_path))
    hub = MessageHub.get_instance("foreign")
    hub.load_state_dict(read_checkpoint(tmp_path / "epoch_1.pth")["message_hub"])
    hub.update_scalar("train/loss", 0.5)
    values = hub.get_scalar("train/loss").data[0]
    assert values[:3].tolist() == facts["loss"].tolist() and values[3] == 0.5
