"""Timed drawing of boxes."""

from __future__ import annotations

import importlib
import time

import numpy as np


def run(engine: str, boxes: int, *, work_dir: str, images: int = 10) -> float:
    """Milliseconds to draw ``boxes`` boxes on an image and to read its pixels."""
    random = np.random.RandomState(0)
    begin = random.rand(boxes, 2) * 400
    corners = np.concatenate([begin, begin + random.rand(boxes, 2) * 200], axis=1)
    image = random.randint(0, 256, (640, 640, 3)).astype(np.uint8)
    vis = importlib.import_module(f"{engine}.visualization").Visualizer(image=image)
    vis.draw_bboxes(corners).get_image()
    start = time.process_time()
    for _ in range(images):
        vis.set_image(image)
        vis.draw_bboxes(corners)
        vis.get_image()
    return (time.process_time() - start) / images * 1e3
