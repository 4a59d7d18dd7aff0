"""What is measured by ``benchmarks/dataset_memory.py``, under either engine."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import random
import time
from pathlib import Path


def pss(pid: int) -> float:
    """Memory of a process in MB, what several processes share divided among them."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def make_dataset(engine: str, size: int):
    """A dataset of small annotations."""
    base = importlib.import_module(f"{engine}.dataset").BaseDataset

    class Small(base):
        def load_data_list(self):
            return [
                {"img_path": f"images/{n:08d}.jpg", "label": n % 1000, "box": [n, 2, 3, 4]}
                for n in range(size)
            ]

    return Small()


def read_all(dataset, worker: int, workers: int, read, measured) -> None:
    """One worker: reads its share in random order, then waits to be measured."""
    share = list(range(worker, len(dataset), workers))
    random.Random(worker).shuffle(share)
    for index in share:
        dataset[index]
    read.wait()
    measured.wait()


def run(engine: str, size: int = 1_000_000, workers: int = 4, *, work_dir: str) -> dict[str, float]:
    """Memory of a dataset and its workers together, and the time of a random read."""
    before = pss(os.getpid())
    dataset = make_dataset(engine, size)
    context = multiprocessing.get_context("fork")
    read, measured = context.Barrier(workers + 1), context.Barrier(workers + 1)
    processes = [
        context.Process(target=read_all, args=(dataset, worker, workers, read, measured))
        for worker in range(workers)
    ]
    for process in processes:
        process.start()
    read.wait()
    memory = sum(pss(process.pid) for process in processes) + pss(os.getpid()) - before
    measured.wait()
    for process in processes:
        process.join()
    generator = random.Random(0)
    indices = [generator.randrange(size) for _ in range(100_000)]
    times = []
    for _ in range(3):
        start = time.process_time()
        for index in indices:
            dataset[index]
        times.append((time.process_time() - start) / len(indices) * 1e6)
    return {"memory": memory, "read": min(times)}
