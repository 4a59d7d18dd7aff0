"""What a folder can be resumed from, whatever has become of its files."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import fsspec
import pytest
import torch

from mmlight.fileio.checkpoint_file import write_checkpoint
from mmlight.logging import MMLogger
from mmlight.runner import find_latest_checkpoint
from tests.hooks.toy import Record, log_of, runner_of

WHOLE = {"meta": {"iter": 1}, "optimizer": {}}


class Tried:
    """What no checkpoint holds."""


def folder_with(folder: Path, **files: Any) -> str:
    """A folder with checkpoints (``None`` is damage), each a second newer than the one before."""
    for age, (name, content) in enumerate(files.items()):
        path = folder / f"{name}.pth"
        torch.save(WHOLE if content is None else content, path)
        if content is None:
            path.write_bytes(path.read_bytes()[:-40])
        os.utime(path, (1e9 + age, 1e9 + age))
    return str(folder)


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Any:
    """Return what was said, in one string."""
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    caplog.set_level(logging.INFO)
    yield lambda: "\n".join(record.getMessage() for record in caplog.records)
    logger.removeHandler(caplog.handler)


@pytest.mark.parametrize(
    ("pointer", "trouble"),
    [
        (None, "there is no file last_checkpoint"),
        (b"", "is empty"),
        (b" \n", "is empty"),
        (bytes(range(256)), "holds no path"),
        (b"iter_1.pth\niter_2.pth", "holds no path"),
        (b"/gone/iter_9.pth", "there is no checkpoint /gone/iter_9.pth"),
        (b"nowhere://iter_9.pth", "nowhere://"),
        (b"memory://gone/iter_9.pth", "there is no checkpoint memory://gone/iter_9.pth"),
    ],
)
def test_a_pointer_that_leads_nowhere(
    pointer: bytes | None, trouble: str, tmp_path: Path, told: Any
) -> None:
    folder_with(tmp_path, iter_2=WHOLE, iter_10=WHOLE, iter_3=WHOLE)
    if pointer is not None:
        (tmp_path / "last_checkpoint").write_bytes(pointer)
    assert find_latest_checkpoint(str(tmp_path)) == str(tmp_path / "iter_3.pth")
    assert trouble in told() and "newest good checkpoint" in told()


def test_a_good_pointer_is_followed_without_a_word(tmp_path: Path, told: Any) -> None:
    folder_with(tmp_path, iter_1=WHOLE, iter_2=WHOLE)
    for name in (f"{tmp_path}/iter_1.pth\n", "/where/it/was/iter_1.pth"):
        (tmp_path / "last_checkpoint").write_text(name)
        assert find_latest_checkpoint(str(tmp_path)) == f"{tmp_path}/iter_1.pth"
    (tmp_path / "iter_5").mkdir()  # a checkpoint in several files
    (tmp_path / "last_checkpoint").write_text(f"{tmp_path}/iter_5")
    assert find_latest_checkpoint(str(tmp_path)) == f"{tmp_path}/iter_5"
    assert told() == ""


def test_a_pointer_into_a_store_is_followed(tmp_path: Path, told: Any) -> None:
    write_checkpoint(WHOLE, "memory://kept/iter_1.pth")
    folder_with(tmp_path, iter_2=WHOLE)
    (tmp_path / "last_checkpoint").write_text("memory://kept/iter_1.pth")
    assert find_latest_checkpoint(str(tmp_path)) == "memory://kept/iter_1.pth"
    assert told() == ""
    fsspec.filesystem("memory").rm("/kept", recursive=True)


def test_a_damaged_checkpoint_is_passed_over(tmp_path: Path, told: Any) -> None:
    folder = folder_with(tmp_path, iter_1=WHOLE, iter_2=WHOLE, iter_3=None, iter_4=None)
    (tmp_path / "last_checkpoint").write_text(f"{folder}/iter_4.pth")
    assert find_latest_checkpoint(folder) == f"{folder}/iter_2.pth"
    assert f"{folder}/iter_4.pth is corrupt or was cut off" in told()
    assert f"newer, but no good: {folder}/iter_3.pth is corrupt" in told()


@pytest.mark.parametrize("legacy", [False, True])
def test_any_damage_is_noticed(legacy: bool, tmp_path: Path) -> None:
    path = tmp_path / "iter_2.pth"
    (tmp_path / "last_checkpoint").write_text(str(path))
    value = torch.arange(100.0)
    torch.save({**WHOLE, "value": value}, path, _use_new_zipfile_serialization=not legacy)
    assert find_latest_checkpoint(str(tmp_path)) == str(path)
    torch.save(WHOLE, tmp_path / "iter_1.pth")
    content = path.read_bytes()
    half = content[: len(content) // 2]
    where = content.index(value.numpy().tobytes())
    others = [content[: where - 30]] if legacy else [_changed(content, where + 8)]
    for damaged in [b"", half, *others]:
        path.write_bytes(damaged)
        assert find_latest_checkpoint(str(tmp_path)) == str(tmp_path / "iter_1.pth")
    if not legacy:  # in the headers, too, whatever zipfile makes of it
        for place in range(len(content) - 200, len(content), 7):
            path.write_bytes(_changed(content, place))
            found = find_latest_checkpoint(str(tmp_path))
            assert found in (str(path), str(tmp_path / "iter_1.pth"))


def _changed(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]


def test_a_whole_checkpoint_comes_before_newer_ones_without_optimizer(tmp_path: Path) -> None:
    best = {"meta": {"iter": 9}, "state_dict": {}}
    lightning = {"global_step": 9, "optimizer_states": [{}]}
    folder = folder_with(tmp_path, old=best, last=lightning, best=best, best_2=best)
    assert find_latest_checkpoint(folder) == f"{folder}/last.pth"
    (tmp_path / "last.pth").unlink()
    assert find_latest_checkpoint(folder) == f"{folder}/best_2.pth"


def test_other_files_are_no_checkpoints_of_a_run(tmp_path: Path, told: Any) -> None:
    weights = {"state_dict": {"weight": torch.ones(1)}}
    folder_with(tmp_path, pretrained=weights, bare=torch.ones(2), listed=[1])
    (tmp_path / ".iter_3.pth.tmp").write_bytes(b"")
    torch.save(WHOLE, tmp_path / ".iter_3.pth")
    torch.save(WHOLE, tmp_path / "scores.bin")
    (tmp_path / "folder.pth").mkdir()
    assert find_latest_checkpoint(str(tmp_path)) is None
    assert "nothing" in told() and "no file last_checkpoint" in told()
    torch.save({**WHOLE, "mine": Tried()}, tmp_path / "own.pth")
    assert find_latest_checkpoint(str(tmp_path)) == str(tmp_path / "own.pth")
    assert "no good checkpoint" in told()


def test_nothing_takes_the_place_of_what_is_named(tmp_path: Path, told: Any) -> None:
    (tmp_path / "last_checkpoint").write_text("/where/it/was/iter_5.pth")
    assert find_latest_checkpoint(str(tmp_path)) == "/where/it/was/iter_5.pth"
    assert "no good checkpoint" in told()
    folder = folder_with(tmp_path / "..", iter_1=None)
    assert find_latest_checkpoint(str(tmp_path / "nowhere")) is None
    assert find_latest_checkpoint(folder) == f"{folder}/iter_1.pth"


@pytest.mark.parametrize("pointer", [None, "", "/gone/iter_9.pth", "damaged"])
def test_a_run_goes_on_from_what_is_there(pointer: str | None, tmp_path: Path) -> None:
    hooks = {"checkpoint": {"type": "CheckpointHook", "interval": 1}}
    runner_of(tmp_path, default_hooks=hooks).train()
    if pointer is None:
        (tmp_path / "last_checkpoint").unlink()
    elif pointer != "damaged":
        (tmp_path / "last_checkpoint").write_text(pointer)
    (tmp_path / "epoch_3.pth").write_bytes((tmp_path / "epoch_3.pth").read_bytes()[:-100])
    runner = runner_of(tmp_path, default_hooks=hooks, resume=True)
    begun: list[int] = []
    runner.register_hook(Record("before_train", lambda runner: begun.append(runner.iter)))
    runner.train()
    assert begun == [8] and runner.iter == 12
    assert "epoch_3.pth is corrupt or was cut off" in log_of(runner)
    assert f"Auto resumed from the latest checkpoint {tmp_path}/epoch_2.pth" in log_of(runner)
    assert find_latest_checkpoint(str(tmp_path)) == f"{tmp_path}/epoch_3.pth"


def test_a_run_whose_last_checkpoint_is_gone_does_not_begin_anew(tmp_path: Path) -> None:
    tmp_path.joinpath("last_checkpoint").write_text("/gone/epoch_3.pth")
    with pytest.raises(FileNotFoundError, match=r"/gone/epoch_3\.pth"):
        runner_of(tmp_path, resume=True).train()
