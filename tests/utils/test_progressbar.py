import io
import os

import pytest

from mmlight.utils import (
    ProgressBar,
    track_iter_progress,
    track_parallel_progress,
    track_progress,
    track_progress_rich,
)


@pytest.fixture(autouse=True)
def terminal(monkeypatch):
    """A terminal of 80 columns and a clock that moves a second at each look."""
    seconds = iter(range(10**6))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("mmlight.utils.timer.monotonic", lambda: float(next(seconds)))


def double(x, by=2):
    return x * by


def process_of(_):
    return os.getpid()


def test_the_bar_line_by_line():
    out = io.StringIO()
    bar = ProgressBar(4, bar_width=12, file=out)
    assert out.getvalue() == f"[{' ' * 12}] 0/4, elapsed: 0s, ETA:"
    bar.update()
    bar.update(3)
    lines = out.getvalue().split("\r")
    # The clock of the test: started at 0, last checked at 1, so the first update is at 2.
    assert lines[1] == "[>>>         ] 1/4, 0.5 task/s, elapsed: 2s, ETA:     6s"
    assert lines[2] == "[>>>>>>>>>>>>] 4/4, 1.3 task/s, elapsed: 3s, ETA:     0s"
    with pytest.raises(AssertionError, match="num_tasks must be positive"):
        bar.update(0)


def test_a_wide_bar_fits_the_terminal():
    out = io.StringIO()
    bar = ProgressBar(2, bar_width=200, file=out)
    bar.update()
    assert len(out.getvalue().split("\r")[1]) == 79


@pytest.mark.parametrize(("columns", "bar_width", "expected"), [(80, 5, 5), (20, 50, 2)])
def test_a_narrow_bar_and_a_narrow_terminal(monkeypatch, columns, bar_width, expected):
    monkeypatch.setenv("COLUMNS", str(columns))
    out = io.StringIO()
    ProgressBar(2, bar_width, file=out).update(2)
    assert f"\r[{'>' * expected}] 2/2" in out.getvalue()


def test_a_bar_of_an_unknown_number_of_tasks():
    out = io.StringIO()
    bar = ProgressBar(file=out, start=False)
    assert out.getvalue() == ""
    bar.start()
    bar.update(4)
    assert out.getvalue().startswith("completed: 0, elapsed: 0s")
    assert out.getvalue().endswith("completed: 4, elapsed: 2s, 2.0 tasks/s")


@pytest.mark.parametrize("tasks", [[1, 2, 3], (1, 2, 3), (iter([1, 2, 3]), 3)])
def test_track_progress(tasks):
    out = io.StringIO()
    assert track_progress(double, tasks, bar_width=10, file=out, by=3) == [3, 6, 9]
    assert "3/3" in out.getvalue() and out.getvalue().endswith("\n")


def test_track_iter_progress_yields_the_tasks():
    out = io.StringIO()
    assert list(track_iter_progress(([1, 2], 2), bar_width=10, file=out)) == [1, 2]
    assert "2/2" in out.getvalue()


@pytest.mark.parametrize("tasks", [3, iter([1])])
def test_tasks_of_another_type(tasks):
    with pytest.raises(TypeError, match="tasks must be a sequence"):
        track_progress(double, tasks)


def test_a_pair_of_tasks_is_not_taken_for_tasks_and_their_number():
    assert track_progress(double, (3, 4), file=io.StringIO()) == [6, 8]


@pytest.mark.parametrize("keep_order", [True, False])
def test_track_parallel_progress(keep_order):
    out = io.StringIO()
    results = track_parallel_progress(
        double, [1, 2, 3, 4], nproc=2, bar_width=10, keep_order=keep_order, file=out
    )
    assert (results if keep_order else sorted(results)) == [2, 4, 6, 8]
    assert "4/4" in out.getvalue()


def test_parallel_tasks_run_elsewhere_and_the_clock_can_skip_their_start():
    out = io.StringIO()
    processes = track_parallel_progress(
        process_of, [0] * 4, nproc=1, skip_first=True, bar_width=10, file=out
    )
    assert os.getpid() not in processes
    assert "0/3" in out.getvalue() and "3/3" in out.getvalue()


@pytest.mark.parametrize("nproc", [1, 2])
def test_track_progress_rich(nproc, capsys):
    tasks = [(1, 2), [3, 3], 5]
    assert track_progress_rich(double, tasks, nproc=nproc, description="doubling") == [2, 9, 10]
    assert "doubling" in capsys.readouterr().out


def test_a_dict_is_one_argument(capsys):
    assert track_progress_rich(len, [{"x": 3, "by": 3}]) == [2]


def test_track_progress_rich_without_tasks(capsys):
    assert track_progress_rich(lambda: 1, task_num=3) == [1, 1, 1]
    assert track_progress_rich(double, iter([1, 2]), task_num=2) == [2, 4]
    with pytest.raises(ValueError, match="task_num"):
        track_progress_rich(double)
    with pytest.raises(ValueError, match="task_num is 3, but there are 2 tasks"):
        track_progress_rich(double, [1, 2], task_num=3)
    with pytest.raises(ValueError, match="nproc must be a positive number"):
        track_progress_rich(double, [1], nproc=0)
    with pytest.raises(TypeError, match="func must be callable"):
        track_progress_rich(3, [1])
    with pytest.raises(TypeError, match="tasks must be an iterable"):
        track_progress_rich(double, 3)
