"""The command line, each command in a process of its own where MMEngine is not installed."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.parity.engines import ROOT, Engine

Run = Callable[..., dict[str, Any]]
Output = Callable[..., str]

CONFIG = """
custom_imports = dict(imports=["project_model"], allow_failed_imports=False)
model = dict(type="Line")
train_dataloader = dict(
    batch_size=4,
    num_workers=0,
    dataset=dict(type="Points"),
    sampler=dict(type="DefaultSampler", shuffle=True),
    collate_fn=dict(type="default_collate"),
)
val_dataloader = train_dataloader
test_dataloader = train_dataloader
train_cfg = dict(by_epoch=True, max_epochs=2, val_interval=1)
val_cfg = dict()
test_cfg = dict()
optim_wrapper = dict(type="OptimWrapper", optimizer=dict(type="SGD", lr=0.1))
val_evaluator = dict(type="Error")
test_evaluator = val_evaluator
auto_scale_lr = dict(base_batch_size=8, enable=False)
randomness = dict(seed=1)
default_scope = "mmengine"
"""

# It imports MMEngine, as the modules of every OpenMMLab project do.
PROJECT_MODEL = """
import torch
from torch import nn
from torch.utils.data import Dataset
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.registry import DATASETS, METRICS, MODELS

@DATASETS.register_module()
class Points(Dataset):
    def __len__(self):
        return 8
    def __getitem__(self, index):
        return dict(inputs=torch.tensor([float(index)]))

@MODELS.register_module()
class Line(BaseModel):
    def __init__(self, width=1):
        super().__init__()
        self.layer = nn.Linear(1, width)
    def forward(self, inputs, mode="tensor"):
        value = self.layer(inputs / 8)
        if mode == "loss":
            return dict(loss=(value - 1).square().mean())
        return [dict(value=item) for item in value]

@METRICS.register_module()
class Error(BaseMetric):
    def process(self, data_batch, data_samples):
        self.results += [float((sample["value"] - 1).abs().mean()) for sample in data_samples]
    def compute_metrics(self, results):
        return dict(error=sum(results) / len(results))
"""

# It sends the signal once: the run that goes on is at a later iteration.
SIGNAL = """
import os
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

@HOOKS.register_module()
class Signal(Hook):
    def __init__(self, signum):
        self.signum = signum
    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == 2:
            os.kill(os.getpid(), self.signum)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a config and the module that it imports."""
    (tmp_path / "line.py").write_text(CONFIG)
    (tmp_path / "project_model.py").write_text(PROJECT_MODEL)
    return tmp_path


def command(engine: str, project: str, arguments: list[str]) -> dict[str, Any]:
    import contextlib
    import io
    import os
    import traceback

    from mmlight.cli import main

    os.chdir(project)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(arguments)
        except Exception:
            traceback.print_exc()
            code = 1
    return {"code": code, "out": out.getvalue(), "err": err.getvalue()}


@pytest.fixture
def run(mmlight: Engine, project: Path) -> Run:
    """Run a command in the project's folder; returns its exit code and what it printed."""
    return lambda *arguments: mmlight.run(command, str(project), list(arguments))


@pytest.fixture
def output(run: Run) -> Output:
    """Run a command that must succeed; returns what it printed."""

    def succeed(*arguments: str) -> str:
        done = run(*arguments)
        assert done["code"] == 0, done["err"]
        return done["out"]

    return succeed


