"""One model and its data, in a config and in a plain LightningModule, and what a run shows."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from mmlight.dataset import DefaultSampler
from mmlight.dist import get_rank
from mmlight.hooks import Hook
from mmlight.model import BaseModel
from mmlight.runner import Runner
from mmlight.structures import BaseDataElement
from mmlight.visualization import Visualizer

BATCHES, EPOCHS, SIZE = 4, 2, 4
SGD = {"type": "SGD", "lr": 0.1, "momentum": 0.9}


class Images(Dataset):
    """Small images with a label, 0 or 1."""

    metainfo = {"classes": ("dark", "bright")}

    def __len__(self) -> int:
        return 2 * BATCHES * int(os.environ.get("WORLD_SIZE", "1"))

    def __getitem__(self, index: int) -> dict[str, Any]:
        sample = BaseDataElement(
            metainfo={"img_path": f"{index}.png", "ori_width": SIZE, "ori_height": SIZE}
        )
        sample.gt = index % 2
        noise = torch.randn(3, SIZE, SIZE, generator=torch.Generator().manual_seed(index))
        return {"inputs": index % 2 + noise, "data_samples": sample}


def collate(items: list[dict]) -> dict[str, Any]:
    return {
        "inputs": torch.stack([item["inputs"] for item in items]),
        "data_samples": [item["data_samples"] for item in items],
    }


class Network(nn.Module):
    """What grows with a scale is a block of its own."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([nn.Linear(3 * SIZE * SIZE, 8), nn.Linear(8, 8)])
        self.norm = nn.BatchNorm1d(8)
        self.last = nn.Linear(8, outputs)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        inner = self.blocks[1](self.blocks[0](images.flatten(1)).relu())
        return self.last(self.norm(inner).relu())


class Parts:
    """What the model is made of, wherever it stands."""

    scales = (4, 8)
    noise_size = 2

    def make_parts(self: Any) -> None:
        torch.manual_seed(1)
        self.generator = Network(2)
        self.discriminator = Network(1)

    def losses(self: Any, batch: dict) -> tuple[torch.Tensor, torch.Tensor]:
        labels = torch.as_tensor([sample.gt for sample in batch["data_samples"]])
        loss = nn.functional.cross_entropy(self.generator(batch["inputs"]), labels)
        return loss, self.discriminator(batch["inputs"]).square().mean()

    def samples(self: Any, batch: dict) -> list[BaseDataElement]:
        samples = []
        scores = self.generator(batch["inputs"])
        for image, score, given in zip(batch["inputs"], scores, batch["data_samples"], strict=True):
            sample = given.clone()
            sample.fake_img = image
            sample.pred = score.argmax()
            samples.append(sample)
        return samples


class Net(BaseModel, Parts):
    """The model of a config."""

    def __init__(self) -> None:
        super().__init__()
        self.make_parts()

    def forward(self, inputs: Any, data_samples: Any = None, mode: str = "tensor") -> Any:
        batch = {"inputs": inputs, "data_samples": data_samples}
        if mode == "loss":
            first, second = self.losses(batch)
            return {"loss_g": first, "loss_d": second}
        return self.samples(batch)


class SeveralNet(Net):
    """The model of a config with an optimizer for each part."""

    def train_step(self, data: Any, optim_wrapper: Any) -> dict[str, torch.Tensor]:
        data = self.data_preprocessor(data)
        for index, wrapper in enumerate(optim_wrapper.values()):
            name = list(optim_wrapper)[index]
            wrapper.update_params(self.losses(data)[name.startswith("discriminator")])
        return {"loss": self.losses(data)[0].detach()}


class Project(pl.LightningModule, Parts):
    """The same as a plain LightningModule; ``returned`` says what its optimizers are."""

    def __init__(self, automatic: bool, returned: Callable[[Any], Any] | None = None) -> None:
        super().__init__()
        self.automatic_optimization = automatic
        self.make_parts()
        self.returned = returned or (torch_one if automatic else torch_two)

    def configure_optimizers(self) -> Any:
        self.wrappers = self.returned(self)
        return self.wrappers

    def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
        first, second = self.losses(batch)
        self.log("train_loss", first)
        if self.automatic_optimization:
            return first + second
        optimizers: Any = self.optimizers()
        optimizers = optimizers if isinstance(optimizers, list) else [optimizers]
        for index, optimizer in enumerate(optimizers):
            loss = self.losses(batch)[index >= len(optimizers) / 2]
            if hasattr(optimizer, "update_params"):
                optimizer.update_params(loss)
            else:
                optimizer.zero_grad()
                self.manual_backward(loss)
                optimizer.step()
        return first.detach()

    def validation_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> Any:
        self.log("val_loss", torch.ones(()), sync_dist=True)
        return self.samples(batch)

    def test_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> Any:
        return self.samples(batch)

    def predict_step(self, noise: torch.Tensor, batch_idx: int = 0) -> torch.Tensor:
        """Generate pictures, for hooks that show some."""
        return noise[:, :1, None, None].expand(-1, 3, SIZE, SIZE)


def torch_one(module: Any) -> torch.optim.Optimizer:
    return torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9)


def torch_two(module: Any) -> list[torch.optim.Optimizer]:
    return [
        torch.optim.SGD(part.parameters(), lr=0.1, momentum=0.9)
        for part in (module.generator, module.discriminator)
    ]


