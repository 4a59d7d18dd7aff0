"""Two processes train models of translation as one does with the whole batch."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.multiprocessing as mp

from tests.generative.models import translation_processes


def test_two_processes_train_as_one(tmp_path: Path) -> None:
    mp.spawn(translation_processes.run, args=(str(tmp_path),), nprocs=2)
    first, second = (torch.load(tmp_path / f"weights_{rank}.pth") for rank in (0, 1))
    for family in translation_processes.FAMILIES:
        whole = translation_processes.trained(family)
        for name, weight in whole.items():
            assert torch.equal(first[family][name], second[family][name]), name
            torch.testing.assert_close(first[family][name], weight, rtol=1e-4, atol=1e-5)
