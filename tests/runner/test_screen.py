"""What a Runner shows of itself, and what only its log file has."""

from __future__ import annotations

from pathlib import Path

import pytest

import mmlight
from mmlight.config import Config
from mmlight.registry import Registry
from mmlight.runner import Runner
from tests.bridge.parts import config

WHOLE = ("PyTorch compiling details", "optim_wrapper = dict", "before_train_iter:")


def built(work_dir: Path, **changes: object) -> Runner:
    return Runner.from_cfg(Config(config(work_dir, **changes)))


def test_building_a_runner_shows_little_and_the_log_file_has_all(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    runner = built(tmp_path)
    shown = capsys.readouterr().out
    assert len(shown.splitlines()) <= 10
    assert "PyTorch" in shown and "seed 7" in shown and runner.logger.log_file in shown
    assert "VERY_HIGH    RuntimeInfoHook" in shown and "before_train_iter:" not in shown
    written = Path(runner.logger.log_file).read_text()
    assert all(part in written for part in WHOLE)


def test_all_is_shown_at_the_level_debug(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    built(tmp_path, log_level="DEBUG")
    shown = capsys.readouterr().out
    assert all(part in shown for part in WHOLE)


def test_nothing_is_shown_above_the_level(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    built(tmp_path, log_level="WARNING")
    assert capsys.readouterr().out == ""


def test_a_rehearsal_says_how_to_see_its_config(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    built(tmp_path, trainer={"fast_dev_run": True, "enable_progress_bar": False})
    assert "log_level='DEBUG' shows" in capsys.readouterr().out


def test_a_runner_says_what_it_is(tmp_path: Path) -> None:
    runner = built(tmp_path)
    assert repr(runner) == f"<Runner of Classifier: 0 iterations done, in {tmp_path}>"
    runner.train()
    assert repr(runner) == f"<Runner of Classifier: 15 iterations done, in {tmp_path}>"
    assert repr(Runner.__new__(Runner)) == "<Runner that is not built>"


def test_the_package_lists_what_it_has() -> None:
    assert {"from_config", "Ported", "__version__"} <= set(dir(mmlight))


def test_a_name_that_is_taken_can_be_taken_over() -> None:
    registry = Registry("screen")
    registry.register_module(name="Net", module=dict)
    with pytest.raises(KeyError, match="force=True"):
        registry.register_module(name="Net", module=list)
    registry.register_module(name="Net", module=list, force=True)
    assert registry.get("Net") is list
