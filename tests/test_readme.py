"""What the README shows does what it says: its code runs, its commands are understood."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torch import nn
from torch.distributed.run import get_args_parser
from torch.utils.data import DataLoader

from mmlight.cli.main import build_parser
from mmlight.config import Config

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
CONFIG = "configs/dcgan/dcgan_digits-32x32.py"
ITERATIONS = 4


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    return [
        line[2:]
        for block in blocks("console")
        for line in block.splitlines()
        if line.startswith("$ ")
    ]


class Generating(pl.LightningModule):
    """A reader's own project; it keeps the average that the hook is to come to."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = nn.Linear(3, 2)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.generator.parameters(), lr=0.5)

    def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
        return self.generator(batch).square().mean()

    def train_dataloader(self) -> DataLoader:
        return DataLoader(torch.randn(12, 3), batch_size=2)

    def on_train_start(self) -> None:
        self.started = self.generator.weight.detach().clone()
        self.expected = self.started.clone()

    def on_train_batch_end(self, *args: Any) -> None:
        self.expected.lerp_(self.generator.weight.detach(), 0.001)
        self.trainer.should_stop = self.global_step >= 9


def check_pieces_of_a_config(names: dict[str, Any]) -> None:
    ported = names["ported"]
    assert ported.runner.iter == names["trainer"].global_step == ITERATIONS
    folder = Path(ported.runner.work_dir)
    saved = torch.load(folder / f"iter_{ITERATIONS}.pth")
    for name, value in saved["state_dict"].items():
        assert torch.equal(value, ported.module.state_dict()[name].cpu()), name
    assert names["trainer"].profiler.recorded_durations["run_training_batch"]


def check_average(names: dict[str, Any]) -> None:
    module = names["my_module"]
    average = module.generator_ema.weight
    assert module.global_step >= 9
    assert not torch.equal(average, module.started)
    assert not torch.equal(average, module.generator.weight)
    torch.testing.assert_close(average, module.expected)


EFFECTS: dict[str, Callable[[dict[str, Any]], None]] = {
    "mmlight.from_config(": check_pieces_of_a_config,
    "ExponentialMovingAverageHook(": check_average,
}
"""What is checked behind the block of code with these words."""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the demo's config, cut down to a few iterations of a few weights."""
    cfg = Config.fromfile(ROOT / CONFIG)
    cfg.merge_from_dict(
        {
            "train_cfg.max_iters": ITERATIONS,
            "train_cfg.val_interval": ITERATIONS,
            "default_hooks.checkpoint.interval": 2,
            "model.generator.base_channels": 16,
            "model.discriminator.base_channels": 4,
            "work_dir": "work_dirs/small",
            **{
                f"{evaluator}.metrics.{index}.fake_nums": 64
                for evaluator in ("val_evaluator", "test_evaluator")
                for index in (0, 1)
            },
        }
    )
    (tmp_path / CONFIG).parent.mkdir(parents=True)
    cfg.dump(tmp_path / CONFIG)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("code", blocks("python"), ids=lambda code: code.splitlines()[-1][:40])
def test_code_has_the_effect_that_it_is_shown_for(project: Path, code: str) -> None:
    effects = [check for words, check in EFFECTS.items() if words in code]
    assert effects, "this block of code has no test: say in EFFECTS what it does"
    pl.seed_everything(1, verbose=False)
    names: dict[str, Any] = {"my_module": Generating()}
    exec(compile(code, "README.md", "exec"), names)
    for check in effects:
        check(names)


@pytest.mark.parametrize("command", commands())
def test_commands_are_understood(command: str) -> None:
    program, *words = shlex.split(command, comments=True)
    if program == "torchrun":
        launch = get_args_parser().parse_args(words)
        assert (launch.module, launch.training_script) == (True, "mmlight")
        program, words = "mmlight", launch.training_script_args
    if program == "mmlight":
        arguments = build_parser().parse_args(words)
        config = getattr(arguments, "config", CONFIG)
        assert config == "config.py" or (ROOT / config).is_file()
    else:
        assert program == "make"
        targets = re.findall(r"^(\w+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert set(words) <= set(targets)


RUN = """
import json, shutil, sys
from mmlight.cli import main
for words, newest, wanted in json.loads(sys.argv[1]):
    print("\\f", end="")
    if wanted is not None:
        shutil.copy(newest, wanted)
    if main(words):
        sys.exit(1)
"""


def test_the_commands_of_the_first_way_in_run(project: Path) -> None:
    demo = [words[1:] for words in map(shlex.split, commands()) if words[0] == "mmlight"]
    demo = [words for words in demo if CONFIG in words]
    assert [words[0] for words in demo] == ["train", "train", "test", "config", "check"]
    newest = f"runs/digits/iter_{ITERATIONS}.pth"
    steps = [
        (words, newest, getattr(build_parser().parse_args(words), "checkpoint", None))
        for words in demo
    ]
    done = subprocess.run(
        [sys.executable, "-c", RUN, json.dumps(steps)],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    _, first, resumed, tested, config, checked = done.stdout.split("\f")
    assert f"Saving checkpoint at {ITERATIONS} iterations" in first
    assert f"iter: {ITERATIONS}" in resumed
    assert "Saving" not in resumed
    assert "FD-EMA/fd" in tested
    assert "max_iters=100" in config
    assert "no faults" in checked
