"""What is timed by ``benchmarks/config_load.py``, under either engine."""

from __future__ import annotations

import importlib
import time
from pathlib import Path

LEVEL = """
_base_ = {base!r}
model = dict(
    type="Recognizer",
    backbone_{level}=dict(
        type="ResNet",
        depth={level}0,
        stages=[dict(channels=64 * i, stride=2, norm=dict(type="BN", eps=1e-5)) for i in range(4)],
    ),
    head=dict(type="Head", num_classes=1{level}, loss=dict(type="Loss", weight=0.{level})),
)
train_pipeline_{level} = [
    dict(type="LoadImageFromFile"),
    dict(type="Resize", scale=(256, 256), keep_ratio=True),
    dict(type="Normalize", mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]),
    dict(type="PackInputs", meta_keys=("path", "shape", "scale")),
]
train_dataloader = dict(
    batch_size=1{level},
    sampler_{level}=dict(type="InfiniteSampler", shuffle=True),
    dataset_{level}=dict(type="Dataset", pipeline=train_pipeline_{level}),
)
"""


def run(engine: str, work_dir: str, levels: int = 5, repeats: int = 20) -> float:
    """Milliseconds that reading a config with so many levels of ``_base_`` takes."""
    folder = Path(work_dir)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"level{level}.py" for level in range(levels + 1)]
    for level, path in enumerate(paths):
        base = [paths[level - 1].name] if level else []
        path.write_text(LEVEL.format(base=base, level=level))
    fromfile = importlib.import_module(f"{engine}.config").Config.fromfile
    fromfile(paths[-1])
    start = time.perf_counter()
    for _ in range(repeats):
        fromfile(paths[-1])
    return (time.perf_counter() - start) / repeats * 1e3
