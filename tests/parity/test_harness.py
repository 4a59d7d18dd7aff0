"""The parity harness itself: it must see differences, or every parity test is worthless."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from tests.parity.compare import assert_same
from tests.parity.engines import Engine, EngineError


def which(engine: str) -> dict[str, object]:
    import importlib
    import importlib.util
    import os

    module = importlib.import_module(engine)
    return {
        "version": module.__version__,
        "mmengine": importlib.util.find_spec("mmengine") is not None,
        "pid": os.getpid(),
    }


def fails(engine: str) -> None:
    raise ValueError(f"a message from {engine}")


def kills_itself(engine: str) -> None:
    import os
    import signal

    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (1.0, 1.0 + 2**-52),
        (torch.tensor([1.0]), torch.tensor([1.0 + 2**-23])),
        (torch.zeros(2), torch.zeros(2, dtype=torch.float64)),
        (torch.zeros(2), torch.zeros(1, 2)),
        (np.array([1, 2]), np.array([1, 3])),
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": 1, "b": 2}, {"a": 1}),
        ([1, 2], [1, 2, 3]),
        ([1, 2, 3], [1, 2]),
        (0.0, float("nan")),
        ("text", "test"),
    ],
)
def test_the_smallest_difference_is_seen(actual: object, expected: object) -> None:
    with pytest.raises(AssertionError):
        assert_same(actual, expected)


def test_nan_equals_nan() -> None:
    assert_same(torch.tensor([float("nan"), 1.0]), torch.tensor([float("nan"), 1.0]))


def test_each_call_has_a_process_with_one_engine(mmengine: Engine, mmlight: Engine) -> None:
    theirs, again, ours = mmengine.run(which), mmengine.run(which), mmlight.run(which)
    assert theirs["version"] == "0.10.7"
    assert theirs["mmengine"] and not ours["mmengine"]
    assert theirs["pid"] != again["pid"]


def test_the_fork_is_the_maintained_one(onedl: Engine) -> None:
    assert onedl.run(which)["version"] == "0.10.12"


def test_an_error_comes_back_with_its_traceback(mmlight: Engine) -> None:
    with pytest.raises(EngineError, match="a message from mmlight"):
        mmlight.run(fails)


def test_a_killed_process_is_told_apart(mmlight: Engine) -> None:
    assert mmlight.run(kills_itself, exit_code=-9) is None
    with pytest.raises(EngineError, match="exit code -9"):
        mmlight.run(kills_itself)


def test_a_worker_that_a_test_left_does_not_keep_the_server_from_ending(tmp_path: Path) -> None:
    engine = Engine("mmlight", tmp_path)
    engine.run(which)
    left = iter(DataLoader([1, 2, 3], num_workers=1, persistent_workers=True))
    engine.close()
    assert next(left) == 1
