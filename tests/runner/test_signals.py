"""What Ctrl-C, SIGTERM and errors leave of a Runner's training, each in a process of its own."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from textwrap import indent

import pytest

from tests.parity.engines import Engine

PROGRAM = """
import os, signal, sys
from pathlib import Path
import lightning.pytorch as pl
import torch
import mmlight
from mmlight.config import Config
from mmlight.hooks import Hook
from mmlight.registry import MODELS
from mmlight.runner import Runner
from tests.bridge.parts import Accuracy, Gan, config

signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background ignores

def tell(*signals):
    for signum in signals:
        os.kill(os.getpid(), signum)

class At(Hook):
    priority = "LOWEST"
    def __init__(self, iteration, act, point="before_train_iter"):
        self.iteration, self.act, self.seen = iteration, act, []
        setattr(self, point, self.check)
    def check(self, runner, **kwargs):
        self.seen.append(runner.iter)
        if runner.iter == self.iteration:
            self.iteration = None
            self.act()

@MODELS.register_module()
class FreezingGan(Gan):
    act = None
    def train_step(self, data, optim_wrapper):
        real = self.data_preprocessor(data)["inputs"]
        fake = self.generator(torch.randn(len(real), 2))
        loss_d = self.discriminator(fake.detach()).mean() - self.discriminator(real).mean()
        optim_wrapper["discriminator"].update_params(loss_d)
        self.discriminator.requires_grad_(False)
        if self.act is not None:
            act, self.act = self.act, None
            act()
        loss_g = -self.discriminator(fake).mean()
        optim_wrapper["generator"].update_params(loss_g)
        self.discriminator.requires_grad_(True)
        return {"loss": loss_g}

def open_files():
    return [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
            if os.path.exists(f"/proc/self/fd/{fd}")]

def weights(runner):
    return [value.clone() for value in runner.model.state_dict().values()]

def equal(one, other):
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))

"""


Run = Callable[..., str]


@pytest.fixture
def run(mmlight: Engine, tmp_path: Path) -> Run:
    """Run a program in a process that must end with a status; returns the log of its runs."""

    def run(program: str, exit_code: int = 0) -> str:
        body = f"folder = Path(folder)\n{program}"
        file = tmp_path / "program.py"
        file.write_text(f"{PROGRAM}\ndef run(engine, folder, work_dir):\n{indent(body, '    ')}")
        mmlight.run(file, str(tmp_path), exit_code=exit_code)
        return "".join(path.read_text() for path in tmp_path.rglob("*.log"))

    return run


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_without_a_checkpoint_hook_nothing_is_saved(signum: int, run: Run, tmp_path: Path) -> None:
    program = f"""
cfg = config(str(folder), custom_hooks=[At(3, lambda: tell({int(signum)}))])
cfg["default_hooks"] = {{"checkpoint": None}}
Runner.from_cfg(Config(cfg)).train()
"""
    log = run(program, 128 + signum)
    assert "after iteration 4: nothing is saved, since the run has no CheckpointHook" in log
    assert not list(tmp_path.rglob("*.pth"))


def test_a_rehearsal_saves_nothing(run: Run, tmp_path: Path) -> None:
    program = """
cfg = config(str(folder), custom_hooks=[At(1, lambda: tell(signal.SIGTERM))])
cfg["trainer"]["fast_dev_run"] = 3
Runner.from_cfg(Config(cfg)).train()
"""
    run(program, 143)
    assert not list(tmp_path.rglob("*.pth"))


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_at_once(signum: int, run: Run, tmp_path: Path) -> None:
    program = f"""
act = lambda: tell({int(signum)}, {int(signum)})
Runner.from_cfg(Config(config(str(folder), custom_hooks=[At(3, act)]))).train()
"""
    run(program, -signum)
    assert not list(tmp_path.rglob("interrupted*"))


def test_a_signal_before_the_first_iteration(run: Run, tmp_path: Path) -> None:
    program = """
class Early(Hook):
    def before_run(self, runner):
        tell(signal.SIGTERM)
