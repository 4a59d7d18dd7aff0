"""What a step of a small convolutional model costs in two processes."""

from __future__ import annotations

from pathlib import Path

from benchmarks.report import Figure, engines, in_turn, show

TIMED = Path(__file__).parent / "runs" / "two_processes.py"
STEPS = 300


def measure(rounds: int = 5) -> list[Figure]:
    """Microseconds a step of all contestants, in turn."""
    with engines("mmengine", "mmlight") as (mmengine, mmlight):
        medians = in_turn(
            {
                "stock Lightning, ddp": lambda: mmlight.run(TIMED, "lightning", steps=STEPS),
                "MMEngine": lambda: mmengine.run(TIMED, "runner", steps=STEPS),
                "mmlight": lambda: mmlight.run(TIMED, "runner", steps=STEPS),
            },
            rounds,
        )
    ours, stock = medians["mmlight"], medians["stock Lightning, ddp"]
    return [
        *(Figure(name, value, "µs/step") for name, value in medians.items()),
        Figure("mmlight : MMEngine", ours / medians["MMEngine"], "x", 1.0),
        Figure("mmlight : stock Lightning", ours / stock, "x", 0.8),
    ]


if __name__ == "__main__":
    show("Step in two processes", measure())
