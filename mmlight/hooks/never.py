"""Tells a user of a hook that is configured so that it can never act."""

from __future__ import annotations

from typing import Any

from lightning.pytorch.utilities import rank_zero_warn

from mmlight.hooks.length import length_of

NO_VALIDATION = "the run has no validation"


def why_never(interval: int, first: int, end: Any, unit: str) -> str | None:
    """Say why something that is done every so often is never done.

    Args:
        interval: Iterations or epochs between two times.
        first: How many will be done at the first time.
        end: How many there will be; anything but a number if nobody knows.
        unit: What is counted.

    Returns:
        str or None: None if it is done at least once.

    Example:
        >>> why_never(interval=50, first=50, end=22, unit="iterations")
        'the first time would be after 50 iterations, and there are 22'
    """
    if interval <= 0:
        return "an interval that is not positive means never"
    if isinstance(end, int | float) and first > end:
        return f"the first time would be after {first} {unit}, and there are {end}"
    return None


def iterations_of(runner: Any) -> float | None:
    """Return how many iterations a training has, None if the runner does not tell."""
    return getattr(runner, "max_iters", None)


def iterations_to_count(runner: Any) -> float | None:
    """Return how far ``batch_idx`` of a training counts: through an epoch, or through them all."""
    numbers_all = getattr(runner, "numbers_all_batches", False)
    if getattr(runner.train_loop, "by_epoch", False) and not numbers_all:
        return length_of(runner.train_dataloader)
    return iterations_of(runner)


def warn_of_never(runner: Any, hook: Any, does: str, why: str | None, **arguments: Any) -> None:
    """Warn that a hook will never do what it is there for.

    Args:
        runner: The Runner, whose log has the warning; of a Trainer of one's own it is a Python
            warning, as Lightning's are.
        hook: The hook.
        does: What it will not do.
        why: The reason; without one there is no warning.
        **arguments: The arguments of the hook that are the cause.
    """
    if why is None:
        return
    given = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    message = f"{type(hook).__name__}({given}) will never {does}: {why}"
    if getattr(runner, "numbers_all_batches", False):
        rank_zero_warn(message)
    else:
        runner.logger.warning(message)
