"""One timed update of a moving average, or of the one torch call that it cannot do without."""

from __future__ import annotations

import importlib
import time

import torch
from torch import nn


def run(engine: str, contestant: str, *, work_dir: str, convolutions: int = 300) -> float:
    """Milliseconds an update of a generator's average, ``"engine"`` or ``"lerp"``."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    generator = nn.Sequential(*(nn.Conv2d(32, 32, 3) for _ in range(convolutions))).to(device)
    model = importlib.import_module(f"{engine}.model")
    average = model.ExponentialMovingAverage(generator, momentum=0.01)
    average.update_parameters(generator)
    if contestant == "engine":

        def update() -> None:
            average.update_parameters(generator)
    else:
        ours, theirs = list(average.module.parameters()), list(generator.parameters())

        def update() -> None:
            with torch.no_grad():
                torch._foreach_lerp_(ours, theirs, 0.01)

    best = float("inf")
    for _ in range(30):
        start = time.process_time()
        update()
        if device == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.process_time() - start)
    return best * 1e3
