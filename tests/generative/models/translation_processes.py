"""Training of models of translation in two processes; test_translation_processes.py compares."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch

from mmlight import dist
from mmlight.model import MMSeparateDistributedDataParallel
from mmlight.optim import OptimWrapper, OptimWrapperDict
from tests.generative.models.translation import cyclegan, iteration, pairs, pix2pix

INSTANCE_NORM = {"type": "IN"}
# Nothing that depends on the other images of a batch, or on chance.
FAMILIES: dict[str, Any] = {
    "pix2pix": lambda: pix2pix(
        generator={
            "type": "UnetGenerator",
            "in_channels": 3,
            "out_channels": 3,
            "num_down": 5,
            "base_channels": 4,
            "norm_cfg": INSTANCE_NORM,
        },
        discriminator={
            "type": "PatchDiscriminator",
            "in_channels": 6,
            "base_channels": 4,
            "norm_cfg": INSTANCE_NORM,
        },
    ),
    "cyclegan": lambda: cyclegan(buffer_size=0),
}


def trained(family: str, rank: int = 0, world_size: int = 1) -> dict[str, torch.Tensor]:
    """The weights after two steps with this process's share of a batch of four."""
    torch.manual_seed(0)
    model = FAMILIES[family]()
    model.init_weights()
    networks = {"generators": model.generators, "discriminators": model.discriminators}
    optim = OptimWrapperDict(
        **{
            name: OptimWrapper(torch.optim.SGD(network.parameters(), lr=1e-3))
            for name, network in networks.items()
        }
    )
    runs = model if world_size == 1 else MMSeparateDistributedDataParallel(model)
    batch = pairs(count=4, side=64)
    share = {
        "inputs": {key: images[rank::world_size] for key, images in batch["inputs"].items()},
        "data_samples": batch["data_samples"][rank::world_size],
    }
    for number in range(2):
        with iteration(number):
            runs.train_step(share, optim)
    return {name.replace(".module", ""): value for name, value in model.state_dict().items()}


def run(rank: int, folder: str) -> None:
    os.environ.update(RANK=str(rank), WORLD_SIZE="2", LOCAL_RANK=str(rank))
    store = Path(folder, "store").as_uri()
    dist.init_dist("pytorch", backend="gloo", init_method=store, rank=rank, world_size=2)
    weights = {family: trained(family, rank, 2) for family in FAMILIES}
    torch.save(weights, Path(folder, f"weights_{rank}.pth"))
    torch.distributed.destroy_process_group()
