"""Configs of a tiny model of each family, and a photograph's parts to give them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import torch
from torch import nn

from mmlight.generative.datasets.photo_patches import load_photo
from mmlight.registry import MODELS, DefaultScope

MEAN = {"type": "DataPreprocessor", "mean": [0.0] * 3, "std": [255.0] * 3}
FAMILIES: dict[str, dict[str, Any]] = {
    "dcgan": {
        "type": "DCGAN",
        "noise_size": 4,
        "generator": {"type": "DCGANGenerator", "output_scale": 16, "base_channels": 16},
    },
    "wgan-gp": {
        "type": "WGANGP",
        "generator": {"type": "WGANGPGenerator", "noise_size": 4, "out_scale": 16},
    },
    "pggan": {
        "type": "ProgressiveGrowingGAN",
        "nkimgs_per_scale": {"4": 1, "8": 1, "16": 1},
        "generator": {
            "type": "PGGANGenerator",
            "noise_size": 8,
            "out_scale": 16,
            "base_channels": 32,
            "max_channels": 16,
        },
        "ema_config": {"interval": 1},
    },
    "stylegan2": {
        "type": "StyleGAN2",
        "generator": {"type": "StyleGANv2Generator", "out_size": 16, "style_channels": 8},
        "ema_config": {"interval": 1},
    },
    "singan": {
        "type": "SinGAN",
        "generator": {
            "type": "SinGANMultiScaleGenerator",
            "in_channels": 3,
            "out_channels": 3,
            "num_scales": 2,
        },
    },
    "pix2pix": {
        "type": "Pix2Pix",
        "generator": {
            "type": "UnetGenerator",
            "in_channels": 3,
            "out_channels": 3,
            "num_down": 5,
            "base_channels": 4,
            "use_dropout": True,
        },
        "discriminator": None,
        "default_domain": "photo",
        "reachable_domains": ["photo"],
        "related_domains": ["photo", "mask"],
    },
    "cyclegan": {
        "type": "CycleGAN",
        "generator": {
            "type": "ResnetGenerator",
            "in_channels": 3,
            "out_channels": 3,
            "num_blocks": 1,
            "base_channels": 4,
        },
        "discriminator": None,
        "default_domain": "photo",
        "reachable_domains": ["photo", "mask"],
        "related_domains": ["photo", "mask"],
    },
    "srcnn": {
        "type": "BaseEditModel",
        "generator": {"type": "SRCNNNet", "channels": (3, 8, 4, 3), "upscale_factor": 2},
        "pixel_loss": {"type": "L1Loss"},
        "data_preprocessor": MEAN,
    },
    "edsr": {
        "type": "BaseEditModel",
        "generator": {
            "type": "EDSRNet",
            "in_channels": 3,
            "out_channels": 3,
            "mid_channels": 4,
            "num_blocks": 1,
            "upscale_factor": 2,
        },
        "pixel_loss": {"type": "L1Loss"},
        "data_preprocessor": MEAN,
    },
}
RESIZE = {"type": "Resize", "keys": ["img_photo", "img_mask"], "scale": (32, 32)}
PAIRS = {
    "batch_size": 4,
    "num_workers": 2,
    "persistent_workers": True,
    "sampler": {"type": "DefaultSampler", "shuffle": False},
    "dataset": {
        "type": "UnpairedImageDataset",
        "domain_a": "photo",
        "domain_b": "mask",
        "test_mode": True,
        "pipeline": [
            {"type": "LoadImageFromFile", "key": "img_photo"},
            {"type": "LoadImageFromFile", "key": "img_mask"},
            RESIZE,
            {"type": "PackInputs", "keys": ["img_photo", "img_mask"]},
        ],
    },
}


def config(family: str, **changes: Any) -> dict[str, Any]:
    """The config of a family's model."""
    return {"model": FAMILIES[family], "default_scope": "mmagic", **changes}


def built(family: str) -> Any:
    """A family's model with weights from a fixed seed, none of which begins as zero."""
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope("mmagic"):
        model = MODELS.build(FAMILIES[family])
    for weight in model.parameters():
        if not weight.any():
            nn.init.normal_(weight, std=0.3)
    return model


def colour(model: Any, first: float, others: float) -> None:
    """Let the first channel of all that a generator makes have this value, and the others that."""
    *_, weight, bias = model.generator.parameters()
    nn.init.zeros_(weight)
    with torch.no_grad():
        bias.copy_(torch.tensor([first, others, others]))


def noises() -> dict[str, Any]:
    """What SinGAN needs beside weights, for two scales."""
    fixed = [torch.randn(1, 1, 9, 12), torch.zeros(1, 3, 12, 16)]
    return {"curr_stage": 1, "noise_weights": [1, 0.1], "fixed_noises": fixed}


def photographs(folder: Path, number: int = 3, side: int = 24) -> list[Path]:
    """Write pieces of the photograph of a flower, which is orange."""
    folder.mkdir(parents=True, exist_ok=True)
    photo, paths = load_photo("flower"), []
    for index in range(number):
        paths.append(folder / f"{index}.png")
        cv2.imwrite(str(paths[-1]), photo[180 : 180 + side, 250 + 60 * index :][:, :side])
    return paths
