"""A run that goes on from a file that lacks parts says which of them begin anew."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch.callbacks import Callback, Timer

from mmlight.config import Config
from mmlight.engine import ReduceLRSchedulerHook
from mmlight.hooks import CheckpointHook, EMAHook, Hook
from mmlight.runner import Runner
from mmlight.runner.ported import from_config
from tests.bridge.pair import Data, average, module, trainer
from tests.bridge.parts import config
from tests.bridge.test_data import Count, trainer_with
from tests.hooks.toy import Net, log_of, runner_of

LACKS = "The checkpoint lacks, so that it begins anew: "


class Remembers(Hook):
    """Has a state."""

    def state_dict(self) -> dict[str, Any]:
        return {"seen": 1}


def cfg_of(work_dir: Path, **changes: Any) -> Config:
    hook = {"type": "CheckpointHook", "interval": 1, **changes.pop("checkpoint", {})}
    schedulers = [
        {"type": "LinearLR", "start_factor": 0.5, "end": 4, "by_epoch": False},
        {"type": "StepLR", "step_size": 1},
    ]
    full = {
        "default_hooks": {"checkpoint": hook},
        "custom_hooks": [{"type": "EMAHook"}, Remembers()],
        "param_scheduler": schedulers,
        "train_cfg": {"by_epoch": True, "max_epochs": 2},
        **changes,
    }
    return Config(config(work_dir, True, **full))


def in_runner(cfg: Config, path: Path) -> str:
    cfg["resume"], cfg["load_from"] = True, str(path)
    runner = Runner.from_cfg(cfg)
    runner.train()
    return log_of(runner)


def in_own_trainer(cfg: Config, path: Path) -> str:
    pieces = from_config(cfg)
    trainer_with(Count()).fit(pieces.module, pieces.datamodule, ckpt_path=path)
    return log_of(pieces.runner)


WAYS = pytest.mark.parametrize("way", [in_runner, in_own_trainer])


def told(log: str) -> list[str]:
    """The parts that were named, in one warning at most."""
    lines = [line.partition(LACKS)[2] for line in log.splitlines() if LACKS in line]
    assert len(lines) <= 1
    return lines[0].removesuffix(".").split("; ") if lines else []


@pytest.fixture(scope="module")
def written(tmp_path_factory: Any) -> Path:
    """The checkpoint of a whole run after its first epoch."""
    folder = tmp_path_factory.mktemp("whole")
    Runner.from_cfg(cfg_of(folder)).train()
    return folder / "epoch_1.pth"


@WAYS
def test_a_whole_file_lacks_nothing(way: Callable, written: Path, tmp_path: Path) -> None:
    assert told(way(cfg_of(tmp_path), written)) == []


@WAYS
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda saved: saved.pop("optimizer"), ["the optimizer (optim_wrapper), with the config"]),
        (
            lambda saved: saved.pop("param_schedulers"),
            ["param_scheduler[0] (LinearLR)", "param_scheduler[1] (StepLR)"],
        ),
        (lambda saved: saved["param_schedulers"].pop(), ["param_scheduler[1] (StepLR)"]),
        (lambda saved: saved.pop("message_hub"), ["the log history and the best scores so far"]),
        (lambda saved: saved.pop("ema_state_dict"), ["the average of EMAHook (ema_state_dict)"]),
        (lambda saved: saved["callbacks"].clear(), ["the state of Remembers"]),
        (lambda saved: saved["mmlight"].update(loader=None), ["the order of the data"]),
    ],
)
def test_each_part_that_is_not_there(
    way: Callable, change: Callable, expected: list[str], written: Path, tmp_path: Path
) -> None:
    saved = torch.load(written, weights_only=False)
    change(saved)
    if saved["mmlight"]["loader"] is None:
        saved["mmlight"]["position"]["phase"] = "between"  # no data of this epoch are left
    torch.save(saved, tmp_path / "less.pth")
    found = told(way(cfg_of(tmp_path), tmp_path / "less.pth"))
    assert len(found) == len(expected)
    for part, start in zip(found, expected, strict=True):
        assert part.startswith(start)


@WAYS
def test_a_best_file_without_states(way: Callable, tmp_path: Path) -> None:
    less = {"save_optimizer": False, "save_param_scheduler": False}
    best = {"save_best": "points/accuracy", "rule": "greater"}
    Runner.from_cfg(cfg_of(tmp_path / "first", checkpoint={**best, **less})).train()
    (path, *_) = (tmp_path / "first").glob("best_*_epoch_1.pth")
    found = told(way(cfg_of(tmp_path / "second"), path))
    assert [part.split()[0] for part in found] == [
        "the",
        "param_scheduler[0]",
        "param_scheduler[1]",
    ]


def test_what_was_not_to_be_resumed_is_not_missed(written: Path, tmp_path: Path) -> None:
    saved = torch.load(written, weights_only=False)
    del saved["optimizer"], saved["param_schedulers"]
    torch.save(saved, tmp_path / "less.pth")
    runner = Runner.from_cfg(cfg_of(tmp_path, custom_hooks=[]))
    runner.resume(str(tmp_path / "less.pth"), resume_optimizer=False, resume_param_scheduler=False)
    assert told(log_of(runner)) == []


def test_an_average_that_had_not_begun_is_not_missed(tmp_path: Path) -> None:
    hooks = [{"type": "EMAHook", "begin_iter": 4}]
    for begin in (4, 6):
        hooks[0]["begin_iter"] = begin
        folder = tmp_path / str(begin)
        first = {"by_epoch": True, "max_epochs": 2}
        runner_of(folder, train_cfg=first, custom_hooks=hooks).train()
        saved = torch.load(folder / "epoch_2.pth", weights_only=False)
        assert "ema_state_dict" in saved
        checkpoint = {"checkpoint": {"type": "CheckpointHook", "interval": 1}}
        runner_of(folder, default_hooks=checkpoint, custom_hooks=hooks).train()
        assert ("ema_state_dict" in torch.load(folder / "epoch_1.pth")) is (begin == 4)
        again = runner_of(
            folder, custom_hooks=hooks, resume=True, load_from=str(folder / "epoch_1.pth")
        )
        again.train()
        assert told(log_of(again)) == []


class Two(Net):
    """Updates with each of two optimizers."""

    def train_step(self, data: Any, optim_wrapper: Any) -> dict[str, torch.Tensor]:
        losses, logged = self.parse_losses(self(**self.data_preprocessor(data), mode="loss"))
        optim_wrapper["first"].update_params(losses)
        return logged


def two_optimizers(work_dir: Path, **changes: Any) -> Runner:
    from mmlight.optim import OptimWrapper, OptimWrapperDict

    model = Two()
    parts = {"first": model.layers[0], "second": model.layers[2]}
    wrappers = {
        name: OptimWrapper(torch.optim.SGD(part.parameters(), lr=0.1, momentum=0.9))
        for name, part in parts.items()
    }
    step = {"type": "StepLR", "step_size": 1}
    return runner_of(
        work_dir,
        model=model,
        optim_wrapper=OptimWrapperDict(**wrappers),
        param_scheduler={"first": [step], "second": [step, step]},
        **changes,
    )


def test_one_of_two_optimizers(tmp_path: Path) -> None:
    two_optimizers(tmp_path).train()
    saved = torch.load(tmp_path / "epoch_3.pth", weights_only=False)
    del saved["optimizer"]["second"]
    saved["param_schedulers"]["second"].pop()
    torch.save(saved, tmp_path / "less.pth")
    longer = {"by_epoch": True, "max_epochs": 4}
    resume = {"resume": True, "load_from": str(tmp_path / "less.pth"), "train_cfg": longer}
    runner = two_optimizers(tmp_path, **resume)
    runner.train()
    assert told(log_of(runner)) == [
        "the optimizer optim_wrapper.second",
        "param_scheduler['second'][1] (StepLR)",
    ]
    saved["param_schedulers"] = [saved["param_schedulers"]["first"][0]]  # as of one optimizer
    torch.save(saved, tmp_path / "less.pth")
    runner = two_optimizers(tmp_path, **resume)
    runner.train()
    assert [part.split()[0] for part in told(log_of(runner))[1:]] == [
        "param_scheduler['first'][0]",
        "param_scheduler['second'][0]",
        "param_scheduler['second'][1]",
    ]


@WAYS
def test_what_mmengine_never_saves_is_named_in_one_sentence(
    way: Callable, written: Path, tmp_path: Path
) -> None:
    saved = torch.load(written, weights_only=False)
    kept = ("meta", "state_dict", "message_hub", "optimizer", "param_schedulers", "ema_state_dict")
    torch.save({key: saved[key] for key in kept}, tmp_path / "theirs.pth")
    (part,) = told(way(cfg_of(tmp_path), tmp_path / "theirs.pth"))
    assert part.startswith("what files of mmlight alone hold")
    torch.save({key: saved[key] for key in kept[:3]}, tmp_path / "less.pth")
    assert len(told(way(cfg_of(tmp_path), tmp_path / "less.pth"))) == 5


def test_hooks_name_what_is_theirs(tmp_path: Path) -> None:
    runner_of(tmp_path).train()
    scheduler = {"type": "ReduceLR", "patience": 1}
    runner = runner_of(
        tmp_path,
        train_cfg={"by_epoch": True, "max_epochs": 4},
        custom_hooks=[ReduceLRSchedulerHook(by_epoch=False, interval=1)],
        param_scheduler=scheduler,
        resume=True,
    )
    runner.train()
    assert told(log_of(runner)) == [
        "param_scheduler[0] (ReduceLR)",
        "what ReduceLRSchedulerHook has noted since its last step",
    ]


# ------------------------------------------------------- a Trainer that knows nothing of mmlight


def plain_log(folder: Path) -> str:
    return "\n".join(path.read_text() for path in folder.rglob("*.log"))


@pytest.mark.parametrize("automatic", [True, False])
def test_in_a_plain_trainer(automatic: bool, tmp_path: Path) -> None:
    hook = CheckpointHook(interval=1, save_param_scheduler=False)
    trainer(tmp_path / "first", hook, Timer()).fit(module(automatic), datamodule=Data())
    file = tmp_path / "first" / "epoch_2.pth"

    def go_on(name: str, *callbacks: Callback) -> list[str]:
        run = trainer(tmp_path / name, *callbacks, epochs=3)
        run.fit(module(automatic), datamodule=Data(), ckpt_path=file)
        return told(plain_log(tmp_path / name))

    schedulers = [f"lr_schedulers[{i}] (StepLR)" for i in range(1 if automatic else 2)]
    assert go_on("same", CheckpointHook(interval=1), Timer()) == schedulers
    # An average among the parameters of the one optimizer would not fit the file.
    hooks = [EMAHook(), Remembers()] if automatic else [EMAHook(), Remembers(), average()]
    more = [part.split(" (")[0] for part in go_on("more", *hooks)[len(schedulers) :]]
    averages = [] if automatic else ["the average generator_ema"]
    assert more == [*averages, "the average of EMAHook", "the state of Remembers"]
    saved = torch.load(file, weights_only=False)
    saved["optimizer_states"].pop()
    del saved["message_hub"], saved["callbacks"]
    torch.save(saved, file)
    name = f"optimizer_states[{0 if automatic else 1}] (Adam)"
    history = "the log history and the best scores so far (message_hub)"
    assert go_on("less", Remembers()) == [name, *schedulers, history, "the state of Remembers"]


def test_a_training_from_the_beginning_misses_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    hook = CheckpointHook(interval=1, save_param_scheduler=False)
    run = trainer(tmp_path, hook)
    run.fit(module(True), datamodule=Data())
    file = tmp_path / "epoch_1.pth"
    run.validate(module(True), datamodule=Data(), ckpt_path=file, verbose=False)
    run.fit(module(True), datamodule=Data())
    assert told(plain_log(tmp_path)) == []
