"""One timed training of a small convolutional model in two gloo processes."""

from __future__ import annotations

import importlib
import os
import time
from pathlib import Path
from typing import Any

import torch
import torch.multiprocessing as mp
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset, DistributedSampler

WARM_UP = 30
BATCH = 8


class Images(Dataset):
    """640 images of noise with labels."""

    def __init__(self) -> None:
        self.inputs = torch.randn(640, 3, 16, 16)
        self.target = torch.randint(10, (640,))

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"inputs": self.inputs[index], "target": self.target[index]}


class Clock:
    """Takes the time at one call and at another ``steps`` calls later.

    Wall time: waiting for the other process is part of the step.
    """

    def __init__(self, steps: int) -> None:
        self.calls, self.steps, self.start, self.end = 0, steps, 0.0, 0.0

    def tick(self) -> None:
        self.calls += 1
        if self.calls == WARM_UP:
            self.start = time.perf_counter()
        elif self.calls == WARM_UP + self.steps:
            self.end = time.perf_counter()


def layers() -> nn.Module:
    """The convolutional classifier that everybody trains."""
    return nn.Sequential(
        *(nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(512, 10)),
    )


def lightning(clock: Clock, work_dir: str) -> None:
    """Lightning as it comes, with manual optimization."""
    import lightning.pytorch as L
    from lightning.pytorch.plugins.environments import TorchElasticEnvironment

    class Module(L.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.layers = layers()
            self.automatic_optimization = False

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=0.01)

        def training_step(self, batch: Any, batch_idx: int) -> None:
            clock.tick()
            optimizer = self.optimizers()
            loss = F.cross_entropy(self.layers(batch["inputs"]), batch["target"])
            optimizer.zero_grad()
            self.manual_backward(loss)
            optimizer.step()
            self.log("loss", loss)

    data = Images()
    trainer = L.Trainer(
        accelerator="cpu",
        strategy="ddp",
        devices=2,
        max_steps=WARM_UP + clock.steps,
        default_root_dir=work_dir,
        plugins=[TorchElasticEnvironment()],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
    )
    sampler = DistributedSampler(data)
    trainer.fit(Module(), DataLoader(data, batch_size=BATCH, sampler=sampler))


def runner(engine: str, clock: Clock, work_dir: str) -> None:
    """The Runner of MMEngine or mmlight with its default hooks."""
    base = importlib.import_module(f"{engine}.model").BaseModel

    class Model(base):
        def __init__(self) -> None:
            super().__init__()
            self.layers = layers()

        def forward(self, inputs: Any, target: Any, mode: str = "tensor") -> Any:
            clock.tick()
            return {"loss": F.cross_entropy(self.layers(inputs), target)}

    # MMEngine would name a GPU where none is named.
    wrapper = {"type": "MMDistributedDataParallel", "device_ids": None}
    extra: dict[str, Any] = {"model_wrapper_cfg": wrapper}
    if engine == "mmlight":
        extra["trainer"] = {"enable_progress_bar": False}
    importlib.import_module(f"{engine}.runner").Runner(
        model=Model(),
        work_dir=work_dir,
        train_dataloader={
            "batch_size": BATCH,
            "num_workers": 0,
            "dataset": Images(),
            "sampler": {"type": "InfiniteSampler", "shuffle": True},
            "collate_fn": {"type": "default_collate"},
        },
        train_cfg={"by_epoch": False, "max_iters": WARM_UP + clock.steps},
        optim_wrapper={"type": "OptimWrapper", "optimizer": {"type": "SGD", "lr": 0.01}},
        default_hooks={
            "logger": {"type": "LoggerHook", "interval": 50},
            "checkpoint": {"type": "CheckpointHook", "by_epoch": False, "interval": 10**6},
        },
        log_processor={"by_epoch": False},
        launcher="pytorch",
        cfg=importlib.import_module(f"{engine}.config").Config(extra),
    ).train()


def run(engine: str, contestant: str, *, work_dir: str, steps: int) -> float:
    """Microseconds a step of ``"lightning"`` or ``"runner"``, as its slower process has them."""
    Path(work_dir).mkdir(parents=True, exist_ok=True)
    arguments = (engine, contestant, work_dir, steps)
    mp.start_processes(_process, arguments, nprocs=2, start_method="fork")
    return max(torch.load(Path(work_dir, f"time_{rank}.pt")) for rank in range(2))


def _process(rank: int, engine: str, contestant: str, work_dir: str, steps: int) -> None:
    variables = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "LOCAL_WORLD_SIZE": 2}
    variables |= {"GROUP_RANK": 0, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": 29555}
    os.environ.update({name: str(value) for name, value in variables.items()})
    torch.set_num_threads(1)
    store = Path(work_dir, f"store_{os.getppid()}").as_uri()
    # MMEngine's own `init_dist` asks for a GPU.
    torch.distributed.init_process_group("gloo", init_method=store, rank=rank, world_size=2)
    clock = Clock(steps)
    if contestant == "lightning":
        lightning(clock, work_dir)
    else:
        runner(engine, clock, work_dir)
    torch.save((clock.end - clock.start) / steps * 1e6, Path(work_dir, f"time_{rank}.pt"))
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
