"""Models, data, hooks and configs of the run-level scenarios, written once for every engine.

They use every source of random numbers that a real experiment has (Python's, NumPy's and torch's:
dropout, noise, augmentation, shuffling), so that an engine which draws one number more, less or
earlier than another gives other losses.
"""

from __future__ import annotations

import importlib
import os
import random
import signal
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import Dataset


class Blobs(Dataset):
    """Points around ``classes`` centres, each read with fresh noise from three generators.

    Every item read is counted on disk when ``reads`` names a file, also from worker processes.
    """

    def __init__(self, size: int = 22, classes: int = 3, augment: bool = True, reads: str = ""):
        generator = torch.Generator().manual_seed(5)
        centres = torch.randn(classes, 6, generator=generator)
        self.target = torch.randint(classes, (size,), generator=generator)
        self.points = centres[self.target] + 0.3 * torch.randn(size, 6, generator=generator)
        self.augment = augment
        self.reads = reads

    def __len__(self) -> int:
        return len(self.target)

    def __getitem__(self, index: int) -> dict[str, Any]:
        if self.reads:
            with open(self.reads, "a") as file:
                file.write(f"{index}\n")
        inputs = self.points[index].clone()
        if self.augment:
            inputs += 0.1 * torch.randn(6)
            inputs *= random.uniform(0.9, 1.1)
            inputs += float(np.random.normal(0, 0.05))
        return {"inputs": inputs, "target": self.target[index], "index": index}


def kill_this_process() -> None:
    """End at once, as by the kernel when memory runs out: nothing is flushed or cleaned up."""
    os.kill(os.getpid(), signal.SIGKILL)


class KillsItsWriter:
    """Ends the process that tries to pickle it."""

    def __reduce__(self) -> Any:
        kill_this_process()


def samples(score: torch.Tensor, label: torch.Tensor, target: torch.Tensor) -> list[dict]:
    """One prediction for each item of a batch."""
    return [{"score": a, "label": b, "target": c} for a, b, c in zip(score, label, target)]


