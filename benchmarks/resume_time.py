"""How long a resumed run takes to its first iteration, at 1 ms for each item of the dataset."""

from __future__ import annotations

from pathlib import Path

from benchmarks.report import Figure, engines, in_turn, show

TIMED = Path(__file__).parent / "runs" / "resume_time.py"


def measure(rounds: int = 3) -> list[Figure]:
    """Seconds of mmlight at iteration 100,000; of MMEngine at two that bear waiting for."""
    with engines("mmengine", "mmlight") as (mmengine, mmlight):
        medians = in_turn(
            {
                "MMEngine at 0": lambda: mmengine.run(TIMED, 0),
                "MMEngine at 500": lambda: mmengine.run(TIMED, 500),
                "mmlight at 0": lambda: mmlight.run(TIMED, 0),
                "mmlight at 100,000": lambda: mmlight.run(TIMED, 100_000),
            },
            rounds,
        )
    ours = medians.pop("mmlight at 100,000")
    each = (medians["MMEngine at 500"] - medians["MMEngine at 0"]) / 500
    return [
        *(Figure(name, value, "s") for name, value in medians.items()),
        Figure("MMEngine at 100,000, extrapolated", each * 100_000, "s"),
        Figure("mmlight at 100,000", ours, "s", 2.0),
    ]


if __name__ == "__main__":
    show("Resuming", measure())
