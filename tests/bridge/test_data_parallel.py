"""DDP: when gradients are averaged, how data are shared, and another number of processes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.bridge.parts import config
from tests.bridge.rank_runs import gan, run
from tests.bridge.ranks import together
from tests.parity.compare import assert_same

WAYS = ("runner", "own")
NO_FILES = {"checkpoint": None}
EVERY_ITERATION = {"checkpoint": {"type": "CheckpointHook", "by_epoch": False, "interval": 1}}


@pytest.mark.parametrize("way", WAYS)
def test_gradients_are_averaged_once_an_update(way: str, tmp_path: Path) -> None:
    """The remainder, a single loss, is an update too."""
    optimizer = {"optimizer": {"type": "SGD", "lr": 0.1}, "accumulative_counts": 2}
    cfg = config(tmp_path, optim_wrapper=optimizer, default_hooks=NO_FILES)
    ranks = together(tmp_path, run, way, "ddp", cfg)
    for rank in ranks:
        assert rank["all_reduces"] == [0, 1, 0, 1, 0, 1, 0, 1, 1]
    assert_same(ranks[0]["weights"], ranks[1]["weights"])


def test_both_ways_average_the_same(tmp_path: Path) -> None:
    optimizer = {"optimizer": {"type": "SGD", "lr": 0.1}, "accumulative_counts": 2}
    cfg = config(tmp_path, optim_wrapper=optimizer, default_hooks=NO_FILES)
    first, second = (together(tmp_path / way, run, way, "ddp", cfg) for way in WAYS)
    for one, other in zip(first, second, strict=True):
        assert_same(one["losses"], other["losses"])


@pytest.mark.parametrize(
    ("counts", "all_reduces"),
    [
        ({"generator": 2, "discriminator": 2}, [0, 2, 0, 2, 0, 2, 0, 2, 0]),
        ({"generator": 1, "discriminator": 2}, [1, 2, 1, 2, 1, 2, 1, 2, 1]),
    ],
)
def test_several_optimizers(counts: dict[str, int], all_reduces: list[int], tmp_path: Path) -> None:
    """The same as with a wrapper around each part, which averages after each loss."""
    parts = {"model_wrapper_cfg": {"type": "MMSeparateDistributedDataParallel"}}
    separate = together(
        tmp_path / "parts",
        run,
        "runner",
        "ddp",
        config(tmp_path, default_hooks=NO_FILES, **gan(counts), **parts),
    )
    ranks = together(
        tmp_path / "own",
        run,
        "own",
        "unused",
        config(tmp_path, default_hooks=NO_FILES, **gan(counts)),
    )
    for rank, other in zip(ranks, separate, strict=True):
        assert rank["all_reduces"] == all_reduces
        torch.testing.assert_close(rank["losses"], other["losses"])
    if counts["generator"] == 1:  # else the last losses are pending, each process's own
        assert_same(
            ranks[0]["weights"]["generator.weight"], ranks[1]["weights"]["generator.weight"]
        )


def test_keys_without_effect_are_told(tmp_path: Path) -> None:
    cfg = config(tmp_path, default_hooks=NO_FILES, find_unused_parameters=True)
    first, _ = together(tmp_path, run, "own", "ddp", cfg)
    assert "no effect: find_unused_parameters." in first["log"]


@pytest.mark.parametrize("seed", [7, None])
@pytest.mark.parametrize("more", [{}, {"use_distributed_sampler": True}])
def test_data_are_shared_once(more: dict[str, Any], seed: int | None, tmp_path: Path) -> None:
    cfg = config(tmp_path, default_hooks=NO_FILES, randomness={"seed": seed})
    ranks = together(tmp_path, run, "own", "ddp", cfg, **more)
    for epoch in range(3):
        shares = [rank["read"][9 * epoch : 9 * epoch + 9] for rank in ranks]
        assert Counter(index for share in shares for index in share) == Counter(range(18))
    assert all(len(rank["read"]) == 27 for rank in ranks)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("processes", "at", "end"),
    [
        (1, 4, 12),  # 1 of 3 batches of the second epoch is done: 3 of 5 are left, and 5
        (1, 6, 11),
        (4, 4, 7),  # 1 of 2 is left, and 2
        (4, 6, 8),
    ],
)
def test_another_number_of_processes_goes_on(
    processes: int, at: int, end: int, way: str, tmp_path: Path
) -> None:
    begun = together(
        tmp_path, run, "runner", "ddp", config(tmp_path, default_hooks=EVERY_ITERATION)
    )
    assert [rank["iter"] for rank in begun] == [9, 9]
    cfg = config(tmp_path / "on", default_hooks=EVERY_ITERATION)
    file = str(tmp_path / f"iter_{at}.pth")
    strategy = "ddp" if processes > 1 else "auto"
    ranks = together(tmp_path / "on", run, way, strategy, cfg, file, processes, processes=processes)
    assert [(rank["iter"], rank["epoch"]) for rank in ranks] == [(end, 3)] * processes
    assert "written by 2 process(es)" in ranks[0]["log"]
    assert "random numbers begin anew" in ranks[0]["log"]
    share = -(-18 // processes)
    assert {index for rank in ranks for index in rank["read"][-share:]} == set(range(18))
    if (processes, at) == (1, 4):  # the order goes on where both had come to
        done = [index for rank in begun for index in rank["read"][9:13]]
        assert {*done, *ranks[0]["read"][:10]} == set(range(18))


@pytest.mark.parametrize("processes", [1, 4])
def test_iterations_go_on_among_other_processes(processes: int, tmp_path: Path) -> None:
    unit = {"by_epoch": False, "default_hooks": EVERY_ITERATION}
    together(tmp_path, run, "runner", "ddp", config(tmp_path, **unit))
    cfg = config(tmp_path / "on", **unit)
    file = str(tmp_path / "iter_5.pth")
    strategy = "ddp" if processes > 1 else "auto"
    ranks = together(
        tmp_path / "on", run, "runner", strategy, cfg, file, processes, processes=processes
    )
    assert [rank["iter"] for rank in ranks] == [12] * processes
    assert [len(rank["losses"]) for rank in ranks] == [7] * processes
