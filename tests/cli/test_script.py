"""A script that `mmlight explain --script` prints does, bit for bit, what `mmlight train` does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from mmlight.config import Config
from mmlight.runner.script import write_script
from tests.cli.test_cli import CONFIG, PROJECT_MODEL
from tests.parity.engines import ROOT

DIGITS = str(ROOT / "configs/dcgan/dcgan_digits-32x32.py")
# An epoch-based training with dropout's and the sampler's random numbers, a scheduler, validation,
# hooks at a priority of their own, and something of Lightning's.
LINE = f"""
{CONFIG}
model = dict(type="Line", width=3)
optim_wrapper = dict(
    optimizer=dict(type="SGD", lr=0.1, momentum=0.9),
    clip_grad=dict(type="value", clip_value=0.5),
    paramwise_cfg=dict(custom_keys={{"layer.bias": dict(lr_mult=0.1)}}),
)
param_scheduler = [dict(type="LinearLR", start_factor=0.1, end=3, by_epoch=False)]
default_hooks = dict(checkpoint=dict(interval=1), logger=dict(interval=1), timer=None)
custom_hooks = [
    dict(type="EMAHook", momentum=0.1, priority="ABOVE_NORMAL"),
    dict(type="lightning.pytorch.callbacks.Timer", duration=dict(hours=1)),
]
trainer = dict(max_epochs=3, enable_progress_bar=False)
"""
CONFIGS = """
import contextlib
from mmlight.cli import main
for name, words in {words!r}.items():
    assert main(["train", *words, f"work_dir={{name}}"]) == 0
    with open(f"{{name}}_script.py", "w") as file, contextlib.redirect_stdout(file):
        assert main(["explain", "--script", *words, f"work_dir={{name}}_script"]) == 0
"""
SCRIPTS = """
import runpy
for name in {words!r}:
    runpy.run_path(f"{{name}}_script.py", run_name="__main__")
"""


def process(folder: Path, program: str) -> None:
    """Run a program with the modules of a folder."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": f"{ROOT}:{folder}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def scalars(work_dir: Path) -> list[dict[str, Any]]:
    (file,) = work_dir.glob("*/vis_data/scalars.json")
    lines = map(json.loads, file.read_text().splitlines())
    return [{key: line[key] for key in line if "time" not in key} for line in lines]


def test_a_script_trains_as_its_config(tmp_path: Path) -> None:
    (tmp_path / "line.py").write_text(LINE)
    (tmp_path / "project_model.py").write_text(PROJECT_MODEL)
    words = {
        "line": ["line.py", "--cfg-options"],
        "digits": [
            *[DIGITS, "--cfg-options", "train_cfg.max_iters=3", "custom_hooks.1.interval=3"],
            *["default_hooks.logger.interval=1", "default_hooks.checkpoint.interval=3"],
        ],
    }
    process(tmp_path, CONFIGS.format(words=words))
    process(tmp_path, SCRIPTS.format(words=words))
    line = (tmp_path / "line_script.py").read_text()
    assert "hook_0.priority = " in line and "Timer(duration=dict(hours=1))" in line
    assert "return Line(width=3)" in line and "from torch.optim import SGD" in line
    for name, last in (("line", "epoch_3.pth"), ("digits", "iter_3.pth")):
        config, script = tmp_path / name, tmp_path / f"{name}_script"
        assert len(scalars(script)) >= 3
        assert scalars(script) == scalars(config)
        ours, theirs = (
            torch.load(folder / last, weights_only=False) for folder in (script, config)
        )
        for key, tensor in theirs["state_dict"].items():
            assert torch.equal(ours["state_dict"][key], tensor), key


def test_what_no_script_can_write_is_refused() -> None:
    model = {"type": "torch.nn.Linear", "in_features": 1, "out_features": 1}
    cfg = {"model": model, "work_dir": "out"}
    with pytest.raises(ValueError, match=r"custom_hooks\[0\].x is a Tensor object, which no"):
        write_script({**cfg, "custom_hooks": [{"type": "EMAHook", "x": torch.zeros(1)}]})
    with pytest.raises(ValueError, match="a script has no launcher"):
        write_script({**cfg, "launcher": "pytorch"})
    with pytest.raises(ValueError, match="'FlexibleRunner' has a Trainer of its own"):
        write_script(Config({**cfg, "runner_type": "FlexibleRunner"}))
