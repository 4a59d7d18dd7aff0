"""PickleDataHook: what it writes, and when."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mmlight.engine import PickleDataHook
from tests.engine.toys import Regression, regression_runner


class Noisy(Regression):
    """Has noises to keep, as SinGAN has."""

    def __init__(self) -> None:
        super().__init__()
        self.fixed_noises = [torch.ones(2), torch.zeros(1, 3)]
        self.curr_stage = 2


def files(path: Path) -> dict[str, Any]:
    return {file.name: pickle.loads(file.read_bytes()) for file in (path / "kept").iterdir()}


def test_files_of_a_run(tmp_path: Path) -> None:
    hook = {
        "type": "PickleDataHook",
        "output_dir": "kept",
        "data_name_list": ["fixed_noises", "curr_stage", "loss"],
        "interval": 3,
        "after_run": True,
    }
    regression_runner(tmp_path, model=Noisy(), custom_hooks=[hook]).train()
    written = files(tmp_path)
    # MMagic numbers the file after a run of 8 iterations 9 too.
    assert sorted(written) == ["iter_3.pkl", "iter_6.pkl", "iter_9.pkl"]
    noises = written["iter_3.pkl"]["fixed_noises"]
    assert [type(noise) for noise in noises] == [np.ndarray, np.ndarray]
    np.testing.assert_array_equal(noises[0], np.ones(2, np.float32))
    assert written["iter_6.pkl"]["curr_stage"] == 2
    assert written["iter_3.pkl"]["loss"].shape == ()
    assert written["iter_3.pkl"]["loss"] > written["iter_9.pkl"]["loss"]


def test_before_the_run(tmp_path: Path) -> None:
    hook = PickleDataHook("kept", ["curr_stage"], before_run=True, filename_tmpl="stage_{}.pickle")
    regression_runner(tmp_path, model=Noisy(), custom_hooks=[hook]).train()
    assert files(tmp_path) == {"stage_1.pickle": {"curr_stage": 2}}


def test_name_that_is_nowhere(tmp_path: Path) -> None:
    hook = PickleDataHook("kept", ["fixed_noise"], interval=1)
    with pytest.raises(KeyError, match=r"fixed_noise.*loss"):
        regression_runner(tmp_path, model=Noisy(), custom_hooks=[hook]).train()


def test_names_must_be_a_list() -> None:
    with pytest.raises(TypeError, match="data_name_list"):
        PickleDataHook("kept", "loss")
