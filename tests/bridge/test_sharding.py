"""Strategies that leave each process a part of the model, in both ways in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from mmlight.config import Config
from mmlight.runner import Runner
from tests.bridge.parts import config
from tests.bridge.rank_runs import gan, run, train_and_load
from tests.bridge.ranks import together
from tests.parity.compare import assert_same

WAYS = ("runner", "own")
CHECKPOINTS = {"checkpoint": {"type": "CheckpointHook", "by_epoch": False, "interval": 1}}
# Updates after iterations 2, 4, 6, 8 and, a single loss, 9.
OPTIMIZER = {"optimizer": {"type": "Adam", "lr": 0.01}, "accumulative_counts": 2}


def cfg_in(folder: Path) -> dict[str, Any]:
    return config(folder, optim_wrapper=OPTIMIZER, default_hooks=CHECKPOINTS)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What DDP comes to."""
    folder = tmp_path_factory.mktemp("ddp")
    return {"ranks": together(folder, run, "runner", "ddp", cfg_in(folder)), "folder": folder}


def read(folder: Path, iteration: int) -> dict[str, Any]:
    return torch.load(folder / f"iter_{iteration}.pth", weights_only=False)


@pytest.mark.parametrize("strategy", ["fsdp", "split"])
@pytest.mark.parametrize("way", WAYS)
def test_trains_saves_and_resumes_as_ddp_does(
    way: str, strategy: str, whole: dict[str, Any], tmp_path: Path
) -> None:
    begun = together(tmp_path, run, way, strategy, cfg_in(tmp_path))
    for ours, theirs in zip(begun, whole["ranks"], strict=True):
        # Split gradients are averaged before they are added up, so roundings may differ.
        torch.testing.assert_close(ours["losses"], theirs["losses"])
        assert without_saves(ours["seen"]) == without_saves(theirs["seen"])
        assert ours["elements"] < theirs["elements"]
    for iteration in (3, 4, 9):
        ours, theirs = read(tmp_path, iteration), read(whole["folder"], iteration)
        assert_close(ours, theirs)
        assert {*ours} == {*theirs}
    # In the middle of an accumulation, and right after an update.
    for iteration in (3, 4):
        file, folder = str(tmp_path / f"iter_{iteration}.pth"), tmp_path / f"resumed {iteration}"
        resumed = together(folder, run, way, strategy, cfg_in(folder), file)
        for ours, theirs in zip(resumed, begun, strict=True):
            assert_same(ours["losses"], theirs["losses"][iteration:])
            assert (ours["iter"], ours["epoch"]) == (9, 3)
        for key in ("state_dict", "optimizer", "param_schedulers"):
            assert_same(read(folder, 9)[key], read(tmp_path, 9)[key], key)


def without_saves(seen: list[tuple]) -> list[tuple]:
    """Leave out what a Trainer of one's own saves by its ModelCheckpoint."""
    return [one for one in seen if one[0] != "before_save_checkpoint"]


