"""Timed training steps of a GAN, in a loop written by hand and under the Runner."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset, RandomSampler

from mmlight.generative.models import DCGAN, StyleGAN2
from mmlight.hooks import Hook, RunnerLike
from mmlight.registry import MODELS
from mmlight.runner import Runner

LOG_EVERY = 16
ADAM = {"lr": 2e-4, "betas": (0.5, 0.99)}
AVERAGE = 1e-3
NOISE = 64


def dcgan_64(width: int) -> dict[str, Any]:
    """DCGAN for 64 x 64 pixels; of the paper's size with a ``width`` of 1024."""
    discriminator = {"input_scale": 64, "output_scale": 4, "out_channels": 1}
    return {
        "type": "DCGAN",
        "noise_size": NOISE,
        "generator": {"type": "DCGANGenerator", "output_scale": 64, "base_channels": width},
        "discriminator": {
            "type": "DCGANDiscriminator",
            "base_channels": width // 8,
            **discriminator,
        },
    }


def stylegan2_32(width: int) -> dict[str, Any]:
    """StyleGAN2 for 32 x 32 pixels; of the paper's size with a ``width`` of 512."""
    return {
        "type": "StyleGAN2",
        "generator": {
            "type": "StyleGANv2Generator",
            "out_size": 32,
            "style_channels": NOISE,
            "max_channels": width,
        },
        "discriminator": {"type": "StyleGAN2Discriminator", "in_size": 32, "max_channels": width},
        "ema_config": {"type": "ExponentialMovingAverage", "momentum": AVERAGE},
    }


class Pictures(Dataset):
    """512 pictures of noise, bytes."""

    def __init__(self, side: int) -> None:
        self.pictures = torch.randint(256, (512, 3, side, side), dtype=torch.uint8)

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"inputs": {"img": self.pictures[index]}}


class Clock:
    """Times the steps between two calls, and counts where the host waits for the device.

    On the processor it is its own time that counts, because another program on the machine must
    not; on a device the time on the wall, after all work is done.

    Args:
        device: ``cpu`` or ``cuda``.
        warm_up: Steps before the first that counts, a multiple of ``LOG_EVERY``.
        steps: Steps that count.
    """

    def __init__(self, device: str, warm_up: int, steps: int) -> None:
        self.device, self.warm_up, self.steps = device, warm_up, steps
        self.waits = 0
        self._start = self.milliseconds = 0.0

    def now(self) -> float:
        if self.device == "cpu":
            return time.process_time()
        torch.cuda.synchronize()
        return time.perf_counter()

    def tick(self, step: int) -> None:
        """Called before each step, and after the last."""
        if step == self.warm_up:
            self._start = self.now()
        elif step == self.warm_up + self.steps:
            self.milliseconds = (self.now() - self._start) / self.steps * 1e3
        if self.device == "cuda":
            # The step after which something is logged may wait: it reads the losses.
            counts = self.warm_up <= step < self.warm_up + self.steps
            watch = counts and step % LOG_EVERY != LOG_EVERY - 1
            torch.cuda.set_sync_debug_mode("warn" if watch else "default")

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Within, count what torch warns of."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.filterwarnings("always", message="called a synchronizing CUDA operation")
            yield
        self.waits = sum("synchronizing" in str(warning.message) for warning in caught)


class DCGANByHand:
    """A step of DCGAN as one would write it without a framework."""

    def __init__(self, model: DCGAN) -> None:
        self.gen, self.disc = model.generator, model.discriminator
        self.gen_adam = torch.optim.Adam(self.gen.parameters(), **ADAM)
        self.disc_adam = torch.optim.Adam(self.disc.parameters(), **ADAM)

    def step(self, real: Tensor, index: int) -> list[Tensor]:
        bce = F.binary_cross_entropy_with_logits
        with torch.no_grad():
            fake = self.gen(torch.randn(len(real), NOISE, device=real.device))
        on_fake, on_real = self.disc(fake), self.disc(real)
        disc_loss = bce(on_fake, torch.zeros_like(on_fake)) + bce(on_real, torch.ones_like(on_real))
        _update(self.disc_adam, disc_loss)
        self.disc.requires_grad_(False)
        on_fake = self.disc(self.gen(torch.randn(len(real), NOISE, device=real.device)))
        gen_loss = bce(on_fake, torch.ones_like(on_fake))
        _update(self.gen_adam, gen_loss)
        self.disc.requires_grad_(True)
        return [disc_loss.detach(), gen_loss.detach()]


