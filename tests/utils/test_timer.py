import pytest

from mmlight.utils import Timer, TimerError, check_time


@pytest.fixture
def clock(monkeypatch):
    """A clock of ours in place of the system's: `clock.now` is what it shows."""

    class Clock:
        now = 100.0

    monkeypatch.setattr("mmlight.utils.timer.monotonic", lambda: Clock.now)
    return Clock


def test_both_readings_count_as_a_check(clock):
    timer = Timer()
    clock.now += 2
    assert timer.since_last_check() == 2
    clock.now += 3
    assert timer.since_start() == 5
    clock.now += 1
    assert timer.since_last_check() == 1


def test_start_of_a_running_timer_keeps_its_beginning(clock):
    timer = Timer()
    clock.now += 2
    timer.start()
    clock.now += 1
    assert timer.since_last_check() == 1
    assert timer.since_start() == 3


def test_a_timer_that_does_not_run_says_so():
    timer = Timer(start=False)
    assert not timer.is_running
    for read in (timer.since_start, timer.since_last_check):
        with pytest.raises(TimerError, match="timer is not running"):
            read()
    timer.start()
    assert timer.is_running


def test_as_a_context_manager_it_prints(clock, capsys):
    with Timer() as timer:
        clock.now += 1.25
    with Timer(print_tmpl="it takes {:.1f} seconds"):
        clock.now += 0.5
    assert capsys.readouterr().out == "1.250\nit takes 0.5 seconds\n"
    assert not timer.is_running


def test_check_time_keeps_a_timer_for_each_name(clock):
    assert check_time("test-one") == 0
    clock.now += 2
    assert check_time("test-two") == 0
    clock.now += 1
    assert check_time("test-one") == 3
    assert check_time("test-two") == 1
