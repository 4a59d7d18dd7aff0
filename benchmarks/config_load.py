"""What it costs to read a config with five levels of ``_base_``."""

from __future__ import annotations

from pathlib import Path

from benchmarks.report import Figure, engines, in_turn, show

TIMED = Path(__file__).parent / "runs" / "config_load.py"


def measure(rounds: int = 5) -> list[Figure]:
    """Milliseconds a ``Config.fromfile`` of both engines, in turn."""
    with engines("mmengine", "mmlight") as (mmengine, mmlight):
        medians = in_turn(
            {"MMEngine": lambda: mmengine.run(TIMED), "mmlight": lambda: mmlight.run(TIMED)},
            rounds,
        )
    return [
        *(Figure(name, value, "ms/config") for name, value in medians.items()),
        Figure("mmlight : MMEngine", medians["mmlight"] / medians["MMEngine"], "x", 0.5),
    ]


if __name__ == "__main__":
    show("Config.fromfile, five levels of _base_", measure())
