"""What the processes of a plain project with checkpoints run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch

from mmlight.hooks import CheckpointHook, EarlyStoppingHook, Hook
from tests.bridge.pair import Data, Pair, average, trainer


class Seen(Hook):
    """Keeps the metrics that hooks are given."""

    def __init__(self) -> None:
        self.metrics: list[float] = []

    def after_val_epoch(self, runner: Any, metrics: dict[str, float] | None = None) -> None:
        self.metrics.append(float((metrics or {})["own"]))


class Divided(Pair):
    """Its metric is another one in each process: better in one, worse in the other."""

    def on_validation_epoch_end(self) -> None:
        sign = 1 - 2 * self.global_rank
        self.log("own", torch.tensor(float(sign * self.current_epoch)), sync_dist=False)


def train_and_resume(folder: str) -> dict[str, Any]:
    """Train two epochs, and one more from the checkpoint."""

    def run(epochs: int, **kwargs: Any) -> tuple[pl.Trainer, Seen]:
        pl.seed_everything(1, verbose=False)
        seen = Seen()
        hooks = [
            CheckpointHook(interval=1, max_keep_ckpts=1, save_best="own", rule="greater"),
            EarlyStoppingHook("own", rule="greater", min_delta=0.0, patience=50),
            average(),
            seen,
        ]
        one = trainer(Path(folder), *hooks, epochs=epochs, strategy="ddp", devices=2)
        one.fit(Divided(8), datamodule=Data(), **kwargs)
        return one, seen

    run(2)
    resumed, seen = run(3, ckpt_path=Path(folder, "epoch_2.pth"))
    weights = {name: value.clone() for name, value in resumed.lightning_module.state_dict().items()}
    return {"metrics": seen.metrics, "steps": resumed.global_step, "weights": weights}
