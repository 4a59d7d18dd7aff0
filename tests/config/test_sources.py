"""Where the files of a config set a key, and which names they use."""

from __future__ import annotations

from pathlib import Path

from mmlight.config import Config
from mmlight.config.sources import Sources

BASE = """\
lr = 0.1
model = dict(
    type="A",
    parts=[dict(depth=1), dict(depth=2)],
)
optim_wrapper = dict(optimizer=dict(type="SGD", lr=lr))
"""
CHILD = """\
_base_ = "base.py"

pipeline = [dict(type="Load")]
model = dict(
    depth=3)
_base_.model.parts[1].depth = 4
data = {"batch_size": 2, "pipeline": pipeline}
data.update(dict(workers=1), shuffle=True)
other = {{_base_.optim_wrapper}}
"""


def sources(folder: Path, **files: str) -> Sources:
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    cfg = Config.fromfile(folder / list(files)[-1].replace("_", "."))
    return Sources(cfg.text, cfg.filename)


def at(sources: Sources, key: str) -> tuple[str, int] | None:
    place = sources.place(key.split("."))
    return None if place is None else (Path(place.file).name, place.line)


def test_the_last_file_that_sets_a_key_counts(tmp_path: Path) -> None:
    found = sources(tmp_path, base_py=BASE, exp_py=CHILD)
    assert at(found, "model") == ("exp.py", 4)
    assert at(found, "model.depth") == ("exp.py", 5)
    assert at(found, "model.parts.0.depth") == ("base.py", 4)
    assert at(found, "optim_wrapper.optimizer.lr") == ("base.py", 6)
    assert at(found, "model.width") is None


def test_variables_and_changes_in_place_are_followed(tmp_path: Path) -> None:
    found = sources(tmp_path, base_py=BASE, exp_py=CHILD)
    assert at(found, "data.pipeline.0.type") == ("exp.py", 3)
    assert at(found, "data.workers") == at(found, "data.shuffle") == ("exp.py", 8)


def test_used_names_are_those_that_something_refers_to(tmp_path: Path) -> None:
    found = sources(tmp_path, base_py=BASE, exp_py=CHILD)
    assert {"lr", "pipeline", "optim_wrapper", "data"} <= found.used_names
    assert not {"other"} & found.used_names


def test_yaml_and_json(tmp_path: Path) -> None:
    text = "model:\n  type: A\n  parts:\n    - depth: 1\n    - depth: 2\nlr: 0.1\n"
    found = sources(tmp_path, exp_yaml=text)
    assert at(found, "model.parts.1.depth") == ("exp.yaml", 5)
    assert at(found, "lr.x") is None
    found = sources(tmp_path, exp_json='{"model":\n {"type": "A",\n  "depth": 2}}')
    assert at(found, "model.depth") == ("exp.json", 3)


def test_text_that_is_no_python_before_variables_are_replaced() -> None:
    found = Sources("batch = {{$SIZE:8}}\ndata = dict(size=batch)\n", "exp.py")
    assert "batch" in found.used_names and "data" not in found.used_names
    assert found.place(["data"]) is None
