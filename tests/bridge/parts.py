"""A small model, data and metric, and the configs that use them."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from mmlight.bridge.events import POINTS
from mmlight.evaluator import BaseMetric
from mmlight.hooks import Hook
from mmlight.model import BaseModel
from mmlight.registry import MODELS


class Points(Dataset):
    """Noisy points and their labels."""

    def __init__(self, length: int = 18) -> None:
        generator = torch.Generator().manual_seed(0)
        self.inputs = torch.randn(length, 4, generator=generator)

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, index: int) -> dict[str, Any]:
        inputs = self.inputs[index] + 0.1 * torch.randn(4)
        return {"inputs": inputs, "labels": int(inputs.sum() > 0)}


@MODELS.register_module(force=True)
class Classifier(BaseModel):
    """Two layers with dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 2))

    def forward(self, inputs: Any, labels: Any, mode: str = "tensor") -> Any:
        scores = self.layers(inputs)
        if mode == "loss":
            return {"loss": F.cross_entropy(scores, labels)}
        return [
            {"pred": int(pred), "label": int(label)}
            for pred, label in zip(scores.argmax(1), labels, strict=True)
        ]


@MODELS.register_module(force=True)
class Gan(BaseModel):
    """One layer against another, each with an optimizer."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = nn.Linear(2, 4)
        self.discriminator = nn.Linear(4, 1)

    def forward(self, inputs: Any, labels: Any = None, mode: str = "tensor") -> Any:
        return self.generator(inputs)

    def train_step(self, data: Any, optim_wrapper: Any) -> dict[str, torch.Tensor]:
        real = self.data_preprocessor(data)["inputs"]
        fake = self.generator(torch.randn(len(real), 2, device=real.device))
        loss_d = self.discriminator(fake.detach()).mean() - self.discriminator(real).mean()
        optim_wrapper["discriminator"].update_params(loss_d)
        loss_g = -self.discriminator(fake).mean()
        optim_wrapper["generator"].update_params(loss_g)
        return {"loss_d": loss_d, "loss_g": loss_g}


class Accuracy(BaseMetric):
    """Share of right predictions."""

    default_prefix = "points"

    def process(self, data_batch: Any, data_samples: Any) -> None:
        self.results.extend(sample["pred"] == sample["label"] for sample in data_samples)

    def compute_metrics(self, results: list) -> dict[str, float]:
        return {"accuracy": sum(results) / len(results)}


class Trace(Hook):
    """Writes down every point with the counters at that time."""

    priority = "LOWEST"

    def __init__(self) -> None:
        self.seen: list[tuple] = []
        self.losses: list[float] = []
        for point in POINTS:
            setattr(self, point, self._noting(point))

    def _noting(self, point: str) -> Any:
        def note(runner: Any, **kwargs: Any) -> None:
            metrics = kwargs.get("metrics")
            self.seen.append((point, runner.iter, runner.epoch, metrics and dict(metrics)))
            if point == "after_train_iter":
                self.losses.append(float(next(iter(kwargs["outputs"].values()))))

        return note


def loader(shuffle: bool = True) -> dict[str, Any]:
    return {
        "dataset": Points(),
        "batch_size": 4,
        "num_workers": 0,
        "sampler": {"type": "DefaultSampler", "shuffle": shuffle},
        "collate_fn": {"type": "default_collate"},
    }


def config(work_dir: Any, by_epoch: bool = True, **changes: Any) -> dict[str, Any]:
    """A classifier with validation, by epochs or by iterations."""
    unit = {"max_epochs": 3} if by_epoch else {"max_iters": 12, "val_interval": 5}
    cfg = {
        "model": {"type": "Classifier"},
        "work_dir": str(work_dir),
        "train_dataloader": loader(),
        "train_cfg": {"by_epoch": by_epoch, **unit},
        "optim_wrapper": {"optimizer": {"type": "SGD", "lr": 0.1, "momentum": 0.9}},
        "param_scheduler": {"type": "LinearLR", "start_factor": 0.1, "end": 7, "by_epoch": False},
        "val_dataloader": loader(shuffle=False),
        "val_cfg": {},
        "val_evaluator": [Accuracy()],
        "default_hooks": {
            "checkpoint": {"type": "CheckpointHook", "by_epoch": by_epoch, "interval": 1}
        },
        "log_processor": {"by_epoch": by_epoch},
        "randomness": {"seed": 7},
        "experiment_name": "test",
        "trainer": {"enable_progress_bar": False},
    }
    return {**cfg, **changes}


class Plain(pl.LightningModule):
    """A LightningModule that knows nothing of mmlight, with automatic or manual optimization."""

    def __init__(self, automatic: bool = True) -> None:
        super().__init__()
        self.automatic_optimization = automatic
        self.net = nn.Linear(4, 2)
        self.net_ema = nn.Linear(4, 2)
        self.net_ema.load_state_dict(self.net.state_dict())
        self.net_ema.requires_grad_(False)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.net.parameters(), lr=0.1)

    def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
        loss = F.cross_entropy(self.net(batch["inputs"]), batch["labels"])
        self.log("loss", loss)
        if not self.automatic_optimization:
            optimizer: Any = self.optimizers()
            optimizer.zero_grad()
            self.manual_backward(loss)
            optimizer.step()
        return loss

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        right = self.net(batch["inputs"]).argmax(1) == batch["labels"]
        self.log("accuracy", right.float().mean())

    def train_dataloader(self) -> DataLoader:
        return DataLoader(Points(), batch_size=4, shuffle=True)

    def val_dataloader(self) -> DataLoader:
        return DataLoader(Points(), batch_size=4)
