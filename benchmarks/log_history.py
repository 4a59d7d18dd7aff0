"""What the log history of 1,000,000 iterations of 20 values adds to a checkpoint."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.report import Figure, in_turn, show
from mmlight.fileio.checkpoint_file import write_checkpoint
from mmlight.logging import HistoryBuffer, MessageHub

ITERATIONS = 1_000_000


def measure(rounds: int = 3) -> list[Figure]:
    """Megabytes and seconds of a file of the histories as they are packed and as plain arrays."""
    hub = MessageHub("benchmark")
    ones = np.ones(ITERATIONS, dtype=np.int64)
    for name, values in _logged().items():
        hub.update_scalar(name, values[0])
        hub.log_scalars[name] = HistoryBuffer(values, ones)
    with tempfile.TemporaryDirectory() as folder:
        plain, packed = Path(folder, "plain.pth"), Path(folder, "packed.pth")
        seconds = in_turn(
            {
                "plain": lambda: _write(plain, lambda: _plain_state(hub)),
                "packed": lambda: _write(packed, hub.state_dict),
            },
            rounds,
        )
        size = {path.stem: path.stat().st_size / 1e6 for path in (plain, packed)}
    return [
        *(Figure(f"file, {name}", value, "MB") for name, value in size.items()),
        *(Figure(f"saving, {name}", value, "s") for name, value in seconds.items()),
        Figure("file, packed : plain", size["packed"] / size["plain"], "x", 1 / 3),
        Figure("saving, packed : plain", seconds["packed"] / seconds["plain"], "x", 0.5),
    ]


def _logged() -> dict[str, np.ndarray]:
    """A rate of steps and one of a curve, two times of a clock, and losses that were float32."""
    random = np.random.default_rng(0)
    clock = 1.7e9 + np.cumsum(random.uniform(0.05, 0.06, ITERATIONS + 1))
    return {
        "steps": np.repeat([0.1, 0.01], ITERATIONS // 2),
        "curve": 0.1 * (1 + np.cos(np.arange(ITERATIONS) * np.pi / ITERATIONS)),
        "time": np.diff(clock),
        "data_time": np.diff(clock) / 64,
        **{
            f"loss_{index}": random.normal(size=ITERATIONS).astype(np.float32).astype(float)
            for index in range(16)
        },
    }


def _plain_state(hub: MessageHub) -> dict[str, Any]:
    return {
        name: [torch.from_numpy(values.copy()) for values in buffer.data]
        for name, buffer in hub.log_scalars.items()
    }


def _write(path: Path, state: Any) -> float:
    start = time.perf_counter()
    write_checkpoint(state(), path)
    return time.perf_counter() - start


if __name__ == "__main__":
    show("Log history", measure())
