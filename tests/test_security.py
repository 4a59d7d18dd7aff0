"""docs/security.md says what runs code and what does not: each line of it is tried."""

from __future__ import annotations

import importlib
import json
import pickle
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from mmlight.cli.main import main
from mmlight.config import Config
from mmlight.fileio import load
from mmlight.fileio.checkpoint_file import CheckpointFileError, read_checkpoint
from mmlight.registry import HOOKS
from mmlight.runner import CheckpointLoader
from tests.web import serve

PAGE = (Path(__file__).parents[1] / "docs" / "security.md").read_text()


def blocks() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def rows(heading: str) -> list[str]:
    """The first cells of the table under a heading."""
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| (?!what|---)(.*?) \|", section, re.MULTILINE)


class Runs:
    """Makes a folder when it is unpickled."""

    def __reduce__(self) -> tuple:
        return Path.mkdir, (Path("ran"),)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a stranger's files; what runs code in them makes ``ran``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("NEPTUNE_API_TOKEN", "mine")
    code = "from pathlib import Path\nPath('ran').mkdir()\n"
    (tmp_path / "stranger.py").write_text(
        f"lr = dict(a=[1, -2.5 * 2])\n{code}later = lambda lr: [lr for lr in lr]"
    )
    (tmp_path / "stranger_module.py").write_text(code)
    imports = {"imports": ["stranger_module"]}
    (tmp_path / "stranger.yaml").write_text(yaml.dump({"lr": 0.1, "custom_imports": imports}))
    (tmp_path / "stranger.json").write_text(json.dumps({"lr": 0.1}))
    package = tmp_path / "stranger_package"
    (package / ".mim" / "configs").mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError")
    (package / ".mim" / "configs" / "a.py").write_text(code)
    (tmp_path / "base.json").write_text('{"_base_": "stranger_package::a.py"}')
    (tmp_path / "stranger.pkl").write_bytes(pickle.dumps(Runs()))
    torch.save({"state_dict": {}, "meta": {"cfg": code}}, tmp_path / "stranger.pth")
    torch.save({"state_dict": Runs()}, tmp_path / "hostile.pth")
    (tmp_path / "named.yaml").write_text("a: !!python/object/apply:os.mkdir [ran]")
    yield tmp_path
    for name in ("stranger_module", "stranger_package"):
        sys.modules.pop(name, None)
    importlib.invalidate_caches()


def check_text(said: str, names: dict[str, Any]) -> None:
    assert "line 3: Path('ran').mkdir()" in said
    assert "line 4: lambda lr: [lr for lr in lr]" in said
    assert "line 1" not in said


def check_yaml(said: str, names: dict[str, Any]) -> None:
    assert "lr = 0.1" in said and "stranger_module" in said


def check_checkpoint(said: str, names: dict[str, Any]) -> None:
    assert said.startswith("['meta', 'state_dict'] from pathlib import Path")


def check_hidden(said: str, names: dict[str, Any]) -> None:
    assert "num_tokens = 7" in names["cfg"].pretty_text


def check_environment(said: str, names: dict[str, Any]) -> None:
    assert names["cfg"].init_kwargs.api_token == "mine"


EFFECTS: dict[str, Callable[[str, dict[str, Any]], None]] = {
    "looks_like_settings": check_text,
    "import_custom_modules=False": check_yaml,
    "read_checkpoint": check_checkpoint,
    "5ecret": check_hidden,
    "NEPTUNE_API_TOKEN": check_environment,
}


@pytest.mark.parametrize("code", blocks(), ids=lambda code: code.splitlines()[-1][:40])
def test_code_has_the_effect_that_it_is_shown_for(
    code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    checks = [check for words, check in EFFECTS.items() if words in code]
    assert len(checks) == 1
    names: dict[str, Any] = {}
    exec(compile(code, "security.md", "exec"), names)
    checks[0](capsys.readouterr().out, names)
    assert not Path("ran").exists()


def read_hostile_checkpoint() -> None:
    with pytest.raises(CheckpointFileError, match=r"hostile\.pth holds pathlib\.Path"):
        read_checkpoint("hostile.pth")


def read_hostile_weights() -> None:
    with serve(Path.cwd()) as address, pytest.raises(CheckpointFileError, match="hostile"):
        CheckpointLoader.load_checkpoint(f"{address}/hostile.pth", logger="silent")


def read_hostile_yaml() -> None:
    for read in (load, Config.fromfile):
        with pytest.raises(yaml.YAMLError, match="could not determine a constructor"):
            read("named.yaml")


def read_json() -> None:
    assert load("stranger.json") == Config.fromfile("stranger.json").to_dict() == {"lr": 0.1}


RUNS_CODE: dict[str, Callable[[], Any]] = {
    "a config file in Python": lambda: Config.fromfile("stranger.py"),
    "`custom_imports`": lambda: Config.fromfile("stranger.yaml"),
    "`_base_ =": lambda: Config.fromfile("base.json"),
    '`type="os.system"`': lambda: HOOKS.build({"type": "os.mkdir", "path": "ran"}),
    "`.pkl`": lambda: load("stranger.pkl"),
    "a checkpoint with": lambda: read_checkpoint("hostile.pth", weights_only=False),
    "`yaml.UnsafeLoader`": lambda: load("named.yaml", Loader=yaml.UnsafeLoader),
}
RUNS_NONE: dict[str, Callable[[], Any]] = {
    "a checkpoint, by default": read_hostile_checkpoint,
    "weights by URL": read_hostile_weights,
    "YAML:": read_hostile_yaml,
    "JSON": read_json,
}


def tried(row: str, what: dict[str, Callable[[], Any]]) -> Callable[[], Any]:
    (found,) = [attempt for words, attempt in what.items() if row.startswith(words)]
    return found


@pytest.mark.parametrize("row", rows("Runs code, by design"))
def test_this_runs_code(row: str) -> None:
    tried(row, RUNS_CODE)()
    assert Path("ran").exists()


@pytest.mark.parametrize("row", rows("Never runs code"))
def test_this_does_not(row: str) -> None:
    tried(row, RUNS_NONE)()
    assert not Path("ran").exists()


def test_printing_a_config_of_yaml_imports_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    main(["config", "stranger.yaml"])
    assert "lr = 0.1" in capsys.readouterr().out
    assert not Path("ran").exists()
