"""Several runs in one process: each has what it would have in a process of its own."""

from __future__ import annotations

import gc
import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import pytest
import torch

import mmlight
from mmlight.config import Config
from mmlight.hooks import EMAHook, Hook, LoggerHook
from mmlight.logging import MessageHub, MMLogger, print_log
from mmlight.registry import DefaultScope
from mmlight.runner import Runner
from mmlight.visualization import Visualizer
from tests.bridge.parts import Plain, config
from tests.engine.toys import ADAM, GAN
from tests.engine.toys import loader as images

NAMED = (MessageHub, MMLogger, Visualizer, DefaultScope)


class Draws(Hook):
    """Writes down the losses, and numbers drawn from the global generators at each of them."""

    priority = "LOWEST"

    def __init__(self) -> None:
        self.seen: list[tuple] = []

    def after_train_iter(self, runner: Any, batch_idx: int, **kwargs: Any) -> None:
        losses = {name: float(value) for name, value in kwargs["outputs"].items()}
        self.seen.append((losses, random.random(), np.random.rand(), float(torch.rand(1))))


def one_config(work_dir: Path, **changes: Any) -> Config:
    return Config({**config(work_dir), "randomness": {"seed": 1}, **changes})


def other_config(work_dir: Path, **changes: Any) -> Config:
    """A GAN whose generator has its turn every third iteration."""
    return Config(
        {
            "model": {**GAN, "discriminator_steps": 3},
            "work_dir": str(work_dir),
            "train_dataloader": images(),
            "train_cfg": {"by_epoch": False, "max_iters": 12},
            "optim_wrapper": {
                "constructor": "MultiOptimWrapperConstructor",
                "generator": ADAM,
                "discriminator": ADAM,
            },
            "default_hooks": {"checkpoint": None, "logger": {"type": "LoggerHook", "interval": 2}},
            "log_processor": {"by_epoch": False},
            "randomness": {"seed": 2},
            "default_scope": "other",
            "trainer": {"enable_progress_bar": False},
            **changes,
        }
    )


def in_runner(cfg: Config) -> tuple[Runner, Callable[[], Any]]:
    runner = Runner.from_cfg(cfg)
    return runner, runner.train


def in_own_trainer(cfg: Config) -> tuple[Runner, Callable[[], Any]]:
    ported = mmlight.from_config(cfg)
    trainer = pl.Trainer(**ported.trainer_kwargs)
    return ported.runner, lambda: trainer.fit(ported.module, ported.datamodule)


WAYS = pytest.mark.parametrize("build", [in_runner, in_own_trainer])


def result(runner: Runner, draws: Draws) -> dict[str, Any]:
    weights = {name: value.clone() for name, value in runner.model.state_dict().items()}
    return {"seen": draws.seen, "weights": weights, "rates": rates(runner)}


def rates(runner: Runner) -> list[float]:
    hub = runner.message_hub
    return [
        float(value)
        for name in sorted(hub.log_scalars)
        if "lr" in name
        for value in hub.get_scalar(name).data[0]
    ]


