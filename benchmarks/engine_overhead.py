"""What an engine costs a batch, fresh and with 300,000 iterations of history behind it."""

from __future__ import annotations

from pathlib import Path

from benchmarks.report import Figure, engines, in_turn, show

TIMED = Path(__file__).parent / "runs" / "overhead.py"
STEPS = 2000
HISTORY = 300_000


def measure(rounds: int = 5) -> list[Figure]:
    """Microseconds a batch of all contestants, in turn."""
    with engines("mmengine", "mmlight") as (mmengine, mmlight):
        medians = in_turn(
            {
                "raw loop": lambda: mmlight.run(TIMED, "raw", steps=STEPS),
                "stock Lightning": lambda: mmlight.run(TIMED, "lightning", steps=STEPS),
                "MMEngine": lambda: mmengine.run(TIMED, "runner", steps=STEPS),
                "mmlight": lambda: mmlight.run(TIMED, "runner", steps=STEPS),
                "mmlight with its bar": lambda: mmlight.run(TIMED, "runner", steps=STEPS, bar=True),
                "own Trainer": lambda: mmlight.run(TIMED, "own trainer", steps=STEPS),
                "MMEngine with history": lambda: mmengine.run(
                    TIMED, "runner", steps=STEPS // 4, history=HISTORY
                ),
                "mmlight with history": lambda: mmlight.run(
                    TIMED, "runner", steps=STEPS, history=HISTORY
                ),
            },
            rounds,
        )
    ours, with_bar = medians["mmlight"], medians["mmlight with its bar"]
    return [
        *(Figure(name, value, "µs/batch") for name, value in medians.items()),
        Figure("mmlight with its bar : MMEngine", with_bar / medians["MMEngine"], "x", 0.72),
        Figure("mmlight with its bar : raw loop", with_bar / medians["raw loop"], "x", 1.30),
        Figure("own Trainer : mmlight", medians["own Trainer"] / ours, "x", 1.05),
        Figure("mmlight with history : fresh", medians["mmlight with history"] / ours, "x", 1.05),
    ]


if __name__ == "__main__":
    show("Engine overhead", measure())
