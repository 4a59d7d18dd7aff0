"""Resume at some iteration of a dataset that takes a millisecond an item; time the way there."""

from __future__ import annotations

import importlib
import time
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.data import Dataset


class Slow(Dataset):
    """Items that cost 1 ms each."""

    def __len__(self) -> int:
        return 5000

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        time.sleep(0.001)
        return {"inputs": torch.full((4,), float(index))}


def run(engine: str, iteration: int, *, work_dir: str) -> float:
    """Seconds from ``Runner.train()`` to the first iteration after resuming at ``iteration``.

    The checkpoint is in MMEngine's documented layout, which every engine reads.
    """
    base = importlib.import_module(f"{engine}.model").BaseModel
    registry = importlib.import_module(f"{engine}.registry")
    arrived: list[float] = []

    class Model(base):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(4, 1)

        def forward(self, inputs: Any, mode: str = "tensor") -> Any:
            arrived.append(time.perf_counter())
            return {"loss": self.layer(inputs).square().mean()}

    model = Model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    checkpoint = {
        "meta": {"epoch": 0, "iter": iteration},
        "state_dict": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "message_hub": {"log_scalars": {}, "runtime_info": {}, "resumed_keys": {}},
    }
    path = Path(work_dir) / "resume.pth"
    path.parent.mkdir(parents=True)
    torch.save(checkpoint, path)
    registry.DATASETS.register_module(module=Slow)
    runner = importlib.import_module(f"{engine}.runner").Runner(
        model=model,
        work_dir=work_dir,
        train_dataloader={
            "batch_size": 4,
            "num_workers": 0,
            "dataset": {"type": "Slow"},
            "sampler": {"type": "InfiniteSampler", "shuffle": True},
            "collate_fn": {"type": "default_collate"},
        },
        train_cfg={"by_epoch": False, "max_iters": iteration + 1},
        optim_wrapper={"type": "OptimWrapper", "optimizer": optimizer},
        default_hooks={"checkpoint": None},
        log_processor={"by_epoch": False},
        default_scope="mmengine",
        load_from=str(path),
        resume=True,
    )
    start = time.perf_counter()
    runner.train()
    return arrived[0] - start
