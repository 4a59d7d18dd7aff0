"""Small models of translation between photographs and masks, and batches for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from mmlight.generative.datasets import DataSample
from mmlight.generative.models import CycleGAN, Pix2Pix
from mmlight.logging import MessageHub


def pix2pix(**changes: Any) -> Pix2Pix:
    settings: dict[str, Any] = {
        "generator": {
            "type": "UnetGenerator",
            "in_channels": 3,
            "out_channels": 3,
            "num_down": 5,
            "base_channels": 4,
            "use_dropout": True,
        },
        "discriminator": {"type": "PatchDiscriminator", "in_channels": 6, "base_channels": 4},
        "default_domain": "photo",
        "reachable_domains": ["photo"],
        "related_domains": ["photo", "mask"],
        **changes,
    }
    return Pix2Pix(**settings)


def cyclegan(**changes: Any) -> CycleGAN:
    settings: dict[str, Any] = {
        "generator": {
            "type": "ResnetGenerator",
            "in_channels": 3,
            "out_channels": 3,
            "num_blocks": 1,
            "base_channels": 4,
        },
        "discriminator": {
            "type": "PatchDiscriminator",
            "in_channels": 3,
            "base_channels": 4,
            "norm_cfg": {"type": "IN"},
        },
        "default_domain": "photo",
        "reachable_domains": ["photo", "mask"],
        "related_domains": ["photo", "mask"],
        **changes,
    }
    return CycleGAN(**settings)


def pairs(count: int = 2, side: int = 32) -> dict[str, Any]:
    """A batch as a dataloader gives it."""
    draw = torch.Generator().manual_seed(0)
    images = {
        key: list(torch.randint(0, 256, (count, 3, side, side), generator=draw).byte())
        for key in ("img_photo", "img_mask")
    }
    samples = [
        DataSample(img_photo=photo, img_mask=mask)
        for photo, mask in zip(images["img_photo"], images["img_mask"], strict=True)
    ]
    return {"inputs": images, "data_samples": samples}


@contextmanager
def iteration(number: int) -> Iterator[None]:
    """Let the message hub say that so many iterations are done."""
    hub = MessageHub.get_current_instance()
    hub.update_info("iter", number)
    try:
        yield
    finally:
        for name in ("iter", "image_pool_photo", "image_pool_mask"):
            hub.pop_info(name)
