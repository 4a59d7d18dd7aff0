"""What logging one number costs, early and late in a run."""

from __future__ import annotations

from pathlib import Path

from benchmarks.report import Figure, engines, in_turn, show

TIMED = Path(__file__).parent / "runs" / "history_buffer.py"
EARLY, LATE = 1_000, 300_000


def measure(rounds: int = 9) -> list[Figure]:
    """Nanoseconds an update of both engines at both lengths, in turn."""
    with engines("mmengine", "mmlight") as (mmengine, mmlight):
        medians = in_turn(
            {
                "MMEngine at 1,000": lambda: mmengine.run(TIMED, EARLY),
                "MMEngine at 300,000": lambda: mmengine.run(TIMED, LATE, updates=300),
                "mmlight at 1,000": lambda: mmlight.run(TIMED, EARLY, updates=EARLY, buffers=300),
                "mmlight at 300,000": lambda: mmlight.run(TIMED, LATE, updates=LATE),
            },
            rounds,
        )
    ratio = medians["mmlight at 300,000"] / medians["mmlight at 1,000"]
    return [
        *(Figure(name, value, "ns/update") for name, value in medians.items()),
        Figure("mmlight at 300,000 : at 1,000", ratio, "x", 1.1),
    ]


if __name__ == "__main__":
    show("HistoryBuffer.update", measure())
