"""One timed training of a small model by one contestant. Runs in a process of its own."""

from __future__ import annotations

import importlib
import time
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

WARM_UP = 200
LOG_EVERY = 50
BATCH = 4


class Points(Dataset):
    """1,000 points with labels."""

    def __init__(self) -> None:
        self.inputs = torch.randn(1000, 32)
        self.target = torch.randint(10, (1000,))

    def __len__(self) -> int:
        return 1000

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"inputs": self.inputs[index], "target": self.target[index]}


class Clock:
    """Takes the processor time at one call and at another ``steps`` calls later.

    Processor time, because another program on the machine must not count.
    """

    def __init__(self, steps: int) -> None:
        self.calls, self.steps, self.start, self.end = 0, steps, 0.0, 0.0

    def tick(self) -> None:
        self.calls += 1
        if self.calls == WARM_UP:
            self.start = time.process_time()
        elif self.calls == WARM_UP + self.steps:
            self.end = time.process_time()

    @property
    def microseconds(self) -> float:
        return (self.end - self.start) / self.steps * 1e6


def layers() -> nn.Module:
    """The two-layer perceptron that everybody trains."""
    return nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 10))


def raw(clock: Clock) -> None:
    """The loop that one would write by hand."""
    model = layers()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    loader = DataLoader(Points(), batch_size=BATCH, shuffle=True)
    step, last = 0, WARM_UP + clock.steps
    while step < last:
        for batch in loader:
            clock.tick()
            loss = F.cross_entropy(model(batch["inputs"]), batch["target"])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
            if step % LOG_EVERY == 0:
                print(step, loss.item())
            if step == last:
                return


def lightning(clock: Clock, work_dir: str) -> None:
    """Lightning as it comes, with manual optimization."""
    import lightning.pytorch as L
    from lightning.pytorch.loggers import CSVLogger

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

    trainer = L.Trainer(
        accelerator="cpu",
        max_steps=WARM_UP + clock.steps,
        logger=CSVLogger(work_dir),
        log_every_n_steps=LOG_EVERY,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(Module(), DataLoader(Points(), batch_size=BATCH, shuffle=True))


def config(engine: str, clock: Clock, work_dir: str) -> dict[str, Any]:
    """The training of MMEngine or mmlight with its default hooks."""
    base = importlib.import_module(f"{engine}.model").BaseModel
    registry = importlib.import_module(f"{engine}.registry")

    class Model(base):
        def __init__(self) -> None:
            super().__init__()
            self.layers = layers()

        def forward(self, inputs: Any, target: Any, mode: str = "tensor") -> Any:
            clock.tick()
            return {"loss": F.cross_entropy(self.layers(inputs), target)}

    registry.DATASETS.register_module(module=Points)
    return {
        "model": Model(),
        "work_dir": work_dir,
        "train_dataloader": {
            "batch_size": BATCH,
            "num_workers": 0,
            "dataset": {"type": "Points"},
            "sampler": {"type": "InfiniteSampler", "shuffle": True},
            "collate_fn": {"type": "default_collate"},
        },
        "train_cfg": {"by_epoch": False, "max_iters": WARM_UP + clock.steps},
        "optim_wrapper": {"type": "OptimWrapper", "optimizer": {"type": "SGD", "lr": 0.01}},
        "default_hooks": {
            "logger": {"type": "LoggerHook", "interval": LOG_EVERY},
            "checkpoint": {"type": "CheckpointHook", "by_epoch": False, "interval": 10**6},
        },
        "log_processor": {"by_epoch": False},
        "default_scope": "mmengine",
    }


def runner(engine: str, clock: Clock, work_dir: str, history: int, bar: bool) -> None:
    """The Runner of MMEngine, which has no progress bar, or of mmlight, which has one."""
    cfg = config(engine, clock, work_dir)
    extra = {"trainer": {"enable_progress_bar": bar}} if engine == "mmlight" else None
    built = importlib.import_module(f"{engine}.runner").Runner(**cfg, cfg=extra)
    if history:
        buffer = importlib.import_module(f"{engine}.logging").HistoryBuffer
        keys = ("train/loss", "train/lr", "train/time", "train/data_time")
        values, counts = np.random.rand(history), np.ones(history, dtype=np.int64)
        scalars = {key: buffer(values.tolist(), counts.tolist()) for key in keys}
        state = {"log_scalars": scalars, "runtime_info": {}, "resumed_keys": {}}
        built.message_hub.load_state_dict(state)
    built.train()


def own_trainer(clock: Clock, work_dir: str, bar: bool) -> None:
    """The same config's module in a Trainer of the user's."""
    import mmlight

    ported = mmlight.from_config(config("mmlight", clock, work_dir))
    trainer = ported.trainer(enable_progress_bar=bar)
    trainer.fit(ported.module, ported.datamodule)


def run(
    engine: str,
    contestant: str,
    *,
    work_dir: str,
    steps: int,
    history: int = 0,
    bar: bool = False,
) -> float:
    """Microseconds a batch of ``"raw"``, ``"lightning"``, ``"runner"`` or ``"own trainer"``."""
    clock = Clock(steps)
    if contestant == "raw":
        raw(clock)
    elif contestant == "lightning":
        lightning(clock, work_dir)
    elif contestant == "own trainer":
        own_trainer(clock, work_dir, bar)
    else:
        runner(engine, clock, work_dir, history, bar)
    return clock.microseconds