def install(engine: str) -> SimpleNamespace:
    """Register the parts with ``engine`` (``"mmengine"`` or ``"mmlight"``) and return them."""
    model = importlib.import_module(f"{engine}.model")
    registry = importlib.import_module(f"{engine}.registry")
    metric = importlib.import_module(f"{engine}.evaluator").BaseMetric
    hook = importlib.import_module(f"{engine}.hooks").Hook

    class Classifier(model.BaseModel):
        def __init__(self, noise: bool = True, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.backbone = nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU())
            self.head = nn.Sequential(nn.Dropout(0.3 * noise), nn.Linear(16, 3))

        def forward(self, inputs: Any, target: Any, index: Any, mode: str = "tensor") -> Any:
            logits = self.head(self.backbone(inputs))
            if mode == "loss":
                smooth = 0.01 * torch.stack([w.square().sum() for w in self.parameters()]).sum()
                return {"loss_cls": F.cross_entropy(logits, target), "loss_reg": smooth}
            if mode == "predict":
                return samples(logits.max(1)[0], logits.argmax(1), target)
            return logits

    class Regressor(model.BaseModel):
        def __init__(self, noise: bool = True, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.noise = noise
            self.layers = nn.Sequential(nn.Linear(6, 12), nn.Tanh(), nn.Dropout(0.2 * noise))
            self.out = nn.Linear(12, 1)

        def forward(self, inputs: Any, target: Any, index: Any, mode: str = "tensor") -> Any:
            noise = 0.05 * torch.randn_like(inputs) if self.noise and self.training else 0.0
            value = self.out(self.layers(inputs + noise)).squeeze(1)
            if mode == "loss":
                return {"loss": F.mse_loss(value, target.float()), "level": value.detach().mean()}
            if mode == "predict":
                return samples(value, value.round(), target)
            return value

    class GAN(model.BaseModel):
        def __init__(self, noise: bool = True, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.noise = noise
            self.generator = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 6))
            dropout = nn.Dropout(0.2 * noise)
            self.discriminator = nn.Sequential(nn.Linear(6, 16), dropout, nn.Linear(16, 1))

        def forward(self, inputs: Any, target: Any, index: Any, mode: str = "tensor") -> Any:
            score = self.discriminator(inputs).squeeze(1)
            return samples(score, (score > 0).long(), target)

        def train_step(self, data: Any, optim_wrapper: Any) -> dict[str, torch.Tensor]:
            data = self.data_preprocessor(data, True)
            real = data["inputs"]
            noise = torch.randn(len(real), 4) if self.noise else real[:, :4]
            wrapper = optim_wrapper["discriminator"]
            with wrapper.optim_context(self.discriminator):
                score_real = self.discriminator(real)
                with torch.no_grad():
                    fake = self.generator(noise)
                score_fake = self.discriminator(fake)
                loss_d = F.softplus(-score_real).mean() + F.softplus(score_fake).mean()
            wrapper.update_params(loss_d)
            wrapper = optim_wrapper["generator"]
            # What flows back into the discriminator here stays pending until its next step, so a
            # resumed run needs these gradients; MMEngine's files lack them, hence the freezing.
            self.discriminator.requires_grad_(self.noise)
            with wrapper.optim_context(self.generator):
                loss_g = F.softplus(-self.discriminator(self.generator(noise))).mean()
            wrapper.update_params(loss_g)
            self.discriminator.requires_grad_(True)
            return {"loss_d": loss_d.detach(), "loss_g": loss_g.detach(), "fake": score_fake.mean()}

    class Hits(metric):
        def process(self, data_batch: Any, data_samples: Any) -> None:
            self.results += [
                (float(s["label"] == s["target"]), float(s["score"])) for s in data_samples
            ]

        def compute_metrics(self, results: list) -> dict[str, float]:
            hits, scores = zip(*results)
            return {"hits": sum(hits) / len(hits), "score": sum(scores) / len(scores)}

    class Recorder(hook):
        """Keeps what a run did.

        The process sends itself ``kill_with`` when ``kill_at`` iterations are done, or dies while
        it writes the first checkpoint after ``kill_in_save`` iterations.
        """

        priority = "LOWEST"

        def __init__(
            self,
            kill_at: int | None = None,
            kill_in_save: int | None = None,
            kill_with: int = signal.SIGKILL,
        ) -> None:
            self.kill_at = kill_at
            self.kill_with = kill_with
            self.kill_in_save = kill_in_save
            self.train: list[dict[str, Any]] = []
            self.metrics: list[Any] = []

        def after_train_iter(self, runner: Any, batch_idx: int, data_batch=None, outputs=None):
            self.train.append(
                {
                    "iter": runner.iter,
                    "batch_idx": batch_idx,
                    "index": [int(i) for i in data_batch["index"]],
                    "losses": {k: torch.as_tensor(v).clone() for k, v in outputs.items()},
                    "lr": runner.optim_wrapper.get_lr(),
                    "momentum": runner.optim_wrapper.get_momentum(),
                }
            )
            if runner.iter + 1 == self.kill_at:
                os.kill(os.getpid(), self.kill_with)

        def before_save_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
            if self.kill_in_save is not None and runner.iter >= self.kill_in_save:
                checkpoint["last of all"] = KillsItsWriter()

        def after_val_epoch(self, runner: Any, metrics: Any = None) -> None:
            self.metrics.append((runner.iter, runner.epoch, dict(metrics)))

    for part in (Classifier, Regressor, GAN):
        registry.MODELS.register_module(module=part)
    registry.DATASETS.register_module(module=Blobs)
    registry.METRICS.register_module(module=Hits)
    registry.HOOKS.register_module(module=Recorder)
    return SimpleNamespace(**{p.__name__: p for p in (Classifier, Regressor, GAN, Recorder)})


def loader(workers: int, shuffle: bool, infinite: bool = False, **dataset: Any) -> dict[str, Any]:
    """A dataloader config of batches of four over :class:`Blobs`."""
    sampler = {"type": "InfiniteSampler" if infinite else "DefaultSampler", "shuffle": shuffle}
    return {
        "batch_size": 4,
        "num_workers": workers,
        "persistent_workers": workers > 0,
        "dataset": {"type": "Blobs", **dataset},
        "sampler": sampler,
        "collate_fn": {"type": "default_collate"},
    }


def common(
    work_dir: str, workers: int = 0, noise: bool = True, infinite: bool = False, **dataset: Any
) -> dict[str, Any]:
    """What the configs of all scenarios share; without ``noise`` only weights are drawn."""
    dataset = {"augment": noise, **dataset}
    return {
        "work_dir": work_dir,
        "train_dataloader": loader(workers, True, infinite, **dataset),
        "val_dataloader": loader(workers, False, size=9, augment=dataset["augment"]),
        "val_evaluator": {"type": "Hits"},
        "val_cfg": {},
        "default_scope": "mmengine",
        "default_hooks": {
            "logger": {"type": "LoggerHook", "interval": 5},
            "checkpoint": {
                "type": "CheckpointHook",
                "interval": 1,
                "save_best": "score",
                "rule": "greater",
                "max_keep_ckpts": 2,
            },
        },
        "visualizer": {"type": "Visualizer", "vis_backends": [{"type": "LocalVisBackend"}]},
        "randomness": {"seed": 11, "deterministic": True},
        "experiment_name": "parity",
    }