Runner.from_cfg(Config(config(str(folder), custom_hooks=[Early()]))).train()
"""
    run(program, 143)
    assert not list(tmp_path.rglob("*.pth"))


def test_a_validation_is_finished_first(run: Run, tmp_path: Path) -> None:
    program = """
at = At(5, lambda: tell(signal.SIGTERM), "before_val_iter")
Runner.from_cfg(Config(config(str(folder), custom_hooks=[at]))).train()
"""
    run(program, 143)
    assert (tmp_path / "last_checkpoint").read_text().endswith("interrupted_iter_6.pth")


def test_a_gan_in_the_middle_of_its_step_at_a_prompt(run: Run) -> None:
    run(
        """
sys.ps1 = ">>> "
def gan(name, act):
    cfg = config(str(folder / name), model={"type": "FreezingGan"}, param_scheduler=None)
    wrapper = {"optimizer": {"type": "Adam", "lr": 0.01}}
    cfg["optim_wrapper"] = {"constructor": "MultiOptimWrapperConstructor",
                            "generator": wrapper, "discriminator": wrapper}
    for key in ("val_dataloader", "val_cfg", "val_evaluator"):
        del cfg[key]
    runner = Runner.from_cfg(Config(cfg))
    class Arm(Hook):
        def before_train_iter(self, runner, batch_idx, data_batch=None):
            if runner.iter == 7:
                runner.model.act, self.act = self.act, None
    arm = Arm()
    arm.act = act
    runner.register_hook(arm)
    return runner

def interrupted(runner):
    try:
        runner.train()
    except KeyboardInterrupt:
        return True
    return False

whole = gan("whole", None)
assert not interrupted(whole)

once = gan("once", lambda: tell(signal.SIGINT))
assert interrupted(once) and once.iter == 8
assert not interrupted(once) and once.iter == whole.iter
assert equal(weights(once), weights(whole))

# A second Ctrl-C does not wait for the end of the iteration, which is then made again.
twice = gan("twice", lambda: tell(signal.SIGINT, signal.SIGINT))
assert interrupted(twice) and twice.iter == 7
assert all(parameter.requires_grad for parameter in twice.model.parameters())
assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
assert not any(str(folder) in file for file in open_files())
assert not interrupted(twice) and twice.iter == whole.iter
""",
    )


def test_after_an_error_the_training_goes_on(run: Run) -> None:
    run(
        """
def fail():
    raise ValueError("a disk is full")

whole = Runner.from_cfg(Config(config(str(folder / "whole"))))
whole.train()
for point in ("before_train_iter", "before_val_iter"):
    at = At(5, fail, point)
    runner = Runner.from_cfg(Config(config(str(folder / point), custom_hooks=[at])))
    try:
        runner.train()
        raise AssertionError("no error")
    except ValueError:
        assert runner.iter == 5
        assert not any(str(folder) in file for file in open_files())
    runner.train()
    assert runner.iter == whole.iter and runner.epoch == whole.epoch
    if point == "before_train_iter":  # nothing was drawn for the iteration but its batch
        assert len(at.seen) == whole.iter + 1
""",
    )


def test_a_training_that_is_done_says_so(run: Run) -> None:
    program = """
runner = Runner.from_cfg(Config(config(str(folder))))
runner.train()
before = weights(runner)
runner.train()
assert equal(weights(runner), before)
"""
    log = run(program)
    assert log.count("nothing is left to train") == 1


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_in_a_trainer_of_ones_own_it_is_the_same(run: Run, tmp_path: Path, name: str) -> None:
    program = f"""
signum = signal.{name}
at = At(3, lambda: tell(signum))
ported = mmlight.from_config(Config(config(str(folder), custom_hooks=[at])))
try:
    pl.Trainer(**ported.trainer_kwargs).fit(ported.module, ported.datamodule)
    raise AssertionError("it was not interrupted")
except SystemExit as end:
    assert end.code == 128 + signum, end.code
    assert ported.module.runner.iter == 4
    assert not any(str(folder) in file for file in open_files())
"""
    run(program)
    (saved,) = tmp_path.rglob("interrupted_iter_4.pth")
    assert (saved.parent / "last_checkpoint").read_text().strip() == str(saved)
