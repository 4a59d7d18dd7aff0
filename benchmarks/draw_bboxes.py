"""What drawing 100 boxes on an image costs, from the image set to the pixels read."""

from __future__ import annotations

from pathlib import Path

from benchmarks.report import Figure, engines, in_turn, show

TIMED = Path(__file__).parent / "runs" / "draw_bboxes.py"
BOXES = 100


def measure(rounds: int = 7) -> list[Figure]:
    """Milliseconds an image of both engines, in turn."""
    with engines("mmengine", "mmlight") as (mmengine, mmlight):
        medians = in_turn(
            {
                "MMEngine": lambda: mmengine.run(TIMED, BOXES),
                "mmlight": lambda: mmlight.run(TIMED, BOXES),
            },
            rounds,
        )
    return [
        *(Figure(name, value, "ms/image") for name, value in medians.items()),
        Figure("mmlight : MMEngine", medians["mmlight"] / medians["MMEngine"], "x", 1.0),
    ]


if __name__ == "__main__":
    show("Visualizer.draw_bboxes", measure())