class Drawing(Visualizer):
    """Writes down what it is given to draw."""

    def __init__(self, name: str = "drawing", **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self.drawn: list[str] = []

    def add_datasample(self, name: str, *args: Any, **kwargs: Any) -> None:
        self.drawn.append(name)

    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs: Any) -> None:
        self.drawn.append(name)
        super().add_image(name, image, step)


@dataclass
class Run:
    """What was seen of a run."""

    folder: Path
    module: Any
    face: Any = None
    hooks: list[Any] = field(default_factory=list)
    curve: list[float] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)
    trainer: Any = None
    sampler: Any = None
    before: dict[str, torch.Tensor] = field(default_factory=dict)

    @property
    def hook(self) -> Any:
        return self.hooks[0]

    @property
    def drawn(self) -> list[str]:
        return self.face.visualizer.drawn

    def moved(self, part: str) -> bool:
        """Whether each weight of a part is another than at the start."""
        return not any(
            torch.equal(value.detach(), self.before[name])
            for name, value in self.module.named_parameters()
            if name.startswith(part)
        )


class Watch(Hook):
    """Fills in a :class:`Run`."""

    priority = "VERY_LOW"

    def __init__(self, run: Run, setting: str = "lr") -> None:
        self.run = run
        self.setting = setting

    def before_train(self, runner: Any) -> None:
        self.run.face = runner
        self.run.before = {
            name: value.detach().clone() for name, value in self.run.module.named_parameters()
        }

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        self.run.sampler = runner.train_loop.dataloader.sampler
        groups = runner.optim_wrapper.param_groups
        groups = groups if isinstance(groups, list) else next(iter(groups.values()))
        value = groups[0].get(self.setting)
        self.run.curve.append(value)

    def after_val_epoch(self, runner: Any, metrics: Any = None) -> None:
        self.run.metrics.update(metrics)

    def after_test_epoch(self, runner: Any, metrics: Any = None) -> None:
        self.run.metrics.update(metrics)


def loader_config() -> dict[str, Any]:
    return {
        "dataset": Images(),
        "batch_size": 2,
        "sampler": {"type": "DefaultSampler", "shuffle": False},
        "collate_fn": collate,
    }


def launched(several: bool) -> dict[str, Any]:
    """What the config of a launcher's process says besides; of a model with several optimizers."""
    if "RANK" not in os.environ:
        return {}
    kind = "MMSeparateDistributedDataParallel" if several else "MMDistributedDataParallel"
    return {
        "launcher": "pytorch",
        "env_cfg": {"dist_cfg": {"backend": "gloo"}},
        "cfg": {"model_wrapper_cfg": {"type": kind, "find_unused_parameters": several}},
    }


def in_a_config(folder: Path, *hooks: Any, setting: str = "lr", **changes: Any) -> Run:
    """Train, validate and test in a Runner."""
    several = "constructor" in changes.get("optim_wrapper", {})
    run = Run(folder, SeveralNet() if several else Net(), hooks=list(hooks))
    evaluator = {"type": "MulticlassAccuracy", "num_classes": 2}
    config: dict[str, Any] = {
        "model": run.module,
        "work_dir": str(folder),
        "train_dataloader": loader_config(),
        "val_dataloader": loader_config(),
        "test_dataloader": loader_config(),
        "train_cfg": {"by_epoch": True, "max_epochs": EPOCHS},
        "val_cfg": {},
        "test_cfg": {},
        "val_evaluator": evaluator,
        "test_evaluator": evaluator,
        "optim_wrapper": {"optimizer": SGD},
        "default_hooks": {"checkpoint": None, "logger": None},
        "custom_hooks": [*hooks, Watch(run, setting)],
        "visualizer": Drawing(f"config {folder}", save_dir=str(folder)),
        "experiment_name": folder.name,
        **launched(several),
    }
    config.update(changes)
    runner = Runner(**config)
    runner.train()
    runner.test()
    return run


def in_a_trainer(
    folder: Path,
    automatic: bool,
    *callbacks: Any,
    returned: Any = None,
    setting: str = "lr",
    loaders: int = 1,
    visualizer: Any = None,
    **kwargs: Any,
) -> Run:
    """Train, validate and test in a Trainer of one's own."""
    module = Project(automatic, returned)
    run = Run(folder, module, hooks=list(callbacks))
    module.visualizer = visualizer or Drawing(
        f"trainer {folder}", vis_backends=[{"type": "LocalVisBackend"}], save_dir=str(folder)
    )
    distributed = {"strategy": "ddp_find_unused_parameters_true", "devices": 2}
    run.trainer = pl.Trainer(
        callbacks=[*callbacks, Watch(run, setting)],
        default_root_dir=folder,
        accelerator="cpu",
        use_distributed_sampler=False,
        **{
            "max_epochs": EPOCHS,
            "logger": False,
            "enable_checkpointing": False,
            "enable_progress_bar": False,
            "enable_model_summary": False,
            **(distributed if "RANK" in os.environ else {}),
            **kwargs,
        },
    )

    def loader() -> DataLoader:
        # The sampler asks how many processes there are, so it is made where they are connected.
        images = Images()
        return DataLoader(images, 2, sampler=DefaultSampler(images, False), collate_fn=collate)

    class Data(pl.LightningDataModule):
        def train_dataloader(self) -> DataLoader:
            return loader()

        def val_dataloader(self) -> list[DataLoader]:
            return [loader() for _ in range(loaders)]

        test_dataloader = val_dataloader

    data = Data()
    run.trainer.fit(module, data)
    run.trainer.test(module, data, verbose=False)
    return run


def is_main() -> bool:
    return get_rank() == 0
