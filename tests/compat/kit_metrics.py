"""What metrics of mmagic and of mmlight say of the same images, through the same networks."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn


class Squares(nn.Module):
    """Stands for the perceptual distance, whose weights lie in the web."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        return (first - second).square().mean(dim=(1, 2, 3)).reshape(-1, 1, 1, 1)


def values(
    parts: str, work_dir: str, script: str, cases: list[dict], fake: Any, real: Any
) -> list[dict[str, float]]:
    """Evaluate each metric on the images, which are blue first, 0 to 255."""
    registry = importlib.import_module(f"{parts}.registry")
    if parts == "mmagic":
        prepare_mmagic(script)
    model = nn.Linear(1, 1)
    model.data_preprocessor = registry.MODELS.build({"type": "DataPreprocessor"})
    model.device = torch.device("cpu")  # type: ignore[assignment]
    dataset = images_on_disk(registry, Path(work_dir), real)
    loader = torch.utils.data.DataLoader(dataset, batch_size=5, collate_fn=collate)
    found = []
    for number, case in enumerate(cases):
        cfg = {**case, "prefix": "x"}
        for key in ("inception_pkl", "vgg16_pkl"):
            if key in cfg:
                cfg[key] = str(Path(work_dir, f"{parts}_{number}.pkl"))
        if parts == "mmlight" and cfg["type"] == "PerceptualPathLength":
            cfg["perceptual_distance"] = Squares()
        metric = registry.METRICS.build(cfg)
        metric.prepare(model, loader)
        for chunk in fake.split(6):
            metric.process(None, [{"fake_img": image} for image in chunk])
        found.append(metric.evaluate())
    return found


def prepare_mmagic(script: str) -> None:
    """Its precision and recall have their network in one place; its path length has old NumPy."""
    import lpips

    lpips.LPIPS = Squares
    target = Path("work_dirs", "cache")
    target.mkdir(parents=True, exist_ok=True)
    (target / "vgg16.pt").write_bytes(Path(script).read_bytes())
    percentile = np.percentile
    np.percentile = lambda data, q, interpolation: percentile(data, q, method=interpolation)


def images_on_disk(registry: Any, folder: Path, real: np.ndarray) -> Any:
    import cv2

    (folder / "reals").mkdir(parents=True, exist_ok=True)
    for index, image in enumerate(real):
        cv2.imwrite(str(folder / "reals" / f"{index:03}.png"), image)
    pipeline = [
        {"type": "LoadImageFromFile", "key": "gt"},
        {"type": "PackInputs"},
    ]
    return registry.DATASETS.build(
        {
            "type": "BasicImageDataset",
            "data_root": str(folder / "reals"),
            "data_prefix": {"gt": ""},
            "pipeline": pipeline,
        }
    )


def collate(items: list[dict]) -> dict:
    return {key: [item[key] for item in items] for key in items[0]}


def niqe(parts: str, folder: str, photographs: Any, cases: list[dict]) -> list[list[float]]:
    """Evaluate photographs, which are blue first, one by one."""
    registry = importlib.import_module(f"{parts}.registry")
    found = []
    for case in cases:
        cfg = {**case, "type": "NIQE", "prefix": "x", "input_order": "CHW"}
        if parts == "mmlight":
            cfg["params_path"] = str(
                Path(folder, "mmagic", "evaluation", "metrics", "niqe_pris_params.npz")
            )
        metric = registry.METRICS.build(cfg)
        values = []
        for image in photographs:
            metric.size = 1
            metric.process(None, [{"output": {"pred_img": image}, "gt_img": image}])
            result = metric.evaluate() if parts == "mmagic" else metric.evaluate(1)
            values.append(float(result["x/NIQE"]))
        found.append(values)
    return found
