"""Configs of WGAN-GP and PGGAN in mmagic's zoo, made small enough to train in seconds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


def wgan_gp(cfg: Any, images: Path) -> None:
    cfg.model["generator"].update(noise_size=4, out_scale=8)
    cfg.model["discriminator"]["in_scale"] = 8
    cfg.model["discriminator_steps"] = 2
    loader = cfg.train_dataloader
    loader.update(num_workers=0, persistent_workers=False, batch_size=4)
    loader["dataset"]["data_root"] = str(images / "gt")
    for transform in loader["dataset"]["pipeline"]:
        if transform["type"] == "Resize":
            transform["scale"] = (8, 8)
    trains_only(cfg)


def trains_only(cfg: Any) -> None:
    """Without evaluation, and without mmagic's pictures, which cost random numbers."""
    for mode in ("val", "test"):
        for part in ("cfg", "dataloader", "evaluator"):
            cfg[f"{mode}_{part}"] = None
    for key in ("save_best", "rule"):
        cfg.default_hooks["checkpoint"].pop(key, None)
    cfg.custom_hooks = [hook for hook in cfg.custom_hooks if hook["type"] != "VisualizationHook"]


GANS: dict[str, tuple[str, Callable[[Any, Path], None], int]] = {
    "wgan-gp": ("wgan-gp/wgangp_GN_1xb64-160kiters_celeba-cropped-128x128.py", wgan_gp, 6),
}
