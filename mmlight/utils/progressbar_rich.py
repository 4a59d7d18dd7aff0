"""Progress of tasks with rich's bar."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sized
from multiprocessing import Pool
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress


class _Unpack:
    """Calls a function with a task's items as its arguments; can be sent to a process."""

    def __init__(self, func: Callable[..., Any]) -> None:
        self.func = func

    def __call__(self, task: Any) -> Any:
        return self.func(*task) if isinstance(task, (tuple, list)) else self.func(task)


def track_progress_rich(
    func: Callable[..., Any],
    tasks: Iterable[Any] = (),
    task_num: int | None = None,
    nproc: int = 1,
    chunksize: int = 1,
    description: str = "Processing",
    color: str = "blue",
) -> list[Any]:
    """Apply a function to every task, in one or more processes, under a rich progress bar.

    Args:
        func (Callable): Called with a task; the items of a tuple or a list are its arguments.
        tasks (Iterable): The tasks; none at all calls ``func`` without arguments.
        task_num (int, optional): Number of tasks, where ``tasks`` has no length or is empty.
        nproc (int): Number of processes.
        chunksize (int): How many tasks a process takes at a time.
        description (str): Text before the bar.
        color (str): Colour of the bar.

    Returns:
        list: The results in the order of the tasks.

    Raises:
        TypeError: If ``tasks`` is not iterable, or ``func`` cannot be called.
        ValueError: If ``nproc`` is not positive, ``tasks`` is empty and ``task_num`` is missing, or
            ``task_num`` is not the length of ``tasks``.

    Example:
        >>> track_progress_rich(pow, [(2, 3), (3, 2)], description="powers")  # doctest: +ELLIPSIS
        powers ...
        [8, 9]
    """
    if not callable(func):
        raise TypeError(f"func must be callable, but got {type(func)}")
    if not isinstance(tasks, Iterable):
        raise TypeError(f"tasks must be an iterable object, but got {type(tasks)}")
    if nproc <= 0:
        raise ValueError(f"nproc must be a positive number, but got {nproc}")
    if isinstance(tasks, Sized):
        if len(tasks) == 0:
            if task_num is None:
                raise ValueError("an empty tasks needs a task_num")
            tasks = [()] * task_num
        elif task_num not in (None, len(tasks)):
            raise ValueError(f"task_num is {task_num}, but there are {len(tasks)} tasks")
        task_num = len(tasks)  # type: ignore[arg-type]
    call = _Unpack(func)
    with _make_progress(color) as progress:
        bar = progress.add_task(description, total=task_num)
        if nproc == 1:
            return [_advance(progress, bar, call(task)) for task in tasks]
        with Pool(nproc) as pool:
            return [_advance(progress, bar, result) for result in pool.imap(call, tasks, chunksize)]


def _make_progress(color: str) -> Progress:
    # Imported here because rich takes as long to import as the rest of the package's helpers.
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}", style=color),
        BarColumn(complete_style=color),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )


def _advance(progress: Progress, bar: Any, result: Any) -> Any:
    progress.advance(bar)
    return result