def assert_equal(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert one["seen"] == other["seen"]
    assert one["rates"] == other["rates"]
    for name, value in one["weights"].items():
        assert torch.equal(value, other["weights"][name]), name


@pytest.fixture
def switches() -> Iterator[None]:
    """Start method and OpenCV's threads as they were."""
    import cv2
    import torch.multiprocessing as mp

    method, threads = mp.get_start_method(allow_none=True), cv2.getNumThreads()
    yield
    mp.set_start_method(method, force=True)
    cv2.setNumThreads(threads)


# ------------------------------------------------------------------------------ results


@WAYS
def test_runs_that_alternate_give_what_each_gives_alone(build: Any, tmp_path: Path) -> None:
    def alone(make: Any, name: str) -> dict[str, Any]:
        draws = Draws()
        runner, run = build(make(tmp_path / name, custom_hooks=[draws]))
        run()
        return result(runner, draws)

    expected = alone(one_config, "a"), alone(other_config, "b")
    draws = Draws(), Draws()
    first, run_first = build(one_config(tmp_path / "c", custom_hooks=[draws[0]]))
    second, run_second = build(other_config(tmp_path / "d", custom_hooks=[draws[1]]))
    run_second()
    run_first()
    assert_equal(result(first, draws[0]), expected[0])
    assert_equal(result(second, draws[1]), expected[1])
    assert len(draws[1].seen) == 12


@WAYS
def test_a_run_inside_a_hook_of_another_changes_nothing(build: Any, tmp_path: Path) -> None:
    class Inner(Hook):
        def after_train_epoch(self, runner: Any) -> None:
            current = [cls.get_current_instance() for cls in NAMED]
            build(other_config(tmp_path / f"inner_{runner.epoch}"))[1]()
            assert [cls.get_current_instance() for cls in NAMED] == current

    results = []
    for hooks in ([], [Inner()]):
        draws = Draws()
        work_dir = tmp_path / f"outer_{len(hooks)}"
        runner, run = build(one_config(work_dir, custom_hooks=[draws, *hooks]))
        run()
        results.append(result(runner, draws))
    assert_equal(*results)


def test_what_the_script_draws_before_its_only_run_counts(tmp_path: Path) -> None:
    losses = []
    for drawn in (0, 0, 3):
        draws = Draws()
        runner = Runner.from_cfg(one_config(tmp_path / str(len(losses)), custom_hooks=[draws]))
        torch.rand(drawn)
        runner.train()
        losses.append([seen[0] for seen in draws.seen])
    assert losses[0] == losses[1] != losses[2]


def test_a_trainer_of_the_script_keeps_the_seed_that_the_script_gave(tmp_path: Path) -> None:
    def fit(name: str, before: Callable[[], Any]) -> torch.Tensor:
        before()
        pl.seed_everything(3, verbose=False)
        module = Plain()
        plain_trainer(tmp_path / name, LoggerHook()).fit(module)
        return module.net.weight.detach().clone()

    alone = fit("alone", lambda: None)
    runner = Runner.from_cfg(one_config(tmp_path / "run"))
    assert torch.equal(fit("beside", runner.train), alone)


# ------------------------------------------------------------------- what is current


class Look(Hook):
    """Notes whose objects are the current ones at the points of a run."""

    def __init__(self) -> None:
        self.strange: list[str] = []
        self.points = 0

    def _look(self, runner: Any, **kwargs: Any) -> None:
        self.points += 1
        expected = [runner.message_hub, runner.logger, runner.visualizer]
        for own in expected:
            kind = next(cls for cls in NAMED if isinstance(own, cls))
            if kind.get_current_instance() is not own:
                self.strange.append(f"{runner.point}: {kind.__name__}")
        print_log(f"said at {runner.point}", logger="current")

    before_run = before_train = before_val = after_train_epoch = after_val = _look
    after_train = before_test = after_test = after_run = _look

    def after_train_iter(self, runner: Any, batch_idx: int, **kwargs: Any) -> None:
        self._look(runner)


@WAYS
def test_the_current_objects_are_those_of_the_run(build: Any, tmp_path: Path) -> None:
    look, scopes = Look(), []

    class Scope(Hook):
        def before_train(self, runner: Any) -> None:
            scopes.append(DefaultScope.get_current_instance().scope_name)

    hooks = [look, Scope()]
    first, run_first = build(one_config(tmp_path / "a", custom_hooks=hooks))
    second, run_second = build(other_config(tmp_path / "b", custom_hooks=hooks))
    before = [cls.get_current_instance() for cls in NAMED]
    assert before[:2] == [second.message_hub, second.logger]
    for run in (run_first, run_second):
        run()
        assert [cls.get_current_instance() for cls in NAMED] == before
    assert look.strange == [] and look.points > 20
    assert scopes == ["mmengine", "other"]
    for runner in (first, second):
        text = Path(runner.logger.log_file).read_text()
        assert text.count("said at before_train\n") == 1


def test_validation_and_test_have_their_own_too(tmp_path: Path) -> None:
    cfg = one_config(tmp_path / "a")
    look = Look()
    test = {f"test_{part}": cfg[f"val_{part}"] for part in ("dataloader", "cfg", "evaluator")}
    first = Runner.from_cfg(one_config(tmp_path / "a", custom_hooks=[look], **test))
    second = Runner.from_cfg(one_config(tmp_path / "b"))
    first.val()
    first.test()
    assert look.strange == [] and look.points == 8
    assert MessageHub.get_current_instance() is second.message_hub


def test_a_logger_of_the_user_is_current_again(tmp_path: Path) -> None:
    runner = Runner.from_cfg(one_config(tmp_path))
    mine = MMLogger.get_instance("mine", log_file=str(tmp_path / "mine.log"))
    runner.train()
    assert MMLogger.get_current_instance() is mine
    assert not (tmp_path / "mine.log").exists()


@WAYS
def test_an_error_in_a_hook_gives_back_what_was_current(build: Any, tmp_path: Path) -> None:
    class Broken(Hook):
        def after_train_epoch(self, runner: Any) -> None:
            raise ZeroDivisionError

    _, run = build(one_config(tmp_path / "a", custom_hooks=[Broken()]))
    build(other_config(tmp_path / "b"))
    before = [cls.get_current_instance() for cls in NAMED]
    with pytest.raises(ZeroDivisionError):
        run()
    assert [cls.get_current_instance() for cls in NAMED] == before


def test_a_run_that_cannot_be_built_leaves_nothing(tmp_path: Path) -> None:
    good = Runner.from_cfg(one_config(tmp_path / "a"))
    names = [list(cls._instance_dict) for cls in NAMED]
    open_before = open_files()
    with pytest.raises(KeyError, match="NoSuchModel"):
        Runner.from_cfg(one_config(tmp_path / "b", model={"type": "NoSuchModel"}))
    assert [list(cls._instance_dict) for cls in NAMED] == names
    assert MMLogger.get_current_instance() is good.logger
    assert open_files() == open_before


# ------------------------------------------------------------------- switches of the process


def test_switches_of_one_run_do_not_reach_another(tmp_path: Path, switches: None) -> None:
    import torch.multiprocessing as mp

    seen: dict[str, tuple] = {}

    class Note(Hook):
        def before_train(self, runner: Any) -> None:
            seen[Path(runner.work_dir).name] = (
                torch.backends.cudnn.benchmark,
                torch.are_deterministic_algorithms_enabled(),
                mp.get_start_method(),
            )

    exact = {"seed": 1, "deterministic": True}
    spawn = {"cudnn_benchmark": True, "mp_cfg": {"mp_start_method": "spawn"}}
    hooks = {"custom_hooks": [Note()]}
    first = Runner.from_cfg(one_config(tmp_path / "exact", randomness=exact, **hooks))
    second = Runner.from_cfg(one_config(tmp_path / "plain", **hooks))
    third = Runner.from_cfg(one_config(tmp_path / "fast", env_cfg=spawn, **hooks))
    for runner in (second, first, third, second, first):
        runner.train()
    assert seen == {
        "exact": (False, True, "fork"),
        "plain": (False, False, "fork"),
        "fast": (True, False, "spawn"),
    }


# --------------------------------------------------------------- Trainers with our hooks


def plain_trainer(folder: Path, *hooks: Any, **options: Any) -> pl.Trainer:
    return pl.Trainer(
        callbacks=list(hooks),
        default_root_dir=folder,
        accelerator="cpu",
        **{
            "max_epochs": 2,
            "logger": False,
            "enable_checkpointing": False,
            "enable_progress_bar": False,
            "enable_model_summary": False,
            **options,
        },
    )


def test_two_trainers_with_our_hooks_share_nothing(tmp_path: Path) -> None:
    looks = Look(), Look()
    trainers = [
        plain_trainer(tmp_path / name, LoggerHook(interval=2), look)
        for name, look in zip("ab", looks, strict=True)
    ]
    for trainer in trainers:
        trainer.fit(Plain())
    for name, look in zip("ab", looks, strict=True):
        (log,) = (tmp_path / name).glob("*/*.log")
        assert log.read_text().count("Epoch(train)") == 5
        (scalars,) = (tmp_path / name).glob("*/vis_data/scalars.json")
        steps = [json.loads(line)["step"] for line in scalars.read_text().splitlines()]
        assert steps == [2, 4, 1, 6, 8, 10, 2]
        assert look.strange == [] and look.points > 10


def test_a_trainer_does_not_write_into_the_log_of_a_run(tmp_path: Path) -> None:
    runner = Runner.from_cfg(one_config(tmp_path / "run"))
    look = Look()
    plain_trainer(tmp_path / "plain", look).fit(Plain())
    assert "said at" not in Path(runner.logger.log_file).read_text()
    assert look.strange == [] and MMLogger.get_current_instance() is runner.logger


def test_a_trainer_whose_hooks_say_nothing_leaves_no_log(tmp_path: Path) -> None:
    plain_trainer(tmp_path, EMAHook()).fit(Plain())
    assert not list(tmp_path.rglob("*.log"))


def test_each_trainer_announces_the_checkpoint_that_it_loads(tmp_path: Path) -> None:
    class Loaded(Hook):
        count = 0

        def after_load_checkpoint(self, runner: Any, checkpoint: dict) -> None:
            self.count += 1

    module, path = Plain(), str(tmp_path / "weights.ckpt")
    hooks = Loaded(), Loaded()
    trainers = [plain_trainer(tmp_path, hook, max_epochs=1) for hook in hooks]
    trainers[0].fit(module)
    trainers[0].save_checkpoint(path)
    trainers[0].validate(module, ckpt_path=path, verbose=False)
    trainers[0].validate(module, ckpt_path=path, verbose=False)
    trainers[1].validate(module, ckpt_path=path, verbose=False)
    plain_trainer(tmp_path).validate(module, ckpt_path=path, verbose=False)
    assert [hook.count for hook in hooks] == [2, 1]


def test_a_trainer_may_have_two_loggers_of_one_kind(tmp_path: Path) -> None:
    from lightning.pytorch.loggers import CSVLogger

    loggers = [CSVLogger(tmp_path, name=name) for name in "ab"]
    plain_trainer(tmp_path, LoggerHook(interval=2), logger=loggers).fit(Plain())
    for name in "ab":
        (metrics,) = (tmp_path / name).glob("*/metrics.csv")
        header = metrics.read_text().splitlines()[0].split(",")
        assert "accuracy" in header and "data_time" not in header


# ------------------------------------------------------------------------- open files


def open_files() -> list[str]:
    """Regular files that this process has open."""
    gc.collect()
    found = []
    for number in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{number}")
        except FileNotFoundError:  # the descriptor of the listing itself
            continue
        if target.startswith("/") and not target.startswith(("/dev", "/proc")):
            found.append(target)
    return sorted(found)


needs_proc = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")
BACKENDS = {
    "type": "Visualizer",
    "vis_backends": [{"type": "LocalVisBackend"}, {"type": "TensorboardVisBackend"}],
}


@needs_proc
def test_twenty_runs_leave_as_many_files_open_as_there_were(tmp_path: Path) -> None:
    options = {"visualizer": BACKENDS, "train_cfg": {"by_epoch": True, "max_epochs": 1}}
    before = open_files()
    runners = []
    for number in range(20):
        runner = Runner.from_cfg(one_config(tmp_path / str(number), **options))
        if number % 2:
            runner.train()
        else:
            runner.val()
        runners.append(runner)
    assert open_files() == before
    assert all(Path(runner.logger.log_file).stat().st_size for runner in runners)


@needs_proc
def test_runs_that_were_only_built_have_no_log_open(tmp_path: Path) -> None:
    before = open_files()
    runners = [Runner.from_cfg(one_config(tmp_path / str(number))) for number in range(3)]
    assert open_files() == before
    assert all(Path(runner.logger.log_file).stat().st_size for runner in runners)


@needs_proc
@WAYS
def test_an_error_in_a_hook_leaves_no_file_open(build: Any, tmp_path: Path) -> None:
    class Broken(Hook):
        priority = "LOWEST"

        def after_val_epoch(self, runner: Any, metrics: Any = None) -> None:
            runner.visualizer.add_scalars({"a": 1}, file_path="more.json")
            raise ZeroDivisionError

    before = open_files()
    runner, run = build(one_config(tmp_path, custom_hooks=[Broken()], visualizer=BACKENDS))
    with pytest.raises(ZeroDivisionError):
        run()
    assert open_files() == before
    (scalars,) = tmp_path.rglob("scalars.json")
    assert '"loss"' in scalars.read_text()
    assert len(list(tmp_path.rglob("*tfevents*"))) == 1
    assert "Epoch(val)" in Path(runner.logger.log_file).read_text()


@needs_proc
def test_an_error_in_a_trainer_leaves_no_file_open(tmp_path: Path) -> None:
    class Broken(Hook):
        priority = "LOWEST"

        def after_val_epoch(self, runner: Any, metrics: Any = None) -> None:
            raise ZeroDivisionError

    before = open_files()
    with pytest.raises(ZeroDivisionError):
        plain_trainer(tmp_path, LoggerHook(interval=2), Broken()).fit(Plain())
    assert open_files() == before
    assert MMLogger.get_current_instance().instance_name.startswith("Plain")


def test_a_run_that_goes_on_writes_behind_what_it_wrote(tmp_path: Path) -> None:
    class Once(Hook):
        broken = False

        def after_train_epoch(self, runner: Any) -> None:
            if not self.broken:
                self.broken = True
                raise ZeroDivisionError

    runner = Runner.from_cfg(one_config(tmp_path, custom_hooks=[Once()]))
    with pytest.raises(ZeroDivisionError):
        runner.train()
    log = Path(runner.logger.log_file)
    before = log.read_text()
    (scalars,) = tmp_path.rglob("scalars.json")
    lines = scalars.read_text().splitlines()
    runner.val()
    assert log.read_text().startswith(before) and "Epoch(val)" in log.read_text()[len(before) :]
    assert scalars.read_text().splitlines()[: len(lines)] == lines
    assert "points/accuracy" in scalars.read_text()
