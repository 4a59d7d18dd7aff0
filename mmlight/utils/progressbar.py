"""Progress of a list of tasks as one line of text."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing import Pool
from shutil import get_terminal_size
from typing import Any, TextIO

from .timer import Timer


class ProgressBar:
    """Bar of text with the rate and the time that is left.

    Args:
        task_num (int): Number of tasks; 0 if it is not known.
        bar_width (int): Width of the bar at most, in characters.
        start (bool): Show it and start the clock at once.
        file (TextIO): Where to write.

    Example:
        >>> import io
        >>> bar = ProgressBar(2, bar_width=10, file=io.StringIO())
        >>> bar.update()
        >>> bar.completed
        1
    """

    def __init__(
        self,
        task_num: int = 0,
        bar_width: int = 50,
        start: bool = True,
        file: TextIO = sys.stdout,
    ) -> None:
        self.task_num = task_num
        self.bar_width = bar_width
        self.completed = 0
        self.file = file
        if start:
            self.start()

    @property
    def terminal_width(self) -> int:
        """int: Width of the terminal in characters."""
        return get_terminal_size().columns

    def start(self) -> None:
        """Show the empty bar and start the clock."""
        if self.task_num > 0:
            self._write(f"[{' ' * self.bar_width}] 0/{self.task_num}, elapsed: 0s, ETA:")
        else:
            self._write("completed: 0, elapsed: 0s")
        self.timer = Timer()

    def update(self, num_tasks: int = 1) -> None:
        """Count finished tasks and show the bar again.

        Args:
            num_tasks (int): How many tasks have finished since the last call.

        Raises:
            AssertionError: If ``num_tasks`` is not positive.
        """
        assert num_tasks > 0, f"num_tasks must be positive, but got {num_tasks}"
        self.completed += num_tasks
        elapsed = self.timer.since_start()
        rate = self.completed / elapsed if elapsed > 0 else float("inf")
        if self.task_num <= 0:
            self._write(
                f"completed: {self.completed}, elapsed: {int(elapsed + 0.5)}s, {rate:.1f} tasks/s"
            )
            return
        share = min(self.completed / self.task_num, 1.0)
        left = int(elapsed * (1 - share) / share + 0.5)
        message = (
            f" {self.completed}/{self.task_num}, {rate:.1f} task/s, "
            f"elapsed: {int(elapsed + 0.5)}s, ETA: {left:5}s"
        )
        columns = self.terminal_width
        # Two brackets, and a column that stays free: a full line would break in some terminals.
        width = max(2, min(self.bar_width, columns - len(message) - 3, int(columns * 0.6)))
        self._write(f"\r[{'>' * int(width * share):<{width}}]{message}")

    def _write(self, text: str) -> None:
        self.file.write(text)
        self.file.flush()


def _split_tasks(tasks: Any) -> tuple[Iterable[Any], int]:
    if (
        isinstance(tasks, tuple)
        and len(tasks) == 2
        and isinstance(tasks[0], Iterable)
        and isinstance(tasks[1], int)
    ):
        return tasks[0], tasks[1]
    if isinstance(tasks, Sequence):
        return tasks, len(tasks)
    raise TypeError(
        "tasks must be a sequence, or a tuple of an iterable and the number of its items, "
        f"but got {type(tasks)}"
    )


def track_iter_progress(
    tasks: Sequence[Any] | tuple[Iterable[Any], int], bar_width: int = 50, file: TextIO = sys.stdout
) -> Iterator[Any]:
    """Iterate over tasks while a bar shows how far it is.

    Args:
        tasks (Sequence or tuple[Iterable, int]): The tasks, or the tasks and their number.
        bar_width (int): Width of the bar, in characters.
        file (TextIO): Where to write.

    Yields:
        object: Each task.

    Raises:
        TypeError: If ``tasks`` has another type.

    Example:
        >>> import io
        >>> sum(track_iter_progress([1, 2, 3], file=io.StringIO()))
        6
    """
    items, task_num = _split_tasks(tasks)
    bar = ProgressBar(task_num, bar_width, file=file)
    for task in items:
        yield task
        bar.update()
    bar.file.write("\n")


def track_progress(
    func: Callable[..., Any],
    tasks: Sequence[Any] | tuple[Iterable[Any], int],
    bar_width: int = 50,
    file: TextIO = sys.stdout,
    **kwargs: Any,
) -> list[Any]:
    """Apply a function to every task while a bar shows how far it is.

    Args:
        func (Callable): Called with a task and ``kwargs``.
        tasks (Sequence or tuple[Iterable, int]): The tasks, or the tasks and their number.
        bar_width (int): Width of the bar, in characters.
        file (TextIO): Where to write.
        **kwargs: Passed to ``func``.

    Returns:
        list: The results.

    Raises:
        TypeError: If ``tasks`` has another type.

    Example:
        >>> import io
        >>> track_progress(lambda x, by: x * by, [1, 2], file=io.StringIO(), by=3)
        [3, 6]
    """
    return [func(task, **kwargs) for task in track_iter_progress(tasks, bar_width, file)]


def track_parallel_progress(
    func: Callable[..., Any],
    tasks: Sequence[Any] | tuple[Iterable[Any], int],
    nproc: int,
    initializer: Callable[..., Any] | None = None,
    initargs: tuple[Any, ...] | None = None,
    bar_width: int = 50,
    chunksize: int = 1,
    skip_first: bool = False,
    keep_order: bool = True,
    file: TextIO = sys.stdout,
) -> list[Any]:
    """Apply a function to every task in several processes while a bar shows how far it is.

    Args:
        func (Callable): Called with a task.
        tasks (Sequence or tuple[Iterable, int]): The tasks, or the tasks and their number.
        nproc (int): Number of processes.
        initializer (Callable, optional): Called first in each process.
        initargs (tuple, optional): Its arguments.
        bar_width (int): Width of the bar, in characters.
        chunksize (int): How many tasks a process takes at a time.
        skip_first (bool): Start the clock after the first task of each process.
        keep_order (bool): Results in the order of the tasks, else as they come.
        file (TextIO): Where to write.

    Returns:
        list: The results.

    Raises:
        TypeError: If ``tasks`` has another type.

    Example:
        >>> import io
        >>> track_parallel_progress(abs, [-1, 2], nproc=1, file=io.StringIO())
        [1, 2]
    """
    items, task_num = _split_tasks(tasks)
    warm_up = nproc * chunksize if skip_first else 0
    bar = ProgressBar(task_num - warm_up, bar_width, start=not skip_first, file=file)
    results = []
    with Pool(nproc, initializer, initargs or ()) as pool:
        run = pool.imap if keep_order else pool.imap_unordered
        for result in run(func, items, chunksize):
            results.append(result)
            if len(results) > warm_up:
                bar.update()
            elif len(results) == warm_up:
                bar.start()
    bar.file.write("\n")
    return results
