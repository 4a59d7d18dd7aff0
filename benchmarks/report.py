"""The figures of a benchmark, and the table that holds them against their targets."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.parity.engines import Engine


@dataclass
class Figure:
    """One measured value.

    Args:
        name: What was measured.
        value: The value; for a figure with a target, the ratio or amount that has the target.
        unit: Unit of ``value``; ``"x"`` for a ratio.
        target: The largest value that is good enough; None if nothing is asked of it.
    """

    name: str
    value: float
    unit: str
    target: float | None = None

    @property
    def reached(self) -> bool:
        """Whether the target is reached; True where there is none."""
        return self.target is None or self.value <= self.target


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def show(title: str, figures: Sequence[Figure]) -> None:
    """Print a table of figures."""
    table = Table("measured", "value", "target", "", title=title, title_justify="left")
    for figure in figures:
        target = "" if figure.target is None else f"<= {figure.target:g} {figure.unit}"
        verdict = "" if figure.target is None else ("reached" if figure.reached else "MISSED")
        table.add_row(figure.name, f"{_shown(figure.value)} {figure.unit}", target, verdict)
    Console().print(table)


def in_turn(contestants: dict[str, Callable[[], float]], rounds: int = 5) -> dict[str, float]:
    """Run all contestants in turn, round after round; returns the median of each.

    A machine that slows down for a while then slows down all of them.
    """
    results: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, contestant in contestants.items():
            results[name].append(contestant())
    return {name: statistics.median(values) for name, values in results.items()}


@contextmanager
def engines(*names: str) -> Iterator[tuple[Engine, ...]]:
    """Engines, each with a server process of its own, closed at the end."""
    with tempfile.TemporaryDirectory() as folder:
        opened = tuple(Engine(name, Path(folder)) for name in names)
        for engine in opened:
            if not engine.installed:
                raise SystemExit(f"{engine.name} is missing in {engine.folder}: run `make bench`")
        yield opened
        for engine in opened:
            engine.close()
