"""Runs in two gloo processes: equal to MMEngine's in each of them, bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.parity.compare import assert_same

# MMEngine would name a GPU where none is named.
WHOLE = {"type": "MMDistributedDataParallel", "device_ids": None}
PARTS = {"type": "MMSeparateDistributedDataParallel", "device_ids": None}
RUNS: dict[str, tuple[str, dict[str, Any]]] = {
    "whole model": ("classifier", {"cfg": {"model_wrapper_cfg": WHOLE}}),
    "a seed for each rank": (
        "regression",
        {
            "cfg": {"model_wrapper_cfg": WHOLE},
            "randomness": {"seed": 3, "diff_rank_seed": True},
        },
    ),
    "part by part": (
        "gan",
        {"cfg": {"model_wrapper_cfg": PARTS}},
    ),
    "moving average": ("ema", {"cfg": {"model_wrapper_cfg": WHOLE}}),
}


@pytest.mark.parametrize("name", RUNS)
def test_same_run(name: str, both: Any) -> None:
    kind, change = RUNS[name]
    theirs, ours = both("two_processes", kind, change=change)
    # MMEngine leaves the wrappers of parts in the names, and other runs cannot load them.
    theirs[0]["files"] = {
        file: {k.replace(".module.", "."): v for k, v in state.items()}
        if isinstance(state, dict)
        else state
        for file, state in theirs[0]["files"].items()
    }
    for rank in (0, 1):
        assert len(theirs[rank]["train"]) >= 15
        assert_same(ours[rank], theirs[rank], f"rank {rank}")
    learnt = [{k: v for k, v in our["weights"].items() if ".running_" not in k} for our in ours]
    assert_same(learnt[0], learnt[1])


def load_strictly(engine: str, file: str) -> None:
    import importlib

    from torch import nn

    parts = {
        name: nn.Sequential(nn.Linear(n, 16), nn.ReLU(), nn.Linear(16, m))
        for name, n, m in (("generator", 4, 6), ("discriminator", 6, 1))
    }
    runner = importlib.import_module(f"{engine}.runner")
    runner.load_checkpoint(nn.ModuleDict(parts), file, strict=True)


@pytest.mark.parametrize("engine", ["mmengine", "mmlight"])
def test_a_checkpoint_of_wrapped_parts_travels(
    engine: str, request: Any, mmlight: Any, tmp_path: Path
) -> None:
    """What two processes wrote goes on in a single one."""
    writer = request.getfixturevalue(engine)
    change = {"cfg": {"model_wrapper_cfg": PARTS}}
    writer.run("two_processes", "gan", change=change, work_dir=str(tmp_path))
    file = str(tmp_path / "iter_30.pth")
    mmlight.run(load_strictly, file)
    result = mmlight.run("train", "gan", resume=file)
    assert [step["iter"] for step in result["train"]] == [30, 31]