def assert_close(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert ours["param_schedulers"] == theirs["param_schedulers"]
    torch.testing.assert_close(ours["state_dict"], theirs["state_dict"])
    torch.testing.assert_close(ours["optimizer"]["state"], theirs["optimizer"]["state"])
    assert ours["optimizer"]["param_groups"] == theirs["optimizer"]["param_groups"]


@pytest.mark.parametrize("strategy", ["fsdp", "split"])
def test_goes_on_in_a_single_process_and_back(strategy: str, tmp_path: Path) -> None:
    """A Runner with one process reads the files of two, and two the files of one."""
    together(tmp_path, run, "runner", strategy, cfg_in(tmp_path))
    alone = Runner.from_cfg(Config(cfg_in(tmp_path / "alone")))
    alone.resume(str(tmp_path / "iter_6.pth"))
    assert alone.iter == 6
    assert_same(dict(alone.model.state_dict()), dict(read(tmp_path, 6)["state_dict"]))
    assert_same(alone.optim_wrapper.state_dict()["state"], read(tmp_path, 6)["optimizer"]["state"])
    file = str(tmp_path / "alone.pth")
    alone.save_checkpoint(str(tmp_path), "alone.pth", by_epoch=False)
    ranks = together(tmp_path / "back", run, "own", strategy, cfg_in(tmp_path / "back"), file)
    assert [rank["iter"] for rank in ranks] == [9, 9]


@pytest.mark.parametrize("strategy", ["fsdp", "split"])
def test_resumes_what_a_model_checkpoint_wrote(strategy: str, tmp_path: Path) -> None:
    begun = together(tmp_path, run, "own", strategy, cfg_in(tmp_path), max_epochs=2)
    (file,) = tmp_path.glob("checkpoints/*.ckpt")
    assert torch.load(file)["state_dict"]["layers.0.weight"].shape == (8, 4)
    resumed = together(tmp_path / "on", run, "own", strategy, cfg_in(tmp_path / "on"), str(file))
    whole = together(tmp_path / "whole", run, "own", strategy, cfg_in(tmp_path / "whole"))
    for first, last, all_of_it in zip(begun, resumed, whole, strict=True):
        assert_same(first["losses"] + last["losses"], all_of_it["losses"])


@pytest.mark.parametrize("strategy", ["fsdp", "split"])
def test_a_single_process(strategy: str, whole: dict[str, Any], tmp_path: Path) -> None:
    (one,) = together(tmp_path, run, "runner", strategy, cfg_in(tmp_path), devices=1, processes=1)
    assert len(one["losses"]) == 15
    assert read(tmp_path, 15)["state_dict"].keys() == read(whole["folder"], 9)["state_dict"].keys()


def test_a_gan_is_split_part_by_part(tmp_path: Path) -> None:
    weights = []
    for strategy in ("unused", "split"):
        folder = tmp_path / strategy
        counts = {"generator": 1, "discriminator": 2}
        cfg = config(folder, **gan(counts), default_hooks=CHECKPOINTS)
        first, second = together(folder, run, "own", strategy, cfg)
        assert_same(first["weights"], second["weights"])
        weights.append(first["weights"])
    torch.testing.assert_close(*weights)
    # In the middle of the discriminator's accumulation.
    cfg = config(folder / "on", **gan(counts), default_hooks=CHECKPOINTS)
    resumed = together(folder / "on", run, "runner", "split", cfg, str(folder / "iter_5.pth"))
    for rank in resumed:
        assert_same(rank["weights"], weights[1])


@pytest.mark.parametrize("strategy", ["fsdp", "split"])
def test_loads_weights_into_its_parts(strategy: str, tmp_path: Path) -> None:
    cfg = config(tmp_path)
    ranks = together(tmp_path, train_and_load, strategy, cfg, str(tmp_path / "epoch_1.pth"))
    saved = torch.load(tmp_path / "epoch_1.pth", weights_only=False)["state_dict"]
    for weights in ranks:
        assert_same(weights, dict(saved))


@pytest.mark.parametrize("strategy", ["fsdp", "split"])
def test_an_average_is_refused(strategy: str, tmp_path: Path) -> None:
    hooks = [{"type": "EMAHook"}]
    with pytest.raises(AssertionError, match=r"EMAHook cannot average .* splits .*custom_hooks"):
        together(tmp_path, run, "runner", strategy, config(tmp_path, custom_hooks=hooks))


def test_tensor_parallel_training_is_refused(tmp_path: Path) -> None:
    strategy = {
        "type": "lightning.pytorch.strategies.ModelParallelStrategy",
        "data_parallel_size": 1,
        "tensor_parallel_size": 2,
    }
    cfg = config(tmp_path)
    cfg["trainer"] = {"accelerator": "cpu", "devices": 2, "strategy": strategy}
    with pytest.raises(ValueError, match=r"tensor_parallel_size=2\) .*trainer.strategy"):
        Runner.from_cfg(Config(cfg))


def test_clips_by_the_whole_norm(tmp_path: Path) -> None:
    optimizer = {"optimizer": {"type": "SGD", "lr": 0.1}, "clip_grad": {"max_norm": 0.01}}
    losses = []
    for strategy in ("ddp", "split"):
        folder = tmp_path / strategy
        cfg = config(folder, optim_wrapper=optimizer, default_hooks={"checkpoint": None})
        losses.append([rank["losses"] for rank in together(folder, run, "runner", strategy, cfg)])
    torch.testing.assert_close(*losses)
