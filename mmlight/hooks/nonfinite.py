"""Reports losses that are NaN or infinite, from values that are on the host anyway."""

from __future__ import annotations

import logging

import numpy as np

_PREFIX = "train/"


class NonFiniteWatch:
    """Looks through the losses recorded between two log points.

    Args:
        stop: Whether a value that is not finite raises instead of being logged.

    Example:
        >>> watch = NonFiniteWatch(stop=True)
        >>> watch.start(0)
        >>> new = {"train/loss": np.array([1.0, np.nan, np.nan])}
        >>> watch.check(new, 3, logging.getLogger())
        Traceback (most recent call last):
        FloatingPointError: loss is nan at iteration 2 (2 of the 3 values since iteration 0)
    """

    def __init__(self, stop: bool = False) -> None:
        self.stop = stop
        self._last = 0

    def start(self, iteration: int) -> None:
        """Begin at ``iteration``, the number of those already done."""
        self._last = iteration

    def check(
        self, recorded: dict[str, np.ndarray], iteration: int, logger: logging.Logger
    ) -> None:
        """Report each loss in ``recorded`` that is not finite, once.

        Args:
            recorded: Values new since the last check, by key; losses are those of the training
                with "loss" in their name.
            iteration: Number of iterations done by now.
            logger: Where to report.

        Raises:
            FloatingPointError: If one is not finite and ``stop``.
        """
        since, self._last = self._last, iteration
        reports = [
            self._report(key, values, since, iteration)
            for key, values in recorded.items()
            if key.startswith(_PREFIX) and "loss" in key and not np.isfinite(values).all()
        ]
        if reports and self.stop:
            raise FloatingPointError("; ".join(reports))
        for report in reports:
            logger.warning(report)

    @staticmethod
    def _report(key: str, values: np.ndarray, since: int, iteration: int) -> str:
        bad = np.flatnonzero(~np.isfinite(values))
        what = f"{key[len(_PREFIX) :]} is {values[bad[0]]}"
        share = f"{len(bad)} of the {len(values)} values since iteration {since}"
        if len(values) != iteration - since:
            return f"{what} between iterations {since + 1} and {iteration} ({share})"
        return f"{what} at iteration {since + 1 + bad[0]} ({share})"
