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


def pggan(cfg: Any, images: Path) -> None:
    cfg.model.update(noise_size=8, transition_kimgs=0.008)
    cfg.model["nkimgs_per_scale"] = {"4": 0.008, "8": 0.016, "16": 0.02}
    cfg.model["generator"].update(out_scale=16, base_channels=32, max_channels=16)
    cfg.model["discriminator"].update(in_scale=16, base_channels=32, max_channels=16)
    loader = cfg.train_dataloader
    loader.update(num_workers=0, persistent_workers=False, batch_size=4)
    loader["dataset"].update(
        data_roots={"16": str(images / "gt")},
        gpu_samples_per_scale={"4": 4, "8": 4, "16": 2},
        gpu_samples_base=2,
    )
    for transform in loader["dataset"]["pipeline"]:
        if transform["type"] == "Resize":
            transform["scale"] = (16, 16)
    rates = {"16": 0.0015}
    cfg.optim_wrapper["lr_schedule"] = {"generator": rates, "discriminator": dict(rates)}
    for wrapper in (cfg.optim_wrapper["generator"], cfg.optim_wrapper["discriminator"]):
        # torch refuses betas of which one is a whole number.
        wrapper["optimizer"]["betas"] = tuple(map(float, wrapper["optimizer"]["betas"]))
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
    "pggan": ("pggan/pggan_8xb4-12Mimgs_celeba-cropped-128x128.py", pggan, 14),
}
