"""SinGAN of mmagic's zoo, made small enough to train in seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

SCALES = 3


def singan(cfg: Any, images: Path) -> None:
    """Three scales, one of which has as many channels as the one before, of two turns each."""
    cfg.train_dataloader["dataset"].update(
        data_root=str(images / "gt" / "0.png"), min_size=20, max_size=64
    )
    cfg.train_dataloader["dataset"]["pipeline"][0]["keys"] = [
        *(f"real_scale{scale}" for scale in range(SCALES)),
        "input_sample",
    ]
    cfg.model.update(
        num_scales=SCALES - 1,
        iters_per_scale=2,
        generator_steps=2,
        discriminator_steps=2,
        lr_scheduler_args={"milestones": [1], "gamma": 0.1},
    )
    for name in ("generator", "discriminator"):
        cfg.model[name]["num_scales"] = SCALES - 1
    for mode in ("val", "test"):
        for part in ("cfg", "dataloader", "evaluator"):
            cfg[f"{mode}_{part}"] = None
    # mmagic's pictures cost random numbers, ours do not.
    cfg.custom_hooks = []


SINGAN = {
    "singan-fish": ("singan/singan_fish.py", singan, 12),
    "singan-balloons": ("singan/singan_balloons.py", singan, 6),
    "singan-bohemian": ("singan/singan_bohemian.py", singan, 6),
}
