"""Metrics and hooks that gather over processes, with two gloo processes."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch.multiprocessing as mp

from tests.engine import two_processes


def test_two_processes_give_what_one_gives(tmp_path: Path) -> None:
    mp.spawn(two_processes.run, args=(str(tmp_path),), nprocs=2)
    ranks = [pickle.loads((tmp_path / f"results_{rank}.pkl").read_bytes()) for rank in (0, 1)]
    assert ranks[0] == ranks[1]
    assert ranks[0]["distance"] == pytest.approx(two_processes.distance(0, 1), rel=1e-5)
    alone = two_processes.of_pairs_and_slices(0, 1)
    assert ranks[0]["pairs and slices"] == pytest.approx(alone, rel=1e-5)
    assert alone["swd/16"] > 1
    assert 0.01 < alone["ms-ssim/avg"] < 0.99
    features = two_processes.of_features(0, 1, str(tmp_path))
    assert ranks[0]["features"] == pytest.approx(features, rel=1e-5)
    assert features["read/fid"] == pytest.approx(features["written/fid"])
    assert 0 < features["PR/precision"] < 1 < features["IS/is"]
    assert ranks[0]["loss"] == pytest.approx(6.5)
