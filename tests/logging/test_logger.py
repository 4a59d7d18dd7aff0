"""MMLogger: lines, files, levels, and progress bars beside it."""

from __future__ import annotations

import copy
import io
import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mmlight.logging import MMLogger, print_log
from mmlight.logging.logger import MMFormatter

TIME = r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d"


def test_lines_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "run.log"
    logger = MMLogger.get_instance(
        "run", logger_name="train", log_file=str(path), log_level="DEBUG"
    )
    logger.debug("details")
    logger.info("loss: %.2f", 0.5)
    logger.warning("be careful")
    logger.error("went wrong")
    lines = path.read_text().splitlines()
    assert re.fullmatch(f"{TIME} - train - DEBUG - details", lines[0])
    assert re.fullmatch(f"{TIME} - train - INFO - loss: 0.50", lines[1])
    assert re.fullmatch(f"{TIME} - train - WARNING - be careful", lines[2])
    where = rf"{re.escape(__file__)} - test_lines_in_the_file - \d+"
    assert re.fullmatch(f"{TIME} - train - ERROR - {where} - went wrong", lines[3])
    assert logger.log_file == str(path)


def test_lines_on_the_terminal(capsys) -> None:
    MMLogger.get_instance("run").info("done")
    assert re.fullmatch(
        r"\d\d/\d\d \d\d:\d\d:\d\d - mmengine - INFO - done\n", capsys.readouterr().out
    )


def test_only_a_terminal_gets_colours() -> None:
    record = logging.makeLogRecord({"name": "a", "levelno": 30, "levelname": "WARNING", "msg": "b"})
    assert "\x1b[33mWARNING\x1b[0m" in MMFormatter(color=True).format(record)
    assert "\x1b" not in MMFormatter(color=False).format(record)


def test_an_exception_is_shown(tmp_path: Path) -> None:
    logger = MMLogger.get_instance("run", log_file=str(tmp_path / "run.log"))
    try:
        raise ValueError("bad")
    except ValueError:
        logger.exception("stopped")
    text = (tmp_path / "run.log").read_text()
    assert "stopped\nTraceback" in text and text.endswith("ValueError: bad\n")


def test_a_warning_is_said_once(capsys) -> None:
    logger = MMLogger.get_instance("run")
    for step in range(3):
        logger.warning("low memory")
        logger.warning("step %d", step)
        logger.info("step")
        logger.warning({"unhashable": 1})
    out = capsys.readouterr().out
    assert out.count("low memory") == out.count("unhashable") == 1
    assert out.count("INFO - step") == out.count("WARNING - step") == 3


def test_levels(capsys) -> None:
    logger = MMLogger.get_instance("run", log_level="warning")
    logger.info("hidden")
    logger.setLevel("ERROR")
    logger.warning("hidden")
    assert not logger.isEnabledFor(logging.WARNING)
    assert capsys.readouterr().out == ""
    with pytest.raises(ValueError, match="LOUD"):
        MMLogger.get_instance("other", log_level="LOUD")


def test_a_changed_level_is_seen_at_once(capsys) -> None:
    logger = MMLogger.get_instance("run")
    assert logger.isEnabledFor(logging.INFO)
    logger.setLevel("ERROR")
    assert not logger.isEnabledFor(logging.INFO)
    logger.info("hidden")
    logger.setLevel(logging.INFO)
    logger.info("shown")
    assert capsys.readouterr().out.endswith("shown\n")


def test_it_is_apart_from_the_logging_module() -> None:
    logger = MMLogger.get_instance("run", logger_name="shared")
    assert logging.getLogger("shared") is not logger
    assert logger.parent is None


def test_without_handlers_nothing_is_written(capsys) -> None:
    logger = MMLogger.get_instance("run")
    logger.handlers.clear()
    logger.error("lost")
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_a_copy_is_the_same_logger() -> None:
    logger = MMLogger.get_instance("run")
    assert copy.deepcopy({"logger": logger})["logger"] is logger


def test_current_instance() -> None:
    assert MMLogger.get_current_instance().instance_name == "mmengine"
    latest = MMLogger.get_instance("latest")
    assert MMLogger.get_current_instance() is latest