class StyleGAN2ByHand:
    """A step of StyleGAN2 with its regularisers and its moving average, by hand."""

    def __init__(self, model: StyleGAN2) -> None:
        self.gen, self.disc = model.generator, model.discriminator
        self.average = deepcopy(self.gen)
        self.gen_adam = torch.optim.Adam(self.gen.parameters(), **ADAM)
        self.disc_adam = torch.optim.Adam(self.disc.parameters(), **ADAM)
        self.mean_length = torch.zeros((), device=model.device)

    def step(self, real: Tensor, index: int) -> list[Tensor]:
        with torch.no_grad():
            fake = self.gen(torch.randn(len(real), NOISE, device=real.device))
        disc_loss = F.softplus(self.disc(fake)).mean() + F.softplus(-self.disc(real)).mean()
        if index % 16 == 0:
            disc_loss = disc_loss + 80 * self._steepness(real)
        _update(self.disc_adam, disc_loss)
        self.disc.requires_grad_(False)
        fake = self.gen(torch.randn(len(real), NOISE, device=real.device))
        gen_loss = F.softplus(-self.disc(fake)).mean()
        if index % 4 == 0:
            gen_loss = gen_loss + 8 * self._path(max(1, len(real) // 2))
        _update(self.gen_adam, gen_loss)
        self.disc.requires_grad_(True)
        with torch.no_grad():
            ours, theirs = list(self.average.parameters()), list(self.gen.parameters())
            torch._foreach_lerp_(ours, theirs, AVERAGE)
        return [disc_loss.detach(), gen_loss.detach()]

    def _steepness(self, real: Tensor) -> Tensor:
        real = real.clone().requires_grad_()
        (slope,) = torch.autograd.grad(self.disc(real).sum(), real, create_graph=True)
        return slope.pow(2).sum(1).mean()

    def _path(self, number: int) -> Tensor:
        made = self.gen(None, num_batches=number, return_latents=True)
        image, latent = made["fake_img"], made["latent"]
        noise = torch.randn_like(image) / image.shape[-1]
        (slope,) = torch.autograd.grad((image * noise).sum(), latent, create_graph=True)
        lengths = slope.pow(2).sum(2).mean(1).sqrt()
        mean = self.mean_length + 0.01 * (lengths.mean() - self.mean_length)
        self.mean_length = mean.detach()
        return (lengths - mean).pow(2).mean()


def _update(adam: torch.optim.Optimizer, loss: Tensor) -> None:
    adam.zero_grad()
    loss.backward()
    adam.step()


BY_HAND: dict[str, type[Any]] = {"DCGAN": DCGANByHand, "StyleGAN2": StyleGAN2ByHand}


def by_hand(cfg: dict[str, Any], side: int, batch: int, clock: Clock) -> None:
    """Train in a loop of one's own; losses are printed as often as the Runner logs."""
    model: nn.Module = MODELS.build(cfg).to(clock.device).train()
    step_of = BY_HAND[cfg["type"]](model).step
    data = Pictures(side)
    total = clock.warm_up + clock.steps
    loader = DataLoader(
        data,
        batch_size=batch,
        sampler=RandomSampler(data, replacement=True, num_samples=batch * total),
        pin_memory=clock.device == "cuda",
    )
    with clock.watching():
        for index, item in enumerate(loader):
            clock.tick(index)
            pictures = item["inputs"]["img"].to(clock.device, non_blocking=True)
            losses = step_of((pictures.float() - 127.5) / 127.5, index)
            if (index + 1) % LOG_EVERY == 0:
                print(index + 1, *(loss.item() for loss in losses))
        clock.tick(total)


class Ticks(Hook):
    """Lets a clock tick before each iteration of a Runner."""

    priority = "HIGHEST"

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def before_train_iter(self, runner: RunnerLike, batch_idx: int, data_batch: Any = None) -> None:
        self.clock.tick(runner.iter)

    def after_train(self, runner: RunnerLike) -> None:
        self.clock.tick(runner.iter)


def under_runner(cfg: dict[str, Any], side: int, batch: int, clock: Clock, work_dir: str) -> None:
    """Train under mmlight's Runner with its default hooks."""
    adam = {"optimizer": {"type": "Adam", **ADAM}}
    runner = Runner(
        model=deepcopy(cfg),
        work_dir=work_dir,
        train_dataloader={
            "batch_size": batch,
            "num_workers": 0,
            "pin_memory": clock.device == "cuda",
            "sampler": {"type": "InfiniteSampler", "shuffle": True},
            "dataset": Pictures(side),
            "collate_fn": {"type": "default_collate"},
        },
        train_cfg={"type": "IterBasedTrainLoop", "max_iters": clock.warm_up + clock.steps},
        optim_wrapper={
            "constructor": "MultiOptimWrapperConstructor",
            "generator": adam,
            "discriminator": adam,
        },
        default_hooks={
            "logger": {"type": "LoggerHook", "interval": LOG_EVERY},
            "checkpoint": {"type": "CheckpointHook", "by_epoch": False, "interval": 10**6},
        },
        custom_hooks=[Ticks(clock)],
        log_processor={"type": "GenLogProcessor", "by_epoch": False},
        visualizer={"type": "GenVisualizer", "vis_backends": [{"type": "LocalVisBackend"}]},
        cfg={"trainer": {"accelerator": "cpu" if clock.device == "cpu" else "gpu", "devices": 1}},
    )
    with clock.watching():
        runner.train()
