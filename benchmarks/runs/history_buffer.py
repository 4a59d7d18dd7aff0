"""Timed updates of a scalar's history that is already some length."""

from __future__ import annotations

import importlib
import time


def run(engine: str, length: int, *, work_dir: str, updates: int = 3000, buffers: int = 1) -> float:
    """Nanoseconds an ``update`` of a ``HistoryBuffer`` that holds ``length`` values.

    With about as many updates as there are values, a buffer that doubles its arrays does so once
    at any length, so its share in an update is the same. The buffer is read before the clock stops,
    or what it has put off would not be counted.
    """
    kind = importlib.import_module(f"{engine}.logging").HistoryBuffer
    spent = 0.0
    for _ in range(buffers):
        buffer = kind([0.5] * length, [1] * length)
        start = time.process_time()
        for _ in range(updates):
            buffer.update(0.25)
        buffer.current()
        spent += time.process_time() - start
    return spent / (updates * buffers) * 1e9
