"""YAML and JSON of strangers: aliases, depth and numbers that want more than the text is worth."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from mmlight.config import Config
from mmlight.config.utils import ConfigParsingError
from mmlight.fileio import load


def laughs(levels: int, item: str = "[{}]") -> str:
    """Two kilobytes that stand for ``9 ** levels`` words."""
    lines = ["a0: &a0 {ha: ha}"]
    for level in range(1, levels + 1):
        inner = ", ".join([f"*a{level - 1}"] * 9)
        lines.append(f"a{level}: &a{level} {item.format(inner)}")
    return "\n".join(lines)


HOSTILE = {
    "aliases": (laughs(11), "with its aliases put in"),
    "merges": (laughs(11, "{{<<: [{}]}}"), "with its aliases put in"),
    "aliases as keys": ("a: &a [x]\n" + "b: &b {? *b : 1}", "contains itself"),
    "itself": ("a: &a [1, *a]", "contains itself"),
    "deep lists": ("a: " + "[" * 100_000 + "]" * 100_000, "deeper than 100"),
    "deep blocks": ("a:\n" + "".join(" " * n + "a:\n" for n in range(1, 2000)), "deeper than 100"),
    "deep sequences": ("a:\n  " + "- " * 20_000 + "a", "deeper than 100"),
    "deep keys": ("? " * 5000, "deeper than 100"),
    "deep by aliases": (
        "a0: &a0 [x]\n" + "\n".join(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 2000)),
        "deeper than 100",
    ),
    "long number": ("a: " + "1" * 200_000, "a number of 200000 characters"),
    "long time": ("a: " + "1:" * 200_000 + "1", "a number of"),
    "equal hashes": (
        "".join(f"{n * (2**61 - 1)}: 1\n" for n in range(20_000)),
        "a key that is a huge number",
    ),
    "function": ("a: !!python/name:os.system", "'os.system'"),
    "module": ("a: !!python/module:os", "'os'"),
    "call": ("a: !!python/object/apply:os.mkdir [made]", "could not determine a constructor"),
    "object": ("a: !!python/object/new:os.system [true]", "could not determine a constructor"),
}


@pytest.mark.parametrize("read", [load, Config.fromfile])
@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_yaml_is_refused(
    read: Callable[[Path], Any], case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text, said = HOSTILE[case]
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(yaml.YAMLError, match=said) as caught:
        read(tmp_path / "a.yaml")
    assert "a.yaml" in str(caught.value)
    assert len(str(caught.value)) < 500
    assert not (tmp_path / "made").exists()


def test_deep_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}")
    with pytest.raises(json.JSONDecodeError, match="nested too deeply"):
        load(tmp_path / "a.json")
    with pytest.raises(json.JSONDecodeError, match=r"a\.json: it is nested too deeply"):
        Config.fromfile(tmp_path / "a.json")
    (tmp_path / "a.json").write_text('{"a": ' + "[" * 600 + "]" * 600 + "}")
    with pytest.raises(ConfigParsingError, match=r"a\.json: it is nested deeper than 100 levels"):
        Config.fromfile(tmp_path / "a.json")


def test_aliases_that_people_write_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "base: &base {lr: 0.1, steps: [1, 2], large: 123456789012345678901}\n"
        "one: {<<: *base, lr: 0.2}\n"
        "both: [*base, *base]\n"
        "sizes: !!python/tuple [1, 2]\n"
        "time: 1:30:00\n"
    )
    base = {"lr": 0.1, "steps": [1, 2], "large": 123456789012345678901}
    expected = {
        "base": base,
        "one": {**base, "lr": 0.2},
        "both": [base, base],
        "sizes": (1, 2),
        "time": 5400,
    }
    assert load(tmp_path / "a.yaml") == expected
    assert Config.fromfile(tmp_path / "a.yaml").to_dict() == expected


def test_a_loader_of_ones_own_makes_more(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: !!python/name:os.sep ''")
    assert load(tmp_path / "a.yaml", Loader=yaml.UnsafeLoader) == {"a": "/"}
