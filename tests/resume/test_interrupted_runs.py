"""A run that SIGTERM or Ctrl-C stops after an iteration goes on exactly from there."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.parity.compare import assert_same
from tests.parity.engines import Engine
from tests.resume.test_killed_runs import EVERY_10, RUNS, assert_continues

NAMES = [
    "epochs, right after a validation",
    "epochs, checkpoint in mid-epoch",
    "iterations, pending gradients",
    "moving average, off the validation's beat",
]


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("name", NAMES)
def test_saved_at_once_and_resumed(name: str, signum: int, mmlight: Engine, tmp_path: Path) -> None:
    kind, at, change = RUNS[name]
    workers = 2 if signum == signal.SIGINT else 0
    whole = mmlight.run("train", kind, workers=workers, change=change)
    where = {"work_dir": str(tmp_path), "workers": workers, "change": change}
    mmlight.run("train", kind, kill_at=at, kill_with=signum, exit_code=128 + signum, **where)
    saved = tmp_path / f"interrupted_iter_{at}.pth"
    assert (tmp_path / "last_checkpoint").read_text() == str(saved)
    assert torch.load(saved, weights_only=False)["meta"]["iter"] == at
    resumed = mmlight.run("train", kind, resume=True, **where)
    assert resumed["train"][0]["iter"] == at
    assert_continues(resumed, whole, at)


@pytest.mark.parametrize(("name", "workers"), list(zip(NAMES, (0, 2, 0, 2), strict=True)))
def test_at_a_prompt_train_goes_on(name: str, workers: int, mmlight: Engine) -> None:
    kind, at, change = RUNS[name]
    whole = mmlight.run("train", kind, workers=workers, change=change)
    options = {"kill_at": at, "kill_with": signal.SIGINT, "at_prompt": True}
    again = mmlight.run("train", kind, workers=workers, change=change, **options)
    for key in sorted(set(whole) - {"log", "scalars"}):
        assert_same(again[key], whole[key], key)


def test_the_last_iteration_of_an_epoch_and_of_the_run(mmlight: Engine, tmp_path: Path) -> None:
    whole = mmlight.run("train", "classifier")
    for at in (12, 30):
        where: dict[str, Any] = {"work_dir": str(tmp_path / str(at))}
        signum = signal.SIGTERM
        mmlight.run(
            "train", "classifier", kill_at=at, kill_with=signum, exit_code=128 + signum, **where
        )
        resumed = mmlight.run("train", "classifier", resume=True, **where)
        assert len(resumed["train"]) == 30 - at
        assert_continues(resumed, whole, at)


def test_two_processes_stop_at_one_iteration(mmlight: Engine, tmp_path: Path) -> None:
    change = {"default_hooks": EVERY_10, "randomness": {"seed": 3, "diff_rank_seed": True}}
    whole = mmlight.run("two_processes", "classifier", change=change)
    where = {"work_dir": str(tmp_path), "change": change}
    options = {"kill_at": 7, "kill_with": signal.SIGTERM, "kill_rank": 1}
    mmlight.run("two_processes", "classifier", exit_code=1, **options, **where)
    assert [path.name for path in tmp_path.glob("interrupted*")] == ["interrupted_iter_10.pth"]
    resumed = mmlight.run("two_processes", "classifier", resume=True, **where)
    for rank in (0, 1):
        if rank > 0:  # log and metrics are the first process's affair
            whole[rank]["history"] = resumed[rank]["history"] = None
        assert resumed[rank]["train"][0]["iter"] == 10
        assert_continues(resumed[rank], whole[rank], 10)
