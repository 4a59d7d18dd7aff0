"""Resuming reads no item that comes before the iteration resumed at, however late that is."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.parity.engines import Engine

BATCH = 4


def ahead(workers: int) -> int:
    """Items that workers read ahead: two batches each, at the start and beyond the end."""
    return 2 * 2 * workers * BATCH


def read_items(path: Path) -> list[int]:
    return [int(line) for line in path.read_text().splitlines()]


def documented_checkpoint(whole: dict[str, Any], iteration: int) -> dict[str, Any]:
    """A file in MMEngine's documented layout that claims to be of ``iteration``."""
    return {
        "meta": {"epoch": 0, "iter": iteration, "experiment_name": "parity", "seed": 11},
        "state_dict": whole["weights"],
        "optimizer": whole["optimizer"],
        "param_schedulers": [],
        "message_hub": {"log_scalars": {}, "runtime_info": {}, "resumed_keys": {}},
    }


@pytest.mark.parametrize("workers", [0, 2])
def test_iteration_100_000(workers: int, mmlight: Engine, tmp_path: Path) -> None:
    start, rest = 100_000, 5
    path, reads = tmp_path / "late.pth", tmp_path / "reads.txt"
    torch.save(documented_checkpoint(mmlight.run("train", "regression"), start), path)
    change = {"train_cfg": {"by_epoch": False, "max_iters": start + rest, "val_interval": 10**6}}
    resumed = mmlight.run(
        "train",
        "regression",
        resume=str(path),
        workers=workers,
        reads=str(reads),
        change={**change, "param_scheduler": None},
    )
    assert [step["iter"] for step in resumed["train"]] == list(range(start, start + rest))
    assert len(read_items(reads)) <= BATCH * rest + ahead(workers)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("kind", ["classifier", "regression"])
def test_no_item_is_read_again(kind: str, workers: int, mmlight: Engine, tmp_path: Path) -> None:
    reads = tmp_path / "reads.txt"
    options = {"workers": workers, "reads": str(reads), "work_dir": str(tmp_path / "run")}
    mmlight.run("train", kind, kill_at=20, exit_code=-9, **options)
    reads.unlink()
    resumed = mmlight.run("train", kind, resume=True, **options)
    used = Counter(index for step in resumed["train"] for index in step["index"])
    read = Counter(read_items(reads))
    assert not used - read, "an item was used that nobody read"
    assert (read - used).total() <= ahead(workers)
