"""What ``import mmlight`` adds to ``import torch``, and how soon the command line answers."""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks.report import Figure, in_turn, show
from tests.parity.engines import ROOT


def seconds(*arguments: str) -> float:
    """How long a fresh interpreter takes with these arguments."""
    start = time.perf_counter()
    command = [sys.executable, *arguments]
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def measure(rounds: int = 7) -> list[Figure]:
    """Seconds of imports and of ``mmlight --help``, in turn."""
    medians = in_turn(
        {
            "import torch": lambda: seconds("-c", "import torch"),
            "import torch, mmlight": lambda: seconds("-c", "import torch, mmlight"),
            "import mmlight.config": lambda: seconds("-c", "import mmlight.config"),
            "mmlight --help": lambda: seconds("-m", "mmlight", "--help"),
        },
        rounds,
    )
    help_time = medians.pop("mmlight --help")
    added = medians["import torch, mmlight"] - medians["import torch"]
    return [
        *(Figure(name, value, "s") for name, value in medians.items()),
        Figure("import mmlight adds to import torch", added, "s", 0.15),
        Figure("mmlight --help", help_time, "s", 0.5),
    ]


if __name__ == "__main__":
    show("Imports", measure())