def test_file_mode(tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    path.write_text("before\n")
    MMLogger.get_instance("run", log_file=str(path), file_mode="a").info("after")
    assert path.read_text().startswith("before\n") and "after" in path.read_text()


@pytest.mark.parametrize("mode", ["w", "a"])
def test_a_released_file_is_opened_again_behind_its_lines(mode: str, tmp_path: Path) -> None:
    path = tmp_path / "new" / "run.log"
    logger = MMLogger.get_instance("run", log_file=str(path), file_mode=mode)
    logger.release_files()
    assert not path.exists()
    for text in ("begun", "gone on"):
        logger.info(text)
        logger.release_files()
        logger.release_files()
        assert all(handler.stream is None for handler in logger.handlers[1:])
    assert [line.split(" - ")[-1] for line in path.read_text().splitlines()] == ["begun", "gone on"]


class TestPrintLog:
    def test_prints(self, capsys) -> None:
        print_log("hello")
        assert capsys.readouterr().out == "hello\n"

    def test_silent(self, capsys) -> None:
        print_log("hello", logger="silent")
        assert capsys.readouterr().out == ""

    @pytest.mark.parametrize("logger", ["run", "current"])
    def test_logs_by_name(self, logger: str, capsys) -> None:
        MMLogger.get_instance("run")
        print_log("hello", logger=logger, level=logging.WARNING)
        assert "WARNING - hello" in capsys.readouterr().out

    def test_logs_with_a_logger(self, caplog) -> None:
        print_log("hello", logger=logging.getLogger("third party"), level=logging.ERROR)
        assert caplog.record_tuples == [("third party", logging.ERROR, "hello")]

    def test_errors(self) -> None:
        with pytest.raises(ValueError, match="no MMLogger called 'unknown'"):
            print_log("hello", logger="unknown")
        with pytest.raises(TypeError, match="but got int"):
            print_log("hello", logger=3)  # type: ignore[arg-type]


def test_a_tqdm_bar_and_the_lines_do_not_tear_each_other(monkeypatch) -> None:
    from tqdm import tqdm

    screen = io.StringIO()
    monkeypatch.setattr(sys, "stdout", screen)
    logger = MMLogger.get_instance("run")
    # Its place is given, or it would stand below a bar that an interrupted run has left open.
    with tqdm(total=2, file=screen, mininterval=0, ncols=40, position=0) as bar:
        bar.update()
        logger.info("between")
        bar.update()
    # The bar was wiped from its line before the message was written there.
    [line] = [line for line in screen.getvalue().split("\n") if "between" in line]
    assert re.search(r"\r +\r\d\d/\d\d [\d:]+ - mmengine - INFO - between$", line)


def test_a_rich_bar_and_the_lines_do_not_tear_each_other(monkeypatch) -> None:
    from rich.console import Console
    from rich.live import Live

    screen = io.StringIO()
    monkeypatch.setattr(sys, "stdout", screen)
    logger = MMLogger.get_instance("run")
    with Live(
        "BAR", console=Console(file=screen, force_terminal=True, width=80), auto_refresh=False
    ):
        logger.info("between")
    before, after = screen.getvalue().split("between")
    assert "BAR" not in before.rsplit("\x1b[2K", 1)[-1]
    assert re.match(r"(\x1b\[\d*m| )*\n", after) and "BAR" in after


DISTRIBUTED = """
import sys
from torch import distributed as dist
from mmlight.logging import MMLogger
folder, rank = sys.argv[1], int(sys.argv[2])
dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
one = MMLogger.get_instance("one", log_file=f"{folder}/one.log")
each = MMLogger.get_instance("each", log_file=f"{folder}/each.log", distributed=True)
for logger in (one, each):
    logger.info(f"{logger.instance_name} of {rank}")
    logger.error(f"error in {logger.instance_name} of {rank}")
dist.destroy_process_group()
"""


def test_two_processes(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", DISTRIBUTED, str(tmp_path), str(rank)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    outputs = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert "INFO - one of 0" in outputs[0] and "error in each of 0" in outputs[0]
    assert "INFO" not in outputs[1] and "error in each of 1" in outputs[1]
    assert "of 1" not in (tmp_path / "one.log").read_text()
    for rank in range(2):
        [path] = tmp_path.glob(f"each_*@*_device*_rank{rank}.log")
        assert f"INFO - each of {rank}" in path.read_text()


def test_importing_the_logger_does_not_import_torch() -> None:
    code = (
        "import sys\n"
        "from mmlight.logging import MMLogger\n"
        "MMLogger.get_instance('a')\n"
        "print('torch' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "False"


def test_log_files_that_begin_anew(tmp_path):
    path = tmp_path / "logs" / "run.log"
    cfg = {"type": "RotatingFileHandler", "maxBytes": 200, "backupCount": 2}
    logger = MMLogger("rotating", log_file=str(path), file_handler_cfg=cfg)
    logger.info("first %s", "x" * 150)
    logger.release_files()
    logger.info("second %s", "x" * 150)
    logger.release_files()
    assert "second" in path.read_text() and "first" in path.with_suffix(".log.1").read_text()
    for wrong in ({"maxBytes": 1}, {"type": "SocketHandler"}, {"type": "Nope"}):
        with pytest.raises(ValueError, match="RotatingFileHandler"):
            MMLogger("wrong", log_file=str(path), file_handler_cfg=wrong)