def classifier(work_dir: str, noise: bool = True, **options: Any) -> dict[str, Any]:
    """Epochs; two chained schedulers and a momentum one; accumulation across epoch boundaries."""
    return {
        **common(work_dir, noise=noise, **options),
        "model": {"type": "Classifier", "noise": noise},
        "train_cfg": {"by_epoch": True, "max_epochs": 5, "val_interval": 2},
        "optim_wrapper": {
            "type": "OptimWrapper",
            "accumulative_counts": 4,
            "optimizer": {"type": "SGD", "lr": 0.1, "momentum": 0.9, "weight_decay": 1e-4},
            "paramwise_cfg": {"bias_lr_mult": 2.0, "norm_decay_mult": 0.0},
        },
        "param_scheduler": [
            {"type": "LinearLR", "start_factor": 0.1, "by_epoch": False, "begin": 0, "end": 8},
            {
                "type": "CosineAnnealingLR",
                "T_max": 5,
                "eta_min": 1e-3,
                "convert_to_iter_based": True,
            },
            {"type": "LinearMomentum", "start_factor": 0.5, "by_epoch": True, "end": 3},
        ],
    }


def regression(work_dir: str, noise: bool = True, **options: Any) -> dict[str, Any]:
    """Iterations; warm-up, then steps; gradients clipped and their norm logged."""
    config = common(work_dir, noise=noise, infinite=True, **options)
    config["default_hooks"]["checkpoint"].update(by_epoch=False, interval=6)
    return {
        **config,
        "model": {"type": "Regressor", "noise": noise},
        "train_cfg": {"by_epoch": False, "max_iters": 32, "val_interval": 8, "val_begin": 10},
        "optim_wrapper": {
            "type": "OptimWrapper",
            "optimizer": {"type": "Adam", "lr": 0.01},
            "clip_grad": {"max_norm": 0.5},
        },
        "param_scheduler": [
            {"type": "LinearLR", "start_factor": 0.01, "by_epoch": False, "begin": 0, "end": 10},
            {"type": "MultiStepLR", "milestones": [20, 26], "by_epoch": False, "begin": 10},
        ],
        "log_processor": {"by_epoch": False},
    }


def gan(work_dir: str, noise: bool = True, **options: Any) -> dict[str, Any]:
    """Iterations; two optimizers of different kinds, one accumulating; a scheduler for each."""
    config = regression(work_dir, noise, **options)
    config["optim_wrapper"] = {
        "constructor": "PartConstructor",
        "generator": {"type": "OptimWrapper", "optimizer": {"type": "Adam", "lr": 2e-3}},
        "discriminator": {
            "type": "OptimWrapper",
            "accumulative_counts": 3,
            "optimizer": {"type": "SGD", "lr": 0.05, "momentum": 0.5},
        },
    }
    config["param_scheduler"] = {
        "generator": [{"type": "StepLR", "step_size": 5, "by_epoch": False}],
        "discriminator": [{"type": "ExponentialLR", "gamma": 0.95, "by_epoch": False}],
    }
    return {**config, "model": {"type": "GAN", "noise": noise}}


def ema(work_dir: str, noise: bool = True, **options: Any) -> dict[str, Any]:
    """Iterations; an exponential moving average that validation and checkpoints use."""
    config = regression(work_dir, noise, **options)
    config["train_cfg"] = {"by_epoch": False, "max_iters": 32, "val_interval": 5}
    averaged = {"type": "EMAHook", "ema_type": "ExponentialMovingAverage", "momentum": 0.05}
    return {**config, "model": {"type": "Classifier", "noise": noise}, "custom_hooks": [averaged]}


CONFIGS = {"classifier": classifier, "regression": regression, "gan": gan, "ema": ema}


def install_constructor(engine: str) -> None:
    """Register a constructor that builds one optimizer wrapper for each named child."""
    optim = importlib.import_module(f"{engine}.optim")
    registry = importlib.import_module(f"{engine}.registry")

    class PartConstructor:
        def __init__(self, optim_wrapper_cfg: dict, paramwise_cfg: Any = None) -> None:
            self.config = optim_wrapper_cfg

        def __call__(self, module: nn.Module) -> Any:
            wrappers = {}
            module = getattr(module, "module", module)
            for name in ("generator", "discriminator"):
                config = dict(self.config[name])
                wrapper = dict(config)
                optimizer = dict(wrapper.pop("optimizer"))
                optimizer["params"] = list(getattr(module, name).parameters())
                wrapper["optimizer"] = registry.OPTIMIZERS.build(optimizer)
                wrappers[name] = registry.OPTIM_WRAPPERS.build(wrapper)
            return optim.OptimWrapperDict(**wrappers)

    registry.OPTIM_WRAPPER_CONSTRUCTORS.register_module(module=PartConstructor)
