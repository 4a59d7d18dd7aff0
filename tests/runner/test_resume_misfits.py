"""A run goes on with a checkpoint of its own kind alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from mmlight.runner import Runner
from tests.bridge.parts import Classifier, config

SGD = {"type": "SGD", "lr": 0.1, "momentum": 0.9}


class Wider(Classifier):
    """With more between its layers than the classifier, and as many classes."""

    def __init__(self) -> None:
        super().__init__()
        self.layers[0], self.layers[3] = nn.Linear(4, 9), nn.Linear(9, 2)


def run(work_dir: Path, optimizer: dict[str, Any], **changes: Any) -> Runner:
    runner = Runner.from_cfg(config(work_dir, optim_wrapper={"optimizer": optimizer}, **changes))
    runner.train()
    return runner


@pytest.fixture
def checkpoint(tmp_path: Path) -> str:
    """Of a run with SGD."""
    run(tmp_path / "first", SGD, train_cfg={"by_epoch": True, "max_epochs": 1})
    return str(tmp_path / "first" / "epoch_1.pth")


@pytest.mark.parametrize(
    ("kind", "lost"), [("Adagrad", "'step'|lr_decay"), ("Adam", "betas"), ("RMSprop", "alpha")]
)
def test_other_optimizers_are_refused(
    kind: str, lost: str, checkpoint: str, tmp_path: Path
) -> None:
    optimizer = {"type": kind, "lr": 0.1}
    told = rf"does not fit {kind}: .*({lost}).*load_from without resume.*key `load_from`"
    with pytest.raises(ValueError, match=told):
        run(tmp_path / "second", optimizer, load_from=checkpoint, resume=True)
    begun = run(tmp_path / "third", optimizer, load_from=checkpoint)
    assert begun.iter == 15


def test_the_optimizer_of_a_checkpoint_may_be_left_out(checkpoint: str, tmp_path: Path) -> None:
    optimizer = {"type": "Adagrad", "lr": 0.1}
    cfg = config(tmp_path / "second", optim_wrapper={"optimizer": optimizer})
    runner = Runner.from_cfg(cfg)
    runner.resume(checkpoint, resume_optimizer=False, resume_param_scheduler=False)
    runner.train()
    assert runner.iter == 15


def test_another_seed_is_told_where_the_config_names_one(checkpoint: str, tmp_path: Path) -> None:
    for seed, told in ((8, True), (None, False)):
        options = {"load_from": checkpoint, "resume": True, "randomness": {"seed": seed}}
        log = run(tmp_path / str(seed), SGD, **options).logger.log_file
        told_of = "The seed of this run (8) is not that of the checkpoint (7)"
        assert (told_of in Path(log).read_text()) is told
        assert ("seed of this run" in Path(log).read_text()) is told


def test_settings_that_older_versions_did_not_have_are_filled_in(
    checkpoint: str, tmp_path: Path
) -> None:
    content = torch.load(checkpoint, weights_only=False)
    for group in content["optimizer"]["param_groups"]:
        del group["maximize"], group["foreach"]
    torch.save(content, tmp_path / "older.pth")
    resumed = run(tmp_path / "second", SGD, load_from=str(tmp_path / "older.pth"), resume=True)
    assert resumed.iter == 15


def test_a_model_of_another_size_is_refused(checkpoint: str, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError) as caught:
        run(tmp_path / "second", SGD, model=Wider(), load_from=checkpoint, resume=True)
    message = str(caught.value)
    assert "layers.0.weight is (8, 4) there and (9, 4) here" in message
    assert "layers.3.bias" not in message and "(config key `load_from`)" in message
    begun = run(tmp_path / "third", SGD, model=Wider(), load_from=checkpoint)
    assert begun.iter == 15
