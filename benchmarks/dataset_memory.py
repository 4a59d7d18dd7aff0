"""Memory of a dataset of 1,000,000 annotations with 4 workers, and the time of a random read."""

from __future__ import annotations

import statistics
from pathlib import Path

from benchmarks.report import Figure, engines, show

MEASURED = Path(__file__).parent / "runs" / "dataset_memory.py"


def measure(rounds: int = 3) -> list[Figure]:
    """Megabytes of all processes together and microseconds a read, both engines in turn."""
    results: dict[str, list[dict[str, float]]] = {"MMEngine": [], "mmlight": []}
    with engines("mmengine", "mmlight") as (mmengine, mmlight):
        for _ in range(rounds):
            results["MMEngine"].append(mmengine.run(MEASURED))
            results["mmlight"].append(mmlight.run(MEASURED))
    figures = []
    for key, what, unit in (("memory", "memory", "MB"), ("read", "random read", "µs")):
        medians = {
            name: statistics.median(run[key] for run in runs) for name, runs in results.items()
        }
        figures += [Figure(f"{what}, {name}", value, unit) for name, value in medians.items()]
        ratio = medians["mmlight"] / medians["MMEngine"]
        figures.append(Figure(f"{what}, mmlight : MMEngine", ratio, "x", 1.0))
    return figures


if __name__ == "__main__":
    show("A dataset of 1,000,000 annotations, 4 workers", measure())
