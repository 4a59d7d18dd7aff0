import logging

import pytest

from mmlight.utils.dl_utils import TimeCounter


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """A clock of ours in place of the system's, and no counters of other tests."""

    class Clock:
        now = 0.0

        def run(self, seconds):
            self.now += seconds

    ours = Clock()
    monkeypatch.setattr("time.perf_counter", lambda: ours.now)
    monkeypatch.setattr(TimeCounter, "_instances", {})
    return ours


def test_a_decorated_function_reports_the_average_under_its_name(clock, capsys):
    @TimeCounter()
    def work(seconds):
        """Work."""
        clock.run(seconds)
        return seconds

    assert [work(0.1), work(0.3)] == [0.1, 0.3]
    assert work.__doc__ == "Work."
    assert capsys.readouterr().out == (
        "[work]-time per run averaged in the past 1 runs: 100.0 ms\n"
        "[work]-time per run averaged in the past 2 runs: 200.0 ms\n"
    )


def test_interval_and_warm_up(clock, capsys):
    @TimeCounter(log_interval=2, warmup_interval=3, tag="job")
    def work(seconds):
        clock.run(seconds)

    for seconds in (9, 9, 0.1, 0.3, 0.2):
        work(seconds)
    assert capsys.readouterr().out == ("[job]-time per run averaged in the past 4 runs: 200.0 ms\n")


def test_blocks_of_one_tag_are_counted_together(clock, capsys):
    for seconds in (0.1, 0.2, 0.3):
        with TimeCounter(tag="block", log_interval=3):
            clock.run(seconds)
    assert "past 3 runs: 200.0 ms" in capsys.readouterr().out
    assert TimeCounter(tag="block") is TimeCounter(tag="block")
    assert TimeCounter(tag="other") is not TimeCounter(tag="block")


def test_a_block_needs_a_tag():
    with pytest.raises(AssertionError, match="needs a tag"), TimeCounter():
        pytest.fail("the block must not be entered")
    with pytest.raises(AssertionError, match="warmup_interval must be at least 1"):
        TimeCounter(warmup_interval=0)


def test_a_logger_instead_of_print(clock, caplog, capsys):
    with caplog.at_level(logging.INFO), TimeCounter(tag="block", logger=logging.getLogger("mine")):
        clock.run(0.5)
    assert caplog.messages == ["[block]-time per run averaged in the past 1 runs: 500.0 ms"]
    assert capsys.readouterr().out == ""
