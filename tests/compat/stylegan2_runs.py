"""What mmagic's StyleGAN2 and ours are asked, and have to answer alike."""

from __future__ import annotations

import importlib
import random
import sys
from functools import partial
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parent))

import kit_runs


def run(engine: str, folder: str, task: str, work_dir: str, **kwargs: Any) -> Any:
    """Carry out a task below, with mmagic's parts or with ours."""
    kit_runs.TASKS.update(shapes=partial(shapes, folder=folder), answers=answers)
    return kit_runs.run(engine, folder, task, work_dir, **kwargs)


def shapes(parts: str, folder: str) -> dict[str, list]:
    """Build the model of each config of the zoo, without memory, and list its state_dict."""
    models = kit_runs.registry(parts, "MODELS")
    engine = "mmengine" if parts == "mmagic" else "mmlight"
    config = importlib.import_module(f"{engine}.config").Config
    found = {}
    for path in sorted(Path(folder, "mmagic", ".mim", "configs", "styleganv2").glob("*.py")):
        with torch.device("meta"):
            model = models.build(config.fromfile(path).model)
        states = model.state_dict().items()
        found[path.name] = [(name, tuple(t.shape), str(t.dtype)) for name, t in states]
    return found


def answers(parts: str) -> list:
    """Ask networks with the same weights for images, styles, scores and gradients."""
    models = kit_runs.registry(parts, "MODELS")
    kit_runs.seed(0)
    generator = models.build(
        {"type": "StyleGANv2Generator", "out_size": 8, "style_channels": 16, "num_mlps": 2}
    )
    discriminator = models.build({"type": "StyleGAN2Discriminator", "in_size": 8})
    parameters = [*generator.named_parameters(), *discriminator.named_parameters()]
    for name, parameter in parameters:
        if name.endswith(("bias", "noise_injector.weight")):  # which are 0 or 1 at first
            torch.nn.init.normal_(parameter)
    noise = torch.randn(2, 16)
    mean = torch.randn(1, 16)
    maps = [torch.randn(1, 1, size, size) for size in (4, 8, 8)]
    every = torch.randn(2, 4, 16)
    calls: list[tuple[Any, dict]] = [
        (None, {"num_batches": 3, "return_noise": True}),
        (lambda shape: torch.full(shape, 0.5), {"num_batches": 2}),
        (noise, {}),
        ([noise, 2 * noise], {"return_latents": True}),
        ([noise, 2 * noise], {"inject_index": 1}),
        (noise, {"return_latent_only": True}),
        ([noise, 2 * noise], {"truncation": 0.5, "truncation_latent": mean}),
        (noise, {"truncation": 0.7}),
        (noise, {"truncation": 0.7}),
        (noise, {"input_is_latent": True}),
        ([every], {"input_is_latent": True}),
        (noise, {"add_noise": False}),
        (noise, {"randomize_noise": False}),
        (noise, {"injected_noise": maps}),
    ]
    found: list = [generator.state_dict(), discriminator.state_dict()]
    for mode in (True, False):
        generator.train(mode)
        for styles, kwargs in calls:
            kit_runs.seed(1)
            with torch.no_grad():
                found.append((generator(styles, **kwargs), numbers_left()))
    found += [discriminator(torch.randn(count, 3, 8, 8)).detach() for count in (1, 3, 8)]
    return [*found, generator.get_mean_latent(), generator.make_injected_noise()]


def numbers_left() -> tuple[float, torch.Tensor]:
    return random.random(), torch.rand(1)
