"""Small models and configs with which the generative engine runs for real."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.data import Dataset

from mmlight.model import BaseModel
from mmlight.runner import Runner


class Squares(Dataset):
    """Images of 8 x 8 with a bright square, 0 to 255."""

    metainfo = {"dataset_type": "squares"}

    def __init__(self, size: int = 16) -> None:
        self.images = torch.zeros(size, 1, 8, 8, dtype=torch.uint8)
        for i in range(size):
            self.images[i, :, i % 5 : i % 5 + 3, i % 4 : i % 4 + 3] = 200

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> dict:
        return {"inputs": {"img": self.images[index]}, "data_samples": None}


def collate(items: Sequence[dict]) -> dict:
    return {"inputs": {"img": torch.stack([item["inputs"]["img"] for item in items])}}


GAN = {
    "type": "DCGAN",
    "noise_size": 4,
    "generator": {
        "type": "DCGANGenerator",
        "output_scale": 8,
        "out_channels": 1,
        "base_channels": 8,
    },
    "discriminator": {
        "type": "DCGANDiscriminator",
        "input_scale": 8,
        "output_scale": 4,
        "out_channels": 1,
        "in_channels": 1,
        "base_channels": 4,
    },
}
ADAM = {"optimizer": {"type": "Adam", "lr": 1e-3, "betas": (0.5, 0.999)}}


class MeanPixels(nn.Module):
    """Features of an image: the means of its quarters."""

    num_features = 4

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return nn.functional.adaptive_avg_pool2d(images.float(), 2).flatten(1)


def loader(batch_size: int = 4, shuffle: bool = True, **dataset: Any) -> dict:
    kind = "InfiniteSampler" if shuffle else "DefaultSampler"
    return {
        "batch_size": batch_size,
        "num_workers": 0,
        "sampler": {"type": kind, "shuffle": shuffle},
        "dataset": Squares(**dataset),
        "collate_fn": collate,
    }


def gan_runner(work_dir: Path, max_iters: int = 4, **changes: Any) -> Runner:
    """A GAN of a few hundred weights, to train for a few iterations."""
    config: dict[str, Any] = {
        "model": GAN,
        "work_dir": str(work_dir),
        "train_dataloader": loader(),
        "train_cfg": {"type": "IterBasedTrainLoop", "max_iters": max_iters},
        "optim_wrapper": {
            "constructor": "MultiOptimWrapperConstructor",
            "generator": ADAM,
            "discriminator": ADAM,
        },
        "default_hooks": {"checkpoint": None, "logger": {"type": "LoggerHook", "interval": 2}},
        "log_processor": {"type": "GenLogProcessor", "by_epoch": False},
        "visualizer": {
            "type": "GenVisualizer",
            "vis_backends": [{"type": "LocalVisBackend"}],
        },
        "randomness": {"seed": 3},
        "experiment_name": work_dir.name,
    }
    config.update(changes)
    return Runner(**config)


class Regression(BaseModel):
    """One linear layer on numbers, with ``loss`` as its only loss."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(1, 1)

    def forward(self, inputs: Any, data_samples: Any = None, mode: str = "tensor") -> Any:
        outputs = self.linear(torch.stack(list(inputs)).float())
        if mode == "loss":
            return {"loss": (outputs - 1).square().mean()}
        return [{"pred": output, "gt": torch.ones(1)} for output in outputs]


class Numbers(Dataset):
    """The numbers from ``start`` on, as inputs."""

    def __init__(self, size: int = 8, start: int = 0) -> None:
        self.size = size
        self.start = start
        self.metainfo = {"start": start}

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> dict:
        return {"inputs": torch.tensor([float(self.start + index) / 8])}


def numbers(batch_size: int = 2, shuffle: bool = False, **dataset: Any) -> dict:
    return {
        "batch_size": batch_size,
        "num_workers": 0,
        "sampler": {"type": "DefaultSampler", "shuffle": shuffle},
        "dataset": Numbers(**dataset),
    }


def regression_runner(work_dir: Path, **changes: Any) -> Runner:
    """A regression of one weight."""
    config: dict[str, Any] = {
        "model": Regression(),
        "work_dir": str(work_dir),
        "train_dataloader": numbers(),
        "train_cfg": {"by_epoch": True, "max_epochs": 2},
        "optim_wrapper": {"optimizer": {"type": "SGD", "lr": 0.1}},
        "default_hooks": {"checkpoint": None},
        "randomness": {"seed": 3},
        "experiment_name": work_dir.name,
    }
    config.update(changes)
    return Runner(**config)
