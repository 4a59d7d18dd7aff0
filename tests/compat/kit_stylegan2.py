"""A config of StyleGAN2 of mmagic's zoo, made small enough to train in seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def stylegan2(cfg: Any, images: Path) -> None:
    import kit_families

    kit_families.unconditional(cfg, images)
    kit_families.without_evaluation(cfg)
    size = 8
    resize = {"type": "Resize", "keys": "gt", "scale": (size, size)}
    cfg.train_dataloader["dataset"]["pipeline"].insert(1, resize)
    cfg.model["generator"].update(out_size=size, style_channels=16, num_mlps=2)
    cfg.model["discriminator"]["in_size"] = size
    # Both regularisations, and iterations without them.
    cfg.model["loss_config"].update(r1_interval=3, g_reg_interval=2)
    # MMEngine hands torch the integer of betas=(0, 0.99), which it takes no more.
    for name in ("generator", "discriminator"):
        optimizer = cfg.optim_wrapper[name]["optimizer"]
        optimizer["betas"] = tuple(map(float, optimizer["betas"]))
    # mmagic's pictures cost random numbers, ours do not.
    cfg.custom_hooks = []


STYLEGAN2 = {"stylegan2": ("styleganv2/stylegan2_c2_8xb4-800kiters_ffhq-256x256.py", stylegan2, 6)}
