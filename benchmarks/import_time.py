"""What ``import mmlight`` adds to ``import torch``, and how soon the command line answers."""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks.report import Figure, in_turn, show
from tests.parity.engines import ROOT

# Timed inside the process: the difference of two whole starts would be mostly noise.
ADDED = """
import time, torch
start = time.perf_counter()
import mmlight
print(time.perf_counter() - start)
"""


def seconds(*arguments: str) -> float:
    """How long a fresh interpreter takes with these arguments."""
    start = time.perf_counter()
    command = [sys.executable, *arguments]
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def added() -> float:
    """How long ``import mmlight`` takes in a fresh interpreter that has torch."""
    command = [sys.executable, "-c", ADDED]
    return float(subprocess.run(command, check=True, cwd=ROOT, capture_output=True).stdout)


def measure(rounds: int = 7) -> list[Figure]:
    """Seconds of imports and of ``mmlight --help``, in turn."""
    medians = in_turn(
        {
            "import torch": lambda: seconds("-c", "import torch"),
            "import mmlight.config": lambda: seconds("-c", "import mmlight.config"),
            "import mmlight adds to import torch": added,
            "mmlight --help": lambda: seconds("-m", "mmlight", "--help"),
        },
        rounds,
    )
    targets = {"import mmlight adds to import torch": 0.15, "mmlight --help": 0.5}
    return [Figure(name, value, "s", targets.get(name)) for name, value in medians.items()]


if __name__ == "__main__":
    show("Imports", measure())
