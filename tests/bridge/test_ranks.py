"""What each process adds to a checkpoint, and what saving costs those that do not write it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from mmlight.fileio.checkpoint_file import read_checkpoint, write_checkpoint
from tests.bridge.ranks import together
from tests.bridge.saving_runs import costs, gathered, sizes, statistics
from tests.parity.compare import assert_same


def test_what_a_process_shares_with_the_first_is_there_once(tmp_path: Path) -> None:
    first, *others = together(tmp_path, gathered, processes=3)
    assert others == [None, None]
    for rank, state in enumerate(first):
        assert state["number"] == rank and state["none"] is None
        assert state["own"].tolist() == [rank] * 10
        assert state["deep"][1][0] == 0.5 * rank
        assert torch.equal(state["same"], torch.arange(4000))
        assert state["type"].dtype == (torch.float32 if rank else torch.int32)
        assert state["shape"].shape == ((2, 1) if rank else (1, 2))
        assert torch.equal(state["strided"], torch.tensor([[0, 3], [1, 4], [2, 5]]))
        assert state["half"].dtype == torch.bfloat16
        if rank == 0:
            assert "buffers" not in state
        else:
            assert_same(state["buffers"], {"mean": torch.full((3,), float(rank))})
            assert state["same"] is state["deep"][0]["same"]
    storages = {state["same"].data_ptr() for state in first[1:]}
    assert storages <= {first[0]["same"].data_ptr(), first[0]["deep"][0]["same"].data_ptr()}


@pytest.mark.parametrize("diff_rank_seed, most", [(False, 2_000), (True, 6_000)])
def test_a_file_grows_little_with_each_process(
    diff_rank_seed: bool, most: int, tmp_path: Path
) -> None:
    by_processes = {
        processes: together(
            tmp_path / str(processes),
            sizes,
            str(tmp_path / f"run {processes}"),
            processes,
            diff_rank_seed,
            processes=processes,
        )[0]
        for processes in (1, 3)
    }
    assert {*by_processes[1]} == {f"iter_{number}.pth" for number in (1, 2, 3)}
    for name, alone in by_processes[1].items():
        assert 0 < (by_processes[3][name] - alone) / 2 <= most


def test_only_the_writer_collects_what_is_written(tmp_path: Path) -> None:
    writer, other = together(tmp_path, costs, str(tmp_path / "run"))
    assert len(writer["copied"]) == 3 and min(writer["copied"]) == 4
    assert other["copied"] == [0, 0, 0]
    assert min(writer["logged"]) > 0 and other["logged"] == [0, 0, 0]
    for counts in (writer, other):
        assert counts["formatted"] == [0, 0, 0]  # CheckpointHook was first


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A run with statistics of its own in each process, and its files."""
    folder = tmp_path_factory.mktemp("whole")
    ranks = together(folder, statistics, str(folder / "run"), 6, False)
    means = [rank["layers.1.running_mean"] for rank in ranks]
    assert not torch.equal(*means)
    return {"ranks": ranks, "file": folder / "run" / "iter_3.pth"}


def test_statistics_of_each_process_are_resumed(whole: dict[str, Any], tmp_path: Path) -> None:
    again = resume(read_checkpoint(whole["file"]), tmp_path)
    for ours, theirs in zip(again, whole["ranks"], strict=True):
        assert_same(ours, theirs)


def test_files_with_everything_of_each_process_are_resumed(
    whole: dict[str, Any], tmp_path: Path
) -> None:
    """As they were before: nothing shared, and the buffers that are equal too."""
    checkpoint = read_checkpoint(whole["file"])
    (other,) = checkpoint["mmlight"]["ranks"]
    assert {*other["buffers"]} == {"layers.1.running_mean", "layers.1.running_var"}
    counter = "layers.1.num_batches_tracked"
    other["buffers"][counter] = checkpoint["state_dict"][counter].clone()
    again = resume(checkpoint, tmp_path)
    for ours, theirs in zip(again, whole["ranks"], strict=True):
        assert_same(ours, theirs)


def resume(checkpoint: Any, folder: Path) -> list[Any]:
    work_dir = folder / "run"
    write_checkpoint(checkpoint, work_dir / "iter_3.pth")
    (work_dir / "last_checkpoint").write_text(str(work_dir / "iter_3.pth"))
    return together(folder, statistics, str(work_dir), 6, True)
