"""What the generative engine does in two processes; test_two_processes.py compares with one."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader

from mmlight import dist
from mmlight.engine import ReduceLRSchedulerHook
from mmlight.generative.evaluation import (
    IS,
    MS_SSIM,
    SWD,
    FrechetDistance,
    FrechetInceptionDistance,
)
from mmlight.generative.evaluation import PrecisionAndRecall as PR
from tests.engine.toys import MeanPixels


def images(seed: int) -> torch.Tensor:
    noise = torch.randn(40, 1, 8, 8, generator=torch.Generator().manual_seed(seed))
    return (128 + 20 * noise).clamp(0, 255).to(torch.uint8)


def distance(rank: int, world_size: int) -> float:
    """The distance, each process having a share of the real and of the generated images."""
    metric = FrechetDistance(fake_nums=40, feature_extractor=MeanPixels())
    real = [{"inputs": {"img": image}} for image in images(0)[rank::world_size]]
    metric.prepare(None, DataLoader(real, batch_size=8))  # type: ignore[arg-type]
    metric.process(None, [{"fake_img": image} for image in images(1)[rank::world_size]])
    return metric.evaluate()["FD/fd"]


def of_pairs_and_slices(rank: int, world_size: int) -> dict[str, float]:
    """MS_SSIM of noise, and SWD of images of one colour each, whose patches are all alike."""
    generator = torch.Generator().manual_seed(0)
    fake, real = (torch.rand(40, 3, 1, 1, generator=generator) * 255 for _ in range(2))
    fake, real = (colours.expand(-1, 3, 16, 16) for colours in (fake**2 / 255, real))
    noise = torch.rand(40, 3, 16, 16, generator=generator) * 20 + 100
    sliced, similar = SWD(40, (3, 16, 16), prefix="swd"), MS_SSIM(40, prefix="ms-ssim")
    loader = DataLoader([{"inputs": image} for image in real[rank::world_size]], batch_size=8)  # type: ignore[arg-type]
    sliced.prepare(None, loader)
    sliced.process(None, [{"fake_img": image} for image in fake[rank::world_size]])
    share = noise.chunk(world_size)[rank]
    similar.process(None, [{"fake_img": image} for image in share])
    torch.manual_seed(rank)
    return {**sliced.evaluate(), **similar.evaluate()}


def of_features(rank: int, world_size: int, folder: str) -> dict[str, float]:
    """Metrics of classes and of the features of all images, whose real ones wait in a file."""
    fake, real = (images(seed)[rank::world_size] for seed in (1, 0))
    loader = DataLoader([{"inputs": image} for image in real], batch_size=8)  # type: ignore[arg-type]
    net: Any = MeanPixels()
    net.classify = lambda pixels: net(pixels) - 128
    kept = {"feature_extractor": net, "inception_pkl": f"{folder}/of_{world_size}.pkl"}
    metrics: list[Any] = [
        IS(40, False, 3, feature_extractor=net, prefix="IS"),
        PR(40, real_nums=40, feature_extractor=net, prefix="PR", auto_save=False),
        FrechetInceptionDistance(40, real_nums=40, prefix="written", **kept),
        FrechetInceptionDistance(40, real_nums=40, prefix="read", **kept),
    ]
    values: dict[str, float] = {}
    for metric in metrics:
        metric.prepare(None, loader)
        metric.process(None, [{"fake_img": image} for image in fake])
        values.update(metric.evaluate())
    return values


def average_loss(rank: int) -> float:
    """The mean of losses that differ between the processes."""

    class Runner:
        param_schedulers = None

    hook = ReduceLRSchedulerHook()
    for loss in (1.0, 2.0):
        hook.after_train_iter(Runner, 0, outputs={"loss": torch.tensor(loss + 10 * rank)})
    return hook._calculate_average_value()


def run(rank: int, folder: str) -> None:
    os.environ.update(RANK=str(rank), WORLD_SIZE="2", LOCAL_RANK=str(rank))
    store = Path(folder, "store").as_uri()
    dist.init_dist("pytorch", backend="gloo", init_method=store, rank=rank, world_size=2)
    results: dict[str, Any] = {
        "distance": distance(rank, 2),
        "pairs and slices": of_pairs_and_slices(rank, 2),
        "features": of_features(rank, 2, folder),
        "loss": average_loss(rank),
    }
    Path(folder, f"results_{rank}.pkl").write_bytes(pickle.dumps(results))
    torch.distributed.destroy_process_group()
