"""What a training step of a GAN costs under the Runner, against a loop written by hand."""

from __future__ import annotations

import tempfile
from typing import Any

import torch

from benchmarks.report import Figure, in_turn, show
from benchmarks.runs.generative_step import (
    LOG_EVERY,
    Clock,
    by_hand,
    dcgan_64,
    stylegan2_32,
    under_runner,
)

# Of each device: batch size, steps that warm up, steps that count, largest ratio; and the models,
# with the side of their images: narrow ones on a processor, which would compute for hours.
SETTINGS = {
    "cpu": (8, LOG_EVERY, LOG_EVERY, 1.05),
    "cuda": (64, 4 * LOG_EVERY, 16 * LOG_EVERY, 1.02),
}
MODELS = {
    "cpu": {"DCGAN 64": (dcgan_64(64), 64), "StyleGAN2 32": (stylegan2_32(32), 32)},
    "cuda": {"DCGAN 64": (dcgan_64(1024), 64), "StyleGAN2 32": (stylegan2_32(512), 32)},
}


def measure(rounds: int = 5) -> list[Figure]:
    """Milliseconds a step of both contestants, in turn, on the processor and on a GPU."""
    figures = []
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # a processor's time is only comparable if no thread waits for others
    for device in ("cpu", *(["cuda"] if torch.cuda.is_available() else [])):
        for name, (cfg, side) in MODELS[device].items():
            figures += _compared(f"{name} on {device}", cfg, side, device, rounds)
    torch.set_num_threads(threads)
    return figures


def _compared(name: str, cfg: dict[str, Any], side: int, device: str, rounds: int) -> list[Figure]:
    batch, warm_up, steps, target = SETTINGS[device]
    waits = {"loop by hand": 0, "mmlight": 0}

    def hand() -> float:
        clock = Clock(device, warm_up, steps)
        by_hand(cfg, side, batch, clock)
        waits["loop by hand"] += clock.waits
        return clock.milliseconds

    def ours() -> float:
        clock = Clock(device, warm_up, steps)
        with tempfile.TemporaryDirectory() as work_dir:
            under_runner(cfg, side, batch, clock, work_dir)
        waits["mmlight"] += clock.waits
        return clock.milliseconds

    medians = in_turn({"loop by hand": hand, "mmlight": ours}, rounds)
    figures = [
        *(Figure(f"{name}: {who}", value, "ms/step") for who, value in medians.items()),
        Figure(
            f"{name}: mmlight : loop", medians["mmlight"] / medians["loop by hand"], "x", target
        ),
    ]
    if device == "cuda":
        figures += [
            Figure(f"{name}: waits between logs, loop", waits["loop by hand"], ""),
            Figure(f"{name}: waits between logs, mmlight", waits["mmlight"], "", 0),
        ]
    return figures


if __name__ == "__main__":
    show("Step of a GAN", measure())
