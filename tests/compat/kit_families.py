"""Configs of mmagic's zoo, made small enough to train in seconds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from kit_gans import GANS
from kit_singan import SINGAN
from kit_stylegan2 import STYLEGAN2
from kit_translation import TRANSLATION


def numbers(values: Any) -> dict[str, float]:
    """Those of a dict's values that are one number."""
    found = {key: torch.as_tensor(value).detach() for key, value in (values or {}).items()}
    return {key: float(value) for key, value in found.items() if value.numel() == 1}


def in_this_process(loader: Any, **changes: Any) -> None:
    loader.update(num_workers=0, persistent_workers=False, **changes)


def super_resolution(cfg: Any, images: Path) -> None:
    for name in ("train_dataloader", "val_dataloader"):
        loaders = cfg[name] if isinstance(cfg[name], list) else [cfg[name]]
        for loader in loaders:
            in_this_process(loader)
            loader["dataset"].update(
                data_root=str(images), data_prefix={"img": "lq", "gt": "gt"}, ann_file=""
            )
    cfg.train_dataloader["batch_size"] = 2
    for transform in cfg.train_dataloader["dataset"]["pipeline"]:
        if transform["type"] == "PairedRandomCrop":
            transform["gt_patch_size"] = 32
    cfg.test_cfg = cfg.test_dataloader = cfg.test_evaluator = None
    cfg.train_cfg["val_interval"] = 3


def srcnn(cfg: Any, images: Path) -> None:
    super_resolution(cfg, images)
    cfg.model["generator"]["channels"] = (3, 4, 4, 3)
    cfg.param_scheduler["periods"] = [2, 2, 2, 2]


def edsr(cfg: Any, images: Path) -> None:
    super_resolution(cfg, images)
    cfg.model["generator"].update(mid_channels=4, num_blocks=2)
    cfg.param_scheduler["milestones"] = [3]


def unconditional(cfg: Any, images: Path) -> None:
    for name in ("train_dataloader", "val_dataloader", "test_dataloader"):
        if cfg.get(name):
            in_this_process(cfg[name], batch_size=4)
            cfg[name]["dataset"]["data_root"] = str(images / "gt")


def without_evaluation(cfg: Any) -> None:
    for mode in ("val", "test"):
        for part in ("cfg", "dataloader", "evaluator"):
            cfg[f"{mode}_{part}"] = None
    for key in ("save_best", "rule"):
        cfg.default_hooks["checkpoint"].pop(key, None)


def dcgan(cfg: Any, images: Path) -> None:
    unconditional(cfg, images)
    without_evaluation(cfg)
    cfg.model["generator"]["base_channels"] = cfg.model["discriminator"]["base_channels"] = 8
    # mmagic's pictures cost random numbers, ours do not.
    cfg.custom_hooks = []


def dcgan_evaluated(cfg: Any, images: Path) -> None:
    """For mmlight alone: mmagic's evaluations draw from the training's random numbers."""
    unconditional(cfg, images)
    cfg.model["generator"]["base_channels"] = cfg.model["discriminator"]["base_channels"] = 8
    cfg.custom_hooks = []
    cfg.test_cfg = cfg.test_dataloader = cfg.test_evaluator = None
    for metric in cfg.val_evaluator["metrics"]:
        metric["fake_nums"] = 6
    cfg.train_cfg.update(val_begin=1, val_interval=3)


FAMILIES: dict[str, tuple[str, Callable[[Any, Path], None], int]] = {
    "dcgan": ("dcgan/dcgan_1xb128-300kiters_celeba-cropped-64.py", dcgan, 6),
    "dcgan-evaluated": (
        "dcgan/dcgan_1xb128-300kiters_celeba-cropped-64.py",
        dcgan_evaluated,
        6,
    ),
    "srcnn": ("srcnn/srcnn_x4k915_1xb16-1000k_div2k.py", srcnn, 6),
    "edsr": ("edsr/edsr_x4c64b16_1xb16-300k_div2k.py", edsr, 6),
    **SINGAN,
    **STYLEGAN2,
    **GANS,
    **TRANSLATION,
}
