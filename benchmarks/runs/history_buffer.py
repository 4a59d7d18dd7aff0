"""Timed updates of a scalar's history that is already some length."""

from __future__ import annotations

import importlib
import time


def run(engine: str, length: int, *, work_dir: str, updates: int = 3000) -> float:
    """Nanoseconds an ``update`` of a ``HistoryBuffer`` that holds ``length`` values."""
    buffer = importlib.import_module(f"{engine}.logging").HistoryBuffer(
        [0.5] * length, [1] * length
    )
    start = time.process_time()
    for _ in range(updates):
        buffer.update(0.25)
    return (time.process_time() - start) / updates * 1e9
