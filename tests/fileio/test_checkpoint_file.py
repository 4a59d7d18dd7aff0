"""Checkpoint files: whole or not there, and harmless to read."""

from __future__ import annotations

import os
import pickle
import resource
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmlight.fileio.checkpoint_file import (
    CheckpointFileError,
    DamagedCheckpointError,
    read_checkpoint,
    write_checkpoint,
    write_text_atomically,
)

STATE = {"state_dict": {"weight": torch.arange(3000.0)}, "meta": {"epoch": 3, "name": "run"}}


def assert_is_state(path: Path) -> None:
    read = read_checkpoint(path)
    assert torch.equal(read["state_dict"]["weight"], STATE["state_dict"]["weight"])
    assert read["meta"] == STATE["meta"]


def test_folder_is_made_and_nothing_else_left(tmp_path: Path) -> None:
    write_checkpoint(STATE, tmp_path / "new" / "a.pth")
    assert_is_state(tmp_path / "new" / "a.pth")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.pth"]


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=25)
@given(value=plain)
def test_plain_data_comes_back_equal(value: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("plain") / "a.pth"
    write_checkpoint({"value": value}, path)
    assert read_checkpoint(path) == {"value": value}


@pytest.mark.parametrize(
    "value",
    [
        np.arange(4.0),
        np.arange(6, dtype=np.uint8).reshape(2, 3),
        np.array(["a", "bc"]),
        np.float32(1.5),
        np.int64(7),
        np.bool_(True),
        np.array([1 + 2j]),
        np.array(["2026-01-01"], dtype="datetime64[D]"),
    ],
)
def test_arrays_and_numbers_of_numpy_can_be_read(value: Any, tmp_path: Path) -> None:
    write_checkpoint({"value": value}, tmp_path / "a.pth")
    read = read_checkpoint(tmp_path / "a.pth")["value"]
    assert read.dtype == value.dtype and np.array_equal(read, value)


class Runs:
    """Leaves a trace when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple:
        return (os.mkdir, (str(self.trace),))


def test_code_in_a_file_is_not_run(tmp_path: Path) -> None:
    torch.save({"state_dict": {}, "extra": Runs(tmp_path / "trace")}, tmp_path / "a.pth")
    with pytest.raises(CheckpointFileError, match="weights_only=False"):
        read_checkpoint(tmp_path / "a.pth")
    assert not (tmp_path / "trace").exists()


def test_attributes_can_not_be_looked_up(tmp_path: Path) -> None:
    class LooksUp:
        def __reduce__(self) -> tuple:
            return (getattr, (np.ndarray, "tofile"))

    torch.save({"method": LooksUp()}, tmp_path / "a.pth")
    with pytest.raises(CheckpointFileError):
        read_checkpoint(tmp_path / "a.pth")


def test_own_types_are_named_and_can_be_asked_for(tmp_path: Path) -> None:
    torch.save({"path": Own()}, tmp_path / "a.pth")
    with pytest.raises(CheckpointFileError, match=r"test_checkpoint_file\.Own.*weights_only=False"):
        read_checkpoint(tmp_path / "a.pth")
    assert isinstance(read_checkpoint(tmp_path / "a.pth", weights_only=False)["path"], Own)


class Own:
    """A type of somebody's own."""


@pytest.mark.parametrize("keep", [0, 1, 100, 0.5, 0.99, -1])
def test_truncated_file_is_found_out(keep: float, tmp_path: Path) -> None:
    path = tmp_path / "epoch_2.pth"
    write_checkpoint(STATE, path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep) if 0 < keep < 1 else keep])
    with pytest.raises(DamagedCheckpointError, match=r"epoch_2\.pth is corrupt or was cut off"):
        read_checkpoint(path)


def test_one_flipped_bit_is_found_out(tmp_path: Path) -> None:
    path = tmp_path / "epoch_2.pth"
    write_checkpoint(STATE, path)
    data = bytearray(path.read_bytes())
    at = data.find(STATE["state_dict"]["weight"].numpy().tobytes()) + 5000
    data[at] ^= 1
    path.write_bytes(data)
    assert isinstance(torch.load(path), dict), "torch itself does not notice"
    with pytest.raises(DamagedCheckpointError, match="checksum"):
        read_checkpoint(path)


