"""A run killed with SIGKILL and resumed ends exactly where the uninterrupted one ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.parity.compare import assert_same
from tests.parity.engines import Engine

# The classifier has epochs of 6 iterations and steps every 4th; iteration 10 is within an epoch and
# within an accumulation. The GAN's discriminator steps every 3rd iteration.
EVERY_10 = {
    "logger": {"type": "LoggerHook", "interval": 5},
    "checkpoint": {
        "type": "CheckpointHook",
        "by_epoch": False,
        "interval": 10,
        "save_best": "score",
        "rule": "greater",
        "max_keep_ckpts": 2,
    },
}
RUNS: dict[str, tuple[str, int, dict[str, Any]]] = {
    "epochs": ("classifier", 15, {}),
    "epochs, before the first checkpoint": ("classifier", 3, {}),
    "epochs, right after a validation": ("classifier", 13, {}),
    "epochs, checkpoint in mid-epoch": ("classifier", 11, {"default_hooks": EVERY_10}),
    "epochs, last iteration": ("classifier", 30, {"default_hooks": EVERY_10}),
    "iterations": ("regression", 21, {}),
    "iterations, beyond the schedule's last milestone": ("regression", 31, {}),
    "iterations, pending gradients": ("gan", 23, {"default_hooks": EVERY_10}),
    "two optimizers": ("gan", 14, {}),
    "moving average": ("ema", 19, {}),
    "moving average, off the validation's beat": ("ema", 27, {"default_hooks": EVERY_10}),
}


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("name", RUNS)
def test_ends_as_if_never_killed(name: str, workers: int, mmlight: Engine, tmp_path: Path) -> None:
    kind, kill_at, change = RUNS[name]
    whole = mmlight.run("train", kind, workers=workers, change=change)
    where = {"work_dir": str(tmp_path), "workers": workers, "change": change}
    mmlight.run("train", kind, kill_at=kill_at, exit_code=-9, **where)
    resumed = mmlight.run("train", kind, resume=True, **where)
    assert_continues(resumed, whole, kill_at)


@pytest.mark.parametrize("kind", ["classifier", "gan"])
def test_killed_twice(kind: str, mmlight: Engine, tmp_path: Path) -> None:
    whole = mmlight.run("train", kind)
    mmlight.run("train", kind, kill_at=9, exit_code=-9, work_dir=str(tmp_path))
    mmlight.run("train", kind, kill_at=22, resume=True, exit_code=-9, work_dir=str(tmp_path))
    resumed = mmlight.run("train", kind, resume=True, work_dir=str(tmp_path))
    assert_continues(resumed, whole, 22)


@pytest.mark.parametrize("kind", ["classifier", "regression"])
def test_killed_twice_between_two_validations(kind: str, mmlight: Engine, tmp_path: Path) -> None:
    # Validations are after iterations 12 and 24, or 16 and 24; their workers outlive them.
    checkpoint = {**EVERY_10["checkpoint"], "interval": 2}
    change = {"default_hooks": {**EVERY_10, "checkpoint": checkpoint}}
    whole = mmlight.run("train", kind, workers=2, change=change)
    where = {"work_dir": str(tmp_path), "workers": 2, "change": change}
    mmlight.run("train", kind, kill_at=19, exit_code=-9, **where)
    mmlight.run("train", kind, kill_at=21, resume=True, exit_code=-9, **where)
    resumed = mmlight.run("train", kind, resume=True, **where)
    assert_continues(resumed, whole, 21)


@pytest.mark.parametrize("kind", ["classifier", "regression"])
def test_killed_while_writing_a_checkpoint(kind: str, mmlight: Engine, tmp_path: Path) -> None:
    whole = mmlight.run("train", kind)
    mmlight.run("train", kind, kill_in_save=14, exit_code=-9, work_dir=str(tmp_path))
    resumed = mmlight.run("train", kind, resume=True, work_dir=str(tmp_path))
    assert_continues(resumed, whole, 17)


def test_a_given_checkpoint_is_resumed_rather_than_the_latest(
    mmlight: Engine, tmp_path: Path
) -> None:
    whole = mmlight.run("train", "regression")
    mmlight.run("train", "regression", kill_at=20, exit_code=-9, work_dir=str(tmp_path))
    resumed = mmlight.run("train", "regression", resume=str(tmp_path / "iter_16.pth"))
    assert resumed["train"][0]["iter"] == 16
    assert_same(resumed["train"], whole["train"][16:])
    assert_same(resumed["weights"], whole["weights"])


def assert_continues(resumed: dict[str, Any], whole: dict[str, Any], kill_at: int) -> None:
    """The resumed run did the rest of the whole one and left the same things behind."""
    done = len(whole["train"]) - len(resumed["train"])
    assert done == 0 or 0 <= kill_at - done <= 12, f"resumed at {done} after {kill_at}"
    for our, their in zip(resumed["train"], whole["train"][done:], strict=True):
        assert_same(our, their, f"iteration {their['iter']}")
    for key in sorted(set(whole) - {"train", "metrics", "log", "scalars"}):
        if key == "info" and not resumed["train"]:
            continue  # it tells the iteration that runs, and none did
        assert_same(resumed[key], whole[key], key)
    assert_same(
        resumed["metrics"], whole["metrics"][len(whole["metrics"]) - len(resumed["metrics"]) :]
    )


@pytest.mark.parametrize(
    "name", ["epochs, checkpoint in mid-epoch", "iterations, pending gradients"]
)
def test_two_processes_end_as_if_never_killed(name: str, mmlight: Engine, tmp_path: Path) -> None:
    kind, kill_at, change = RUNS[name]
    # Other random numbers in each process: the first one's would not do for both.
    change = {**change, "randomness": {"seed": 3, "diff_rank_seed": True}}
    if kind == "gan":
        change["cfg"] = {"model_wrapper_cfg": {"type": "MMSeparateDistributedDataParallel"}}
    whole = mmlight.run("two_processes", kind, workers=2, change=change)
    where = {"work_dir": str(tmp_path), "workers": 2, "change": change}
    mmlight.run("two_processes", kind, kill_at=kill_at, exit_code=1, **where)
    resumed = mmlight.run("two_processes", kind, resume=True, **where)
    for rank in (0, 1):
        if rank > 0:  # log and metrics are the first process's affair
            whole[rank]["history"] = resumed[rank]["history"] = None
        assert_continues(resumed[rank], whole[rank], kill_at)
    assert whole[0]["train"][0]["losses"] != whole[1]["train"][0]["losses"]