def shell(line: str, project: Path) -> str:
    """Type a line that a command has printed; returns what comes of it."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        line, shell=True, cwd=project, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def resolved(work_dir: Path) -> str:
    """The config that a run wrote into its work dir."""
    return (work_dir / "line.py").read_text()


def test_train_resume_and_test(project: Path, output: Output) -> None:
    assert "\ncheckpoints " not in output("train", "line.py")
    work_dir = project / "work_dirs" / "line"
    assert (work_dir / "epoch_2.pth").is_file()
    assert (work_dir / "last_checkpoint").read_text().strip().endswith("epoch_2.pth")
    (log,) = work_dir.glob("*/*.log")
    first = log.read_text()
    assert "Epoch(train) [1]" in first and "Epoch(val) [1]" in first
    output("train", "line.py", "--resume", "--cfg-options", "train_cfg.max_epochs=3")
    assert (work_dir / "epoch_3.pth").is_file()
    # A run that begins in the same second goes on in the same file.
    second = "".join(path.read_text() for path in sorted(work_dir.glob("*/*.log")))[len(first) :]
    assert "Epoch(train) [3]" in second and "Epoch(train) [2]" not in second
    checkpoint = str(work_dir / "epoch_3.pth")
    out = ["--out", "predictions.pkl", "--work-dir", "tested"]
    output("test", "line.py", checkpoint, *out)
    assert (project / "predictions.pkl").stat().st_size > 0
    (log,) = (project / "tested").glob("*/*.log")
    assert "error: " in log.read_text()


def test_the_runner_is_of_its_type(project: Path, run: Run, output: Output) -> None:
    options = ["--cfg-options", "runner_type=FlexibleRunner"]
    failed = run("train", "line.py", *options, "strategy.type=DeepSpeedStrategy")
    assert failed["code"] != 0 and "DeepSpeedStrategy cannot be obeyed" in failed["err"]
    output("train", "line.py", *options, "strategy.type=SingleDeviceStrategy")
    assert (project / "work_dirs" / "line" / "epoch_2.pth").is_file()


def test_options_reach_the_config(project: Path, output: Output) -> None:
    options = ["--work-dir", "here", "--amp", "--auto-scale-lr", "--seed", "7"]
    changes = ["--cfg-options", "model.width=2", "optim_wrapper.dtype=bfloat16"]
    output("train", "line.py", *options, *changes)
    text = resolved(project / "here")
    for expected in ("AmpOptimWrapper", "enable=True", "seed=7", "width=2", "dtype='bfloat16'"):
        assert expected in text


def test_resume_from_a_given_checkpoint(project: Path, output: Output) -> None:
    output("train", "line.py")
    first = str(project / "work_dirs" / "line" / "epoch_1.pth")
    output("train", "line.py", "--resume", first, "--work-dir", "again")
    (log,) = (project / "again").glob("*/*.log")
    assert "Epoch(train) [2]" in log.read_text() and "Epoch(train) [1]" not in log.read_text()


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_the_run_and_says_how_to_go_on(
    signum: int, project: Path, output: Output
) -> None:
    with (project / "project_model.py").open("a") as file:
        file.write(SIGNAL)
    (project / "whole.py").write_text(CONFIG)
    with (project / "line.py").open("a") as file:
        file.write(f"custom_hooks = [dict(type='Signal', signum={int(signum)})]\n")
    options = ["--cfg-options", "train_cfg.max_epochs=3", "--work-dir", "a b"]
    command = [sys.executable, "-m", "mmlight", "train", "line.py", *options]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, cwd=project, env=environ, capture_output=True, text=True)
    assert ended.returncode == 128 + signum, ended.stderr
    lines = ended.stdout.splitlines()
    (index,) = [index for index, line in enumerate(lines) if line.endswith("to go on, run")]
    shell(lines[index + 1], project)
    output("train", "whole.py", *options[:-1], "whole")
    ends = [torch.load(project / name / "epoch_3.pth") for name in ("a b", "whole")]
    for weight, expected in zip(*(end["state_dict"].values() for end in ends), strict=True):
        assert torch.equal(weight, expected)
    assert not list((project / "a b").glob("interrupted*"))


def test_the_end_says_where_the_results_are_and_how_to_test_them(
    project: Path, output: Output
) -> None:
    with (project / "line.py").open("a") as file:
        file.write("default_hooks = dict(checkpoint=dict(")
        file.write("save_best='error', rule='less', out_dir='kept'))\n")
        file.write("visualizer = dict(type='Visualizer', vis_backends=[")
        file.write("dict(type='TensorboardVisBackend')])\n")
    shown = output("train", "line.py", "--work-dir", "a b", "--cfg-options", "model.width=2")
    end = dict(line.split("  ", 1) for line in shown.splitlines()[-5:])
    said = {name: text.strip() for name, text in end.items()}
    assert list(said) == [
        "results", "checkpoints", "best error", "to test it", "to see its curves"
    ]  # fmt: skip
    assert shlex.split(said["results"]) == ["a b"]
    assert shlex.split(said["checkpoints"]) == ["kept/a b"]
    score, _, best = shlex.split(said["best error"])
    assert (project / best).is_file()
    tested = shell(said["to test it"], project)
    assert float(tested.rsplit("error: ", 1)[1].split()[0]) == pytest.approx(float(score), abs=1e-3)
    program, *words = shlex.split(said["to see its curves"])
    assert os.access(program, os.X_OK) and words == ["--logdir", "a b"]


def test_a_rehearsal_has_no_results(output: Output) -> None:
    shown = output("train", "line.py", "--cfg-options", "trainer.fast_dev_run=1")
    assert "results" not in shown


def test_little_comes_before_the_training_unless_all_is_asked_for(output: Output) -> None:
    def before(*options: str) -> int:
        lines = output("train", "line.py", *options).splitlines()
        return next(index for index, line in enumerate(lines) if "Epoch(train)" in line)

    assert before() <= 40 < before("--verbose")


def test_config_is_printed_and_dumped(project: Path, output: Output) -> None:
    shown = output("config", "line.py", "--cfg-options", "model.width=3")
    assert "model = dict(type='Line', width=3)" in shown
    output("config", "line.py", "--dump", "line.json")
    assert json.loads((project / "line.json").read_text())["model"] == {"type": "Line"}


def test_check_says_whether_a_config_would_run(project: Path, output: Output) -> None:
    said = output("check", "line.py", "--cfg-options", "train_dataloader.num_workers=2")
    data = "given its data (not read: train_dataloader, val_dataloader, test_dataloader)"
    assert said == f"line.py would run, {data}: no faults, no warnings\n"
    assert not (project / "work_dirs").exists()


def test_check_lists_all_faults(project: Path, run: Run) -> None:
    with (project / "line.py").open("a") as file:
        file.write("custom_hooks = [\n    dict(type='EMAHok')]\nparam_schedular = []\n")
    done = run("check", "line.py", "--cfg-options", "model.widht=2", "train_cfg.max_epochs=0")
    assert done["code"] == 1 and not done["err"]
    warning, *faults, end = done["out"].splitlines()
    at = f"({project / 'line.py'}, line"
    assert warning.startswith("warning: param_schedular ") and "'param_scheduler'" in warning
    assert [line.split(": ")[1] for line in faults] == [
        "model.widht",  # in no file
        f"custom_hooks.0.type {at} {len(CONFIG.splitlines()) + 2})",
        f"train_cfg.max_epochs {at} 13)",
    ]
    assert end == "line.py would not run: 3 faults, 1 warning"


def test_strict_refuses_keys_that_nothing_reads(project: Path, run: Run) -> None:
    options = ["line.py", "--cfg-options", "param_schedular=1"]
    for command in ("train", "check"):
        done = run(command, *options, "--strict")
        assert done["code"] == 1 and "param_schedular" in done["out"] + done["err"]
    assert not list((project / "work_dirs").glob("*/*.pth"))
    assert run("check", *options)["code"] == 0


def test_a_key_that_nothing_reads_is_told_before_the_training(output: Output) -> None:
    said = output("train", "line.py", "--cfg-options", "env_cfg.cudnn_bechmark=True")
    told = said.index("env_cfg.cudnn_bechmark: did you mean 'cudnn_benchmark'?")
    assert told < said.index("Epoch(train)")


def test_an_error_of_the_system_names_its_key(project: Path, run: Run) -> None:
    done = run("train", "line.py", "--work-dir", "/dev/null/here", "--debug")
    assert "(config key `work_dir` in line.py)" in done["err"]


def test_env_names_the_packages_that_matter(output: Output) -> None:
    shown = output("env")
    assert all(f"{name}: " in shown for name in ("Python", "PyTorch", "Lightning"))


def test_the_package_is_the_command() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "mmlight", "--version"], capture_output=True, text=True, cwd=ROOT
    )
    assert shown.stdout.startswith("mmlight ")


def test_help_needs_neither_torch_nor_lightning() -> None:
    code = (
        "import runpy, sys\n"
        "sys.argv = ['mmlight', '--help']\n"
        "try:\n    runpy.run_module('mmlight', run_name='__main__')\n"
        "except SystemExit as end:\n    assert end.code == 0\n"
        "assert not {'torch', 'lightning', 'matplotlib'} & set(sys.modules)\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in ("train", "test", "config", "env"))


MISTAKES = {
    "unknown type": (["train", "line.py", "--cfg-options", "model.type=Lime"], "Line"),
    "misspelt argument": (["train", "line.py", "--cfg-options", "model.widht=2"], "'width'"),
    "no such config": (["train", "lime.py"], "line.py"),
    "no training data": (
        ["train", "line.py", "--cfg-options", "train_dataloader=None"],
        "train_dataloader",
    ),
    "no such checkpoint": (["test", "line.py", "missing.pth"], "missing.pth (config key"),
    "resume from nothing": (
        ["train", "line.py", "--resume", "missing.pth"],
        "by --resume missing.pth)",
    ),
    "mixed precision without optimizer": (
        ["train", "line.py", "--amp", "--cfg-options", "optim_wrapper=None"],
        "optim_wrapper",
    ),
    "no such log level": (["train", "line.py", "--cfg-options", "log_level=INF"], "'INFO'"),
    "workers that persist, but none": (
        ["train", "line.py", "--cfg-options", "train_dataloader.persistent_workers=True"],
        "(config key `train_dataloader.persistent_workers` in line.py)",
    ),
    "no such way to start processes": (
        ["train", "line.py", "--cfg-options", "env_cfg.mp_cfg.mp_start_method=frok"],
        "'frok' (config key `env_cfg.mp_cfg` in line.py)",
    ),
    "no such precision": (
        ["train", "line.py", "--cfg-options", "trainer.precision=16-mixd"],
        "(config key `trainer` in line.py)",
    ),
    "no such argument of the Trainer": (
        ["train", "line.py", "--cfg-options", "trainer.limit_train_batchs=2"],
        "trainer.limit_train_batchs). Did you mean 'limit_train_batches'",
    ),
    "a work dir that cannot be": (
        ["train", "line.py", "--work-dir", "/dev/null/here"],
        "'/dev/null/here' (config key `work_dir` in line.py)",
    ),
    "nothing to scale": (
        ["train", "line.py", "--auto-scale-lr", "--cfg-options", "auto_scale_lr=None"],
        "base_batch_size",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_explained_in_a_sentence(name: str, run: Run) -> None:
    arguments, hint = MISTAKES[name]
    done = run(*arguments)
    assert done["code"] == 1
    assert "Traceback" not in done["err"]
    explained = next(line for line in done["err"].splitlines() if line.startswith("mmlight: "))
    assert hint in explained


def test_a_syntax_error_names_file_and_line(project: Path, run: Run) -> None:
    (project / "line.py").write_text("model = dict(\n    type='Line'\n    width=2)\n")
    done = run("train", "line.py")
    assert done["code"] == 1 and "Traceback" not in done["err"]
    assert "line.py" in done["err"] and "line 2" in done["err"]


@pytest.mark.parametrize("wrong", ["foo + 1", "1 / 0", "int('one')"])
def test_an_error_of_a_config_names_its_line(wrong: str, project: Path, run: Run) -> None:
    (project / "line.py").write_text(f"def number():\n    return {wrong}\nmodel = number()\n")
    done = run("train", "line.py")
    assert done["code"] == 1 and "Traceback" not in done["err"]
    assert "line.py, line 2: " in done["err"] and wrong in done["err"]


def test_a_yaml_error_is_explained(project: Path, run: Run) -> None:
    (project / "line.yaml").write_text("model: [Line\nwidth: }\n")
    done = run("train", "line.yaml")
    assert done["code"] == 1 and "Traceback" not in done["err"]
    told, _ = done["err"].splitlines()
    assert "line.yaml: while parsing" in told and "at line 2, column" in told


def test_an_error_in_a_users_class_keeps_its_traceback(project: Path, run: Run) -> None:
    broken = PROJECT_MODEL.replace("nn.Linear(1, width)", "nn.Linear(1, width, dtype='float')")
    (project / "project_model.py").write_text(broken)
    done = run("train", "line.py")
    assert done["code"] == 1
    assert "Traceback" in done["err"] and "(config key `model` in line.py)" in done["err"]


def test_debug_shows_the_traceback(run: Run) -> None:
    done = run("train", "lime.py", "--debug")
    assert done["code"] == 1
    assert "Traceback" in done["err"] and "FileNotFoundError" in done["err"]


def test_an_error_in_the_users_own_code_keeps_its_traceback(project: Path, run: Run) -> None:
    broken = PROJECT_MODEL.replace(
        "value = self.layer(inputs / 8)", "value = self.layer(undefined)"
    )
    (project / "project_model.py").write_text(broken)
    done = run("train", "line.py")
    assert done["code"] == 1
    assert "Traceback" in done["err"] and "NameError" in done["err"]
