"""Wall-clock timers."""

from __future__ import annotations

from time import monotonic
from typing import Any


class TimerError(Exception):
    """A timer was read before it was started.

    Args:
        message (str): What went wrong.

    Example:
        >>> Timer(start=False).since_start()
        Traceback (most recent call last):
        mmlight.utils.timer.TimerError: timer is not running: call start() first
    """

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)


class Timer:
    """Stopwatch, also usable as a context manager that prints its time at the end.

    Args:
        start (bool): Start at once.
        print_tmpl (str, optional): How to print the time, with one place for the seconds.
            None prints three decimals.

    Example:
        >>> timer = Timer()
        >>> timer.since_start() >= 0
        True
        >>> with Timer(print_tmpl="under {:.0f} s"):
        ...     total = sum(range(10))
        under 0 s
    """

    def __init__(self, start: bool = True, print_tmpl: str | None = None) -> None:
        self._is_running = False
        self.print_tmpl = print_tmpl if print_tmpl else "{:.3f}"
        if start:
            self.start()

    @property
    def is_running(self) -> bool:
        """bool: Whether the timer runs."""
        return self._is_running

    def __enter__(self) -> Timer:
        self.start()
        return self

    def __exit__(self, *exc_info: Any) -> None:
        print(self.print_tmpl.format(self.since_last_check()))
        self._is_running = False

    def start(self) -> None:
        """Start the timer; a running one goes on and only its last check is renewed."""
        if not self._is_running:
            self._t_start = monotonic()
            self._is_running = True
        self._t_last = monotonic()

    def since_start(self) -> float:
        """Return the time since the start, which also counts as a check.

        Returns:
            float: Seconds.

        Raises:
            TimerError: If the timer does not run.
        """
        self._require_running()
        self._t_last = monotonic()
        return self._t_last - self._t_start

    def since_last_check(self) -> float:
        """Return the time since the last check, be it this one or :meth:`since_start`.

        Returns:
            float: Seconds.

        Raises:
            TimerError: If the timer does not run.
        """
        self._require_running()
        now = monotonic()
        elapsed = now - self._t_last
        self._t_last = now
        return elapsed

    def _require_running(self) -> None:
        if not self._is_running:
            raise TimerError("timer is not running: call start() first")


_named_timers: dict[str, Timer] = {}


def check_time(timer_id: str) -> float:
    """Return the time since the last call with the same identifier.

    Args:
        timer_id (str): Name of the timer; its first call starts it.

    Returns:
        float: Seconds, 0 for the first call.

    Example:
        >>> check_time("doctest-of-check-time")
        0
        >>> check_time("doctest-of-check-time") >= 0
        True
    """
    if timer_id not in _named_timers:
        _named_timers[timer_id] = Timer()
        return 0
    return _named_timers[timer_id].since_last_check()
