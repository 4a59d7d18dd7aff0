"""A copy of a config for a run: dicts and lists of its own, the same objects."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from mmlight.config import Config, copy_config


class Live:
    """What cannot be copied without loss."""

    def __init__(self) -> None:
        self.lock = threading.Lock()  # copy.deepcopy would fail

    def __repr__(self) -> str:
        return "<live>"


def settings(live: Live) -> dict[str, Any]:
    return {"a": {"b": [{"c": live}, (live, [1])], "s": {1}}, "live": live}


@pytest.mark.parametrize("kind", [dict, Config])
def test_containers_are_copied_and_objects_kept(kind: type) -> None:
    live = Live()
    cfg = kind(settings(live))
    copied = copy_config(cfg)
    assert type(copied) is kind
    assert copied["live"] is copied["a"]["b"][0]["c"] is copied["a"]["b"][1][0] is live
    copied["a"]["b"][0]["c"] = 3
    copied["a"]["b"][1][1].append(2)
    copied["a"]["s"].add(2)
    copied["new"] = 1
    assert cfg["a"]["b"][0]["c"] is live
    assert cfg["a"]["b"][1] == (live, [1])
    assert cfg["a"]["s"] == {1}
    assert "new" not in cfg


def test_a_config_keeps_its_file_and_lazy_imports(tmp_path: Path) -> None:
    path = tmp_path / "exp.py"
    path.write_text("from no_such_package import Model\nmodel = dict(type=Model, depth=3)\n")
    copied = copy_config(Config.fromfile(path))
    assert copied.filename == str(path)
    assert "no_such_package.Model" in copied.pretty_text


def test_a_config_with_live_objects_is_printed_and_dumped(tmp_path: Path) -> None:
    cfg = Config(settings(Live()))
    assert "'<live>'" in cfg.pretty_text
    for suffix in ("py", "json", "yaml"):
        path = tmp_path / f"dumped.{suffix}"
        cfg.dump(path)
        assert Config.fromfile(path).live == "<live>"
