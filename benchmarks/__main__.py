"""Run the benchmarks, all or those named: ``python -m benchmarks [name ...]``."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path

from benchmarks.report import show


def available() -> list[str]:
    """Names of all modules here that measure something."""
    found = [module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)])]
    return [name for name in found if name not in ("__main__", "report", "runs")]


def main(names: list[str]) -> int:
    """Run benchmarks and print their figures; returns how many targets were missed."""
    unknown = set(names) - set(available())
    if unknown:
        raise SystemExit(f"unknown: {', '.join(unknown)}; there are {', '.join(available())}")
    missed = 0
    for name in names or available():
        module = importlib.import_module(f"benchmarks.{name}")
        figures = module.measure()
        show((module.__doc__ or name).strip().splitlines()[0], figures)
        missed += sum(not figure.reached for figure in figures)
    return missed


if __name__ == "__main__":
    missed = main(sys.argv[1:])
    print(f"{missed} target(s) missed" if missed else "all targets reached")
