"""Which tensors of a checkpoint follow a ``map_location``: weights and optimizer states alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from mmlight.hooks import Hook
from mmlight.runner import Runner
from mmlight.runner.checkpoint_loader import Placement
from tests.bridge.parts import config

FOLLOWING = ("state_dict", "ema_state_dict", "optimizer", "optimizer_states")
AVERAGE = {"type": "EMAHook"}


def runner_of(tmp_path: Path, epochs: int, *hooks: Hook | dict) -> Runner:
    """A run that keeps tensors of many kinds, momenta and pending gradients among them."""
    changes = {
        "train_cfg": {"max_epochs": epochs},
        "optim_wrapper": {
            "optimizer": {"type": "Adam", "lr": 0.01},
            "accumulative_counts": 3,
        },
        "custom_hooks": list(hooks),
        "trainer": {"enable_progress_bar": False, "accelerator": "cpu"},
    }
    return Runner.from_cfg({**config(tmp_path), **changes})


def tensors_of(value: Any) -> list[torch.Tensor]:
    if isinstance(value, dict):
        return [tensor for item in value.values() for tensor in tensors_of(item)]
    if isinstance(value, (list, tuple)):
        return [tensor for item in value for tensor in tensors_of(item)]
    return [value] if isinstance(value, torch.Tensor) else []


def storages(value: Any) -> set[int]:
    return {tensor.untyped_storage().data_ptr() for tensor in tensors_of(value)}


def test_only_weights_and_optimizer_states_go_elsewhere(tmp_path: Path) -> None:
    runner_of(tmp_path / "a", 2, AVERAGE).train()
    path = str(tmp_path / "a" / "epoch_1.pth")
    checkpoint = runner_of(tmp_path / "b", 2).load_checkpoint(path, map_location="meta")
    elsewhere = {name: tensors_of(checkpoint[name]) for name in FOLLOWING}
    assert all(elsewhere.values())
    assert {t.device.type for tensors in elsewhere.values() for t in tensors} == {"meta"}
    rest = {name: value for name, value in checkpoint.items() if name not in FOLLOWING}
    assert {tensor.device.type for tensor in tensors_of(rest)} == {"cpu"}
    for part in ("rng", "accumulation"):
        assert tensors_of(checkpoint["mmlight"][part]), part
    assert tensors_of(checkpoint["message_hub"])


def test_a_resume_asks_for_the_place_of_nothing_else(tmp_path: Path) -> None:
    whole = runner_of(tmp_path / "a", 2)
    whole.train()
    asked: list[torch.UntypedStorage] = []
    given: list[int] = []

    def map_location(storage: torch.UntypedStorage, location: str) -> torch.UntypedStorage:
        assert location == "cpu"
        asked.append(storage)
        copy = storage.clone()
        given.append(copy.data_ptr())
        return copy

    class Look(Hook):
        def after_load_checkpoint(self, runner: Any, checkpoint: dict) -> None:
            followed = {name: checkpoint.get(name) for name in FOLLOWING}
            assert storages(followed) == set(given)
            rest = {name: value for name, value in checkpoint.items() if name not in FOLLOWING}
            assert not storages(rest) & set(given)

    runner = runner_of(tmp_path / "b", 2, Look())
    runner.resume(str(tmp_path / "a" / "epoch_1.pth"), map_location=map_location)
    assert asked
    runner.train()
    for ours, theirs in zip(runner.model.parameters(), whole.model.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_weights_of_other_files_follow(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save({"layers.0.weight": torch.ones(8, 4)}, path)
    runner = runner_of(tmp_path, 1)
    checkpoint = runner.load_checkpoint(str(path), map_location={"cpu": "meta"})
    assert checkpoint["layers.0.weight"].device.type == "meta"


def test_views_and_shared_weights_stay_so() -> None:
    base = torch.arange(6.0)
    state = {"a": base[1:].view(5, 1), "b": base, "c": torch.nn.Parameter(base[::2])}
    weights = torch.nn.Linear(1, 1).state_dict()
    weights.update(state)
    placed = Placement(lambda storage, location: storage.clone()).place({"state_dict": weights})
    result = placed["state_dict"]
    assert result._metadata == torch.nn.Linear(1, 1).state_dict()._metadata
    assert all(torch.equal(result[name], value) for name, value in state.items())
    assert result["a"].untyped_storage().data_ptr() != base.untyped_storage().data_ptr()
    result["b"][2] = 9.0
    assert result["a"][1] == result["c"][1] == 9.0
    assert base[2] == 2.0


def test_a_function_may_leave_the_choice_to_torch() -> None:
    weights = {"state_dict": {"w": torch.ones(2)}}
    assert torch.equal(Placement(lambda *_: None).place(weights)["state_dict"]["w"], torch.ones(2))
