"""What a Runner sets up before it builds anything."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mmlight.config import Config
from mmlight.runner import Runner
from tests.bridge.parts import config


@pytest.mark.parametrize("name", [None, "dcgan"])
def test_runs_that_start_in_the_same_second_share_nothing(
    name: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    cfg = config(tmp_path, experiment_name=name)
    first, second = (Runner.from_cfg(Config(cfg)) for _ in range(2))

    assert first.timestamp < second.timestamp
    assert first.experiment_name != second.experiment_name
    assert first.logger is not second.logger
    first.message_hub.update_info("best_score", 1.0)
    assert "best_score" not in second.message_hub.runtime_info
