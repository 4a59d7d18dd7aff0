"""Where the files of a run go whose config does not say it."""

from __future__ import annotations

from pathlib import Path

import pytest

import mmlight
from mmlight.config import Config
from mmlight.runner import Runner
from tests.bridge.parts import config


def test_a_config_of_a_file_has_a_folder_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = config(str(tmp_path))
    del settings["work_dir"]
    with pytest.raises(KeyError, match="no key 'work_dir'"):
        Runner.from_cfg(settings)
    settings["train_dataloader"] = settings["val_dataloader"] = None
    (tmp_path / "small.py").touch()
    cfg = Config(settings, filename=str(tmp_path / "small.py"))
    for key in ("train_cfg", "optim_wrapper", "val_cfg", "val_evaluator", "param_scheduler"):
        cfg[key] = None
    assert mmlight.from_config(cfg).runner.work_dir == str(tmp_path / "work_dirs" / "small")
    assert "work_dir" not in cfg
