"""The lock of a folder, with other processes that have it, end, or are killed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mmlight.fileio.folder_lock import FolderInUseError, hold_folder, release_folder

_OTHER = """
import sys
from mmlight.fileio.folder_lock import hold_folder, release_folder
for _ in range(int(sys.argv[2])):
    hold_folder(sys.argv[1])
print("held", flush=True)
sys.stdin.readline()
release_folder(sys.argv[1])
print("released once", flush=True)
sys.stdin.readline()
"""


@contextmanager
def another_process(folder: Path, times: int = 1) -> Iterator[subprocess.Popen]:
    """A process that holds ``folder`` inside the block, unless it is told or killed before."""
    command = [sys.executable, "-c", _OTHER, str(folder), str(times)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def let_go(process: subprocess.Popen) -> None:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    assert process.stdout.readline() == "released once\n"


def test_another_process_is_refused_until_the_first_ends(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "for it"
    with another_process(folder) as process:
        with pytest.raises(
            FolderInUseError, match=rf"{folder}: process {process.pid} on .*work_di"
        ):
            hold_folder(folder)
        hold_folder(tmp_path)  # another folder
        release_folder(tmp_path)
        let_go(process)
        assert os.listdir(folder) == []
        assert hold_folder(folder) is None
        release_folder(folder)


def test_a_killed_process_stops_nobody(tmp_path: Path) -> None:
    with another_process(tmp_path) as process:
        process.kill()
        process.wait()
        assert os.listdir(tmp_path) == [".run.lock"]
        assert hold_folder(tmp_path) is None
        release_folder(tmp_path)
    assert os.listdir(tmp_path) == []


def test_a_process_may_hold_a_folder_several_times(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    for name in (tmp_path, link, f"file://{tmp_path}"):
        hold_folder(name)
    release_folder(link)
    release_folder(tmp_path)
    with another_process(tmp_path / "x", times=2) as process:
        let_go(process)
        with pytest.raises(FolderInUseError):
            hold_folder(tmp_path / "x")
    command = [sys.executable, "-c", _OTHER, str(tmp_path), "1"]
    refused = subprocess.run(command, capture_output=True, text=True, input="")
    assert f"process {os.getpid()} on" in refused.stderr and refused.returncode == 1
    release_folder(tmp_path)
    with another_process(tmp_path):
        release_folder(tmp_path)  # it is not held here, and stays as it is
        with pytest.raises(FolderInUseError):
            hold_folder(tmp_path)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")
def test_a_fork_does_not_hold_what_its_parent_holds(tmp_path: Path) -> None:
    hold_folder(tmp_path)
    child = os.fork()
    if child == 0:
        try:
            hold_folder(tmp_path)
        except FolderInUseError:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    with pytest.raises(subprocess.CalledProcessError):  # the fork has not let go either
        subprocess.run(
            [sys.executable, "-c", _OTHER, str(tmp_path), "1"],
            check=True,
            capture_output=True,
            input=b"",
        )
    release_folder(tmp_path)


def test_what_a_run_of_another_machine_left_is_told(tmp_path: Path) -> None:
    (tmp_path / ".run.lock").write_text("process 12 on far-away, since Monday")
    note = hold_folder(tmp_path)
    assert note is not None and "process 12 on far-away, since Monday" in note
    assert (tmp_path / ".run.lock").read_text().startswith(f"process {os.getpid()} on ")
    release_folder(tmp_path)
    assert hold_folder(tmp_path) is None
    release_folder(tmp_path)


def test_a_folder_may_vanish_and_may_be_none(tmp_path: Path) -> None:
    hold_folder(tmp_path / "a")
    (tmp_path / "a" / ".run.lock").unlink()
    release_folder(tmp_path / "a")
    (tmp_path / "b").write_text("")
    with pytest.raises(OSError, match="b"):
        hold_folder(tmp_path / "b")
