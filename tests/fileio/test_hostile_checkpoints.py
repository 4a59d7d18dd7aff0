"""What a stranger wrote is refused by name: no code, no crash, no hang, no gigabytes."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mmlight.fileio.checkpoint_file import CheckpointFileError, read_checkpoint
from tests.fileio import hostile

READ_ALL = """
    import faulthandler, json, resource, sys
    from pathlib import Path
    # These add to the list of torch.
    import torch.distributed.tensor, torch.nested._internal.nested_tensor
    from mmlight.fileio.checkpoint_file import CheckpointFileError, read_checkpoint

    faulthandler.enable()
    peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    before = peak()
    resource.setrlimit(resource.RLIMIT_CPU, (300, 300))
    for path in sorted(Path(sys.argv[1]).iterdir()):
        print(json.dumps(["reads", path.name]), flush=True)
        try:
            read_checkpoint(path)
            said = None
        except CheckpointFileError as error:
            said = str(error)
        except BaseException as error:
            said = f"WRONG ERROR {type(error).__name__}: {error}"
        print(json.dumps([path.name, said, peak() - before]), flush=True)
"""


def read_in_another_process(folder: Path) -> dict[str, Any]:
    """What reading each file in a folder says, in a process that may die of it."""
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(READ_ALL), str(folder)],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, (lines[-1:], done.stderr[-2000:])
    return {line[0]: line[1:] for line in lines if line[0] != "reads"}


def test_a_corpus_of_hostile_files_is_refused(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    folder = tmp_path / "files"
    folder.mkdir()
    files = hostile.corpus(trace)
    for name, data in files.items():
        (folder / f"{name}.bin").write_bytes(data)
    outcome = read_in_another_process(folder)
    assert outcome.keys() == {f"{name}.bin" for name in files}
    accepted = sorted(name for name, (said, _) in outcome.items() if said is None)
    assert not accepted
    unclear = {
        name: said for name, (said, _) in outcome.items() if not said.startswith(str(folder / name))
    }
    assert not unclear
    assert max(len(said) for said, _ in outcome.values()) < 500
    assert max(grown for _, grown in outcome.values()) < 300, "megabytes"
    assert not trace.exists()


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (hostile.tensor((4,), (1,)), torch.tensor([1.0, 2, 3, 4])),
        (hostile.tensor((2, 2), (1, 2)), torch.tensor([[1.0, 3], [2, 4]])),
        (hostile.tensor((3,), (0,), offset=3), torch.tensor([4.0, 4, 4])),
        (
            hostile.array((2,), hostile.DOUBLE, struct.pack("<2d", 1, 2)),
            np.array([1.0, 2.0]),
        ),
    ],
)
def test_the_same_instructions_without_the_harm_are_read(
    code: bytes, expected: Any, tmp_path: Path
) -> None:
    (tmp_path / "a.pth").write_bytes(hostile.archive(hostile.whole(code)))
    read = read_checkpoint(tmp_path / "a.pth")["state_dict"]
    assert type(read) is type(expected) and (read == expected).all()


@pytest.mark.parametrize(
    ("code", "named"),
    [
        (hostile.call(hostile.name_of("os", "system"), hostile.plain("true")), r"os\.system"),
        (hostile.call(hostile.DTYPE, hostile.plain("O")), "an array of type 'O'"),
        (hostile.tensor((5,), (1,)), r"shape \(5,\), with room for 4"),
        (hostile.laughs(40), "stands for"),
        (b")" + b"\x85" * 500, "nested deeper than 100 levels"),
        (b"]q\x01h\x01a", "contains itself"),
    ],
)
def test_the_error_says_what_is_wrong(code: bytes, named: str, tmp_path: Path) -> None:
    (tmp_path / "a.pth").write_bytes(hostile.archive(hostile.whole(code)))
    with pytest.raises(CheckpointFileError, match=rf"a\.pth holds .*{named}"):
        read_checkpoint(tmp_path / "a.pth")
