"""Optimizer wrappers of a plain LightningModule in two processes."""

from __future__ import annotations

from pathlib import Path

import torch

from tests.bridge.plain_pair import train
from tests.bridge.ranks import together


def test_two_processes_make_the_updates_of_one(tmp_path: Path) -> None:
    (alone,) = together(tmp_path / "alone", train, 4, 1, processes=1)
    ranks = together(tmp_path / "both", train, 2, 2)
    assert int(alone["steps"]) == 4 + 8
    for name, value in alone.items():
        assert torch.equal(ranks[0][name], ranks[1][name])
        torch.testing.assert_close(ranks[0][name], value)
