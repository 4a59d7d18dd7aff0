"""The public signatures as mypy sees them in a project that uses mmlight."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mypy", reason="mypy comes with the extra `lint`")

ROOT = Path(__file__).parents[2]


def mypy(folder: Path, code: str) -> str:
    """Check code in a folder of its own, where mmlight is an installed package."""
    (folder / "client.py").write_text(code)
    # Reading torch takes long, so what was found out about it is kept from run to run.
    cache = ROOT / ".mypy_cache" / "client"
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(cache), "client.py"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_a_client_project_passes(tmp_path: Path) -> None:
    found = mypy(tmp_path, (ROOT / "tests" / "typing" / "client.py").read_text())
    assert found == "Success: no issues found in 1 source file\n"


def test_the_runner_of_a_hook_has_types(tmp_path: Path) -> None:
    lines = [f"reveal_type(runner.{name})" for name in REVEALED]
    lines += ["runner.itr", "runner.message_hub.update_scalr"]
    body = "".join(f"        {line}\n" for line in lines)
    found = mypy(tmp_path, HOOK + body)
    for name, kind in REVEALED.items():
        assert f'Revealed type is "{kind}"' in found, name
    assert '"RunnerLike" has no attribute "itr"; maybe "iter"?' in found
    assert '"MessageHub" has no attribute "update_scalr"; maybe "update_scalar"' in found


HOOK = """
from mmlight.hooks import Hook, RunnerLike

class Look(Hook):
    def before_train(self, runner: RunnerLike) -> None:
"""
REVEALED = {
    "iter": "int",
    "epoch": "int",
    "max_epochs": "int | None",
    "model": "torch.nn.modules.module.Module",
    "trainer": "lightning.pytorch.trainer.trainer.Trainer",
    "logger": "mmlight.logging.logger.MMLogger",
    "message_hub": "mmlight.logging.message_hub.MessageHub",
    "visualizer": "mmlight.visualization.visualizer.Visualizer",
    "work_dir": "str",
}


def test_the_marker_of_typed_packages_is_installed_with_the_package() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    assert '"py.typed"' in project.partition("[tool.setuptools.package-data]")[2].splitlines()[1]
    assert (ROOT / "mmlight" / "py.typed").is_file()
