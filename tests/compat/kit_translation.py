"""Pix2Pix and CycleGAN of mmagic's zoo, made small enough to train in seconds."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

SIZE = (32, 32)


def at_most(node: Any, size: tuple[int, int]) -> None:
    """Let every picture of the pipelines below ``node`` have this size, after a wider one."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("scale", "crop_size") and isinstance(value, (list, tuple)):
                more = 4 if value[0] == 286 else 0
                node[key] = (size[0] + more, size[1] + more)
            else:
                at_most(value, size)
    elif isinstance(node, (list, tuple)):
        for value in node:
            at_most(value, size)


def translation(cfg: Any, images: Path, folders: list[str], num_workers: int = 0) -> None:
    root = images / "-".join(folders)
    for folder in folders:
        shutil.copytree(images / "gt", root / folder, dirs_exist_ok=True)
    workers = {"num_workers": num_workers, "persistent_workers": num_workers > 0}
    cfg.train_dataloader.update(batch_size=2, **workers)
    cfg.train_dataloader["dataset"]["data_root"] = str(root)
    at_most([cfg.train_dataloader], SIZE)
    for part in ("cfg", "dataloader", "evaluator"):
        cfg[f"test_{part}"] = None
    cfg.custom_hooks = []
    cfg.model["discriminator"]["base_channels"] = 4


def without_evaluation(cfg: Any) -> None:
    for part in ("cfg", "dataloader", "evaluator"):
        cfg[f"val_{part}"] = None
    for key in ("save_best", "rule"):
        cfg.default_hooks["checkpoint"].pop(key, None)


def evaluated(cfg: Any, images: Path, folders: list[str]) -> None:
    """Evaluate after the last iteration: mmagic's evaluations draw random numbers of a training."""
    loader = cfg.val_dataloader
    loader.update(num_workers=0, persistent_workers=False)
    loader["dataset"]["data_root"] = str(images / "-".join(folders))
    for folder in folders:
        shutil.copytree(
            images / "gt",
            images / "-".join(folders) / folder.replace("train", "test"),
            dirs_exist_ok=True,
        )
    at_most([loader], SIZE)
    cfg.train_cfg["val_interval"] = 6
    for metric in cfg.val_evaluator["metrics"]:
        # The weights of Inception lie in the web.
        metric.update(
            fake_nums=8, inception_style="StyleGAN", inception_path=str(images / "inception.pt")
        )
        if metric["type"] == "TransIS":
            metric["splits"] = 2
        else:
            metric["inception_pkl"] = str(Path(cfg.work_dir, f"{metric['prefix']}.pkl"))


def pix2pix(cfg: Any, images: Path) -> None:
    translation(cfg, images, ["train"])
    # Its dropout draws at an evaluation too, there from the training's random numbers.
    without_evaluation(cfg)
    cfg.model["generator"].update(num_down=5, base_channels=4)


def cyclegan(cfg: Any, images: Path) -> None:
    # In a process of its own, as there: when a batch is made does not count, though the pool of
    # images draws from NumPy's random numbers as the transforms do.
    folders = ["trainA", "trainB"]
    translation(cfg, images, folders, num_workers=1)
    evaluated(cfg, images, folders)
    cfg.model["generator"].update(num_blocks=1, base_channels=4)
    # So few that images are shown again.
    cfg.model["buffer_size"] = 3
    # Before `begin` the rate is start_factor; at `begin`, mmagic's is its square, ours is not.
    cfg.param_scheduler.update(interval=1, begin=10, end=20)


TRANSLATION = {
    "pix2pix": ("pix2pix/pix2pix_vanilla-unet-bn_1xb1-80kiters_facades.py", pix2pix, 6),
    "cyclegan": ("cyclegan/cyclegan_lsgan-resnet-in_1xb1-80kiters_facades.py", cyclegan, 6),
    # Without the loss of images that should not change.
    "cyclegan-id0": ("cyclegan/cyclegan_lsgan-id0-resnet-in_1xb1-80kiters_facades.py", cyclegan, 6),
}