def test_newest_usable_neighbour_is_named(tmp_path: Path) -> None:
    for number, name in enumerate(["epoch_1.pth", "epoch_2.pth", "epoch_3.pth", "epoch_4.pth"]):
        write_checkpoint(STATE, tmp_path / name)
        os.utime(tmp_path / name, (number, number))
    for broken in ("epoch_3.pth", "epoch_4.pth"):
        (tmp_path / broken).write_bytes((tmp_path / broken).read_bytes()[:500])
    (tmp_path / "notes.txt").write_text("no checkpoint")
    with pytest.raises(DamagedCheckpointError, match=r"usable checkpoint beside it is .*epoch_2"):
        read_checkpoint(tmp_path / "epoch_4.pth")


class Touches:
    """Makes a file wherever it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_a_neighbour_is_looked_into_without_running_it(tmp_path: Path) -> None:
    write_checkpoint(STATE, tmp_path / "epoch_1.pth")
    torch.save({**STATE, "mine": Touches(tmp_path / "ran")}, tmp_path / "epoch_2.pth")
    for number in (1, 2):
        os.utime(tmp_path / f"epoch_{number}.pth", (number, number))
    (tmp_path / "epoch_3.pth").write_bytes((tmp_path / "epoch_1.pth").read_bytes()[:500])
    with pytest.raises(DamagedCheckpointError, match=r"usable checkpoint beside it is .*epoch_1"):
        read_checkpoint(tmp_path / "epoch_3.pth")
    assert not (tmp_path / "ran").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_a_device_that_is_not_there_is_not_called_damage(tmp_path: Path) -> None:
    write_checkpoint(STATE, tmp_path / "a.pth")
    with pytest.raises(CheckpointFileError, match=r"cannot be read here.*CUDA") as caught:
        read_checkpoint(tmp_path / "a.pth", map_location="cuda")
    assert not isinstance(caught.value, DamagedCheckpointError)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"epoch_9\.pth"):
        read_checkpoint(tmp_path / "epoch_9.pth")


def test_something_else_entirely(tmp_path: Path) -> None:
    (tmp_path / "a.pth").write_text("not a checkpoint at all")
    with pytest.raises(DamagedCheckpointError):
        read_checkpoint(tmp_path / "a.pth")


def test_other_storage_through_fsspec() -> None:
    write_checkpoint(STATE, "memory://folder/a.pth")
    read = read_checkpoint("memory://folder/a.pth")
    assert read["meta"] == STATE["meta"]


KILLED = """
    import os, signal, sys, torch
    from mmlight.fileio.checkpoint_file import write_checkpoint

    class Bomb:
        def __reduce__(self):
            os.kill(os.getpid(), signal.SIGKILL)

    write_checkpoint({"state_dict": {"weight": torch.ones(500000)}, "bomb": Bomb()}, sys.argv[1])
"""


def python(code: str, *args: Any, **kwargs: Any) -> subprocess.CompletedProcess:
    root = Path(__file__).resolve().parents[2]
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, args)],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=120,
        **kwargs,
    )


def test_kill_while_writing_leaves_the_previous_file(tmp_path: Path) -> None:
    path = tmp_path / "last.pth"
    write_checkpoint(STATE, path)
    assert python(KILLED, path).returncode == -signal.SIGKILL
    assert_is_state(path)
    # What the killed process left behind goes with the next write.
    write_checkpoint(STATE, path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["last.pth"]


FULL = """
    import sys, torch
    from mmlight.fileio.checkpoint_file import write_checkpoint

    try:
        write_checkpoint({"weight": torch.ones(500000)}, sys.argv[1])
    except OSError as error:
        print(type(error).__name__, error)
"""


def limit_size() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))


def test_no_room_leaves_the_previous_file_and_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "last.pth"
    write_checkpoint(STATE, path)
    result = python(FULL, path, preexec_fn=limit_size)
    assert f"cannot write {path}" in result.stdout, result.stderr
    assert "still the previous one" in result.stdout
    assert_is_state(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["last.pth"]


def test_folder_that_is_a_file_is_explained(tmp_path: Path) -> None:
    (tmp_path / "occupied").write_text("")
    with pytest.raises(OSError, match=r"cannot write .*occupied/a\.pth"):
        write_checkpoint(STATE, tmp_path / "occupied" / "a.pth")


def test_what_cannot_be_pickled_leaves_the_previous_file(tmp_path: Path) -> None:
    path = tmp_path / "last.pth"
    write_checkpoint(STATE, path)
    with pytest.raises((pickle.PicklingError, AttributeError)):
        write_checkpoint({"function": lambda: None}, path)
    assert_is_state(path)


def test_text_is_replaced_as_a_whole(tmp_path: Path) -> None:
    write_text_atomically("one", tmp_path / "last_checkpoint")
    write_text_atomically("two", tmp_path / "last_checkpoint")
    assert (tmp_path / "last_checkpoint").read_text() == "two"
    assert len(list(tmp_path.iterdir())) == 1
