"""Average time of a piece of code."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable
from typing import Any

import torch

from mmlight.dist import master_only


class TimeCounter:
    """Decorator or context manager that reports the average time of a piece of code.

    Counters of the same tag are one object, so a ``with`` inside a loop averages over its rounds.

    Args:
        log_interval (int): Report after so many runs.
        warmup_interval (int): The run to start averaging with; those before it are left out.
        with_sync (bool): Wait for the GPU before reading the clock.
        tag (str, optional): Name in the report; a decorated function has its own as default.
        logger (Logger, optional): Where to report; None prints.

    Example:
        >>> @TimeCounter(log_interval=2)
        ... def work():
        ...     return sum(range(10))
        >>> for _ in range(3):
        ...     total = work()  # doctest: +ELLIPSIS
        [work]-time per run averaged in the past 2 runs: ... ms
    """

    _instances: dict[str, TimeCounter] = {}
    _count: int
    _total: float
    _start: float
    log_interval: int
    warmup_interval: int
    with_sync: bool
    tag: str | None
    logger: logging.Logger | None

    def __new__(
        cls,
        log_interval: int = 1,
        warmup_interval: int = 1,
        with_sync: bool = True,
        tag: str | None = None,
        logger: logging.Logger | None = None,
    ) -> TimeCounter:
        """Return the counter of this tag, or a new one."""
        assert warmup_interval >= 1, f"warmup_interval must be at least 1, got {warmup_interval}"
        if tag in cls._instances:
            return cls._instances[tag]
        instance = super().__new__(cls)
        instance._count = 0
        instance._total = 0.0
        instance._start = 0.0
        instance.log_interval = log_interval
        instance.warmup_interval = warmup_interval
        instance.with_sync = with_sync
        instance.tag = tag
        instance.logger = logger
        if tag is not None:
            cls._instances[tag] = instance
        return instance

    def __call__(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Make a function that counts its runs."""
        if self.tag is None:
            self.tag = func.__name__

        @functools.wraps(func)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            self._begin()
            result = func(*args, **kwargs)
            self._end()
            return result

        return wrapped

    def __enter__(self) -> TimeCounter:
        assert self.tag is not None, (
            "a TimeCounter needs a tag as a context manager, or its reports could not be told apart"
        )
        self._begin()
        return self

    def __exit__(self, *exc_info: Any) -> None:
        self._end()

    def _begin(self) -> None:
        self._synchronize()
        self._start = time.perf_counter()

    def _end(self) -> None:
        self._synchronize()
        self.print_time(time.perf_counter() - self._start)

    def _synchronize(self) -> None:
        if self.with_sync and torch.cuda.is_available():
            torch.cuda.synchronize()

    @master_only
    def print_time(self, elapsed: int | float) -> None:
        """Count a run, and report if it is time to.

        Args:
            elapsed (float): Time of the run, in seconds.
        """
        self._count += 1
        if self._count < self.warmup_interval:
            return
        self._total += elapsed
        if self._count % self.log_interval == 0:
            average = 1000 * self._total / (self._count - self.warmup_interval + 1)
            message = (
                f"[{self.tag}]-time per run averaged in the past {self._count} runs: "
                f"{average:.1f} ms"
            )
            report: Callable[[str], Any] = self.logger.info if self.logger is not None else print
            report(message)
