"""What an exponential moving average of a 300-convolution generator costs."""

from __future__ import annotations

from pathlib import Path

from benchmarks.report import Figure, engines, in_turn, show

TIMED = Path(__file__).parent / "runs" / "ema.py"


def measure(rounds: int = 5) -> list[Figure]:
    """Milliseconds an update of both engines and of one ``torch._foreach_lerp_``, in turn."""
    with engines("mmengine", "mmlight") as (mmengine, mmlight):
        medians = in_turn(
            {
                "_foreach_lerp_": lambda: mmlight.run(TIMED, "lerp"),
                "MMEngine": lambda: mmengine.run(TIMED, "engine"),
                "mmlight": lambda: mmlight.run(TIMED, "engine"),
            },
            rounds,
        )
    ratio = medians["mmlight"] / medians["_foreach_lerp_"]
    return [
        *(Figure(name, value, "ms/update") for name, value in medians.items()),
        Figure("mmlight : _foreach_lerp_", ratio, "x", 1.2),
    ]


if __name__ == "__main__":
    show("Moving average of 300 convolutions", measure())
