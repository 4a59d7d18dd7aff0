"""What a config is for a Trainer of the user's own."""

from __future__ import annotations

from pathlib import Path

import mmlight
from tests.bridge.parts import config


def test_it_shows_what_it_has_in_a_line(tmp_path: Path) -> None:
    shown = repr(mmlight.from_config(config(tmp_path)))
    assert shown.startswith("Ported(Classifier, callbacks: ") and "CheckpointHook; " in shown
    assert "max_epochs" in shown
    assert " at 0x" not in shown and "\n" not in shown
