"""Checkpoints into models, and which one is the latest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from mmlight.hooks import Hook
from mmlight.runner.checkpoint import (
    _load_checkpoint_with_prefix,
    find_latest_checkpoint,
    load_checkpoint,
    save_checkpoint,
)
from tests.hooks.toy import runner_of


def net() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))


def same(a: nn.Module, b: nn.Module) -> bool:
    theirs = b.state_dict()
    return all(torch.equal(value, theirs[key]) for key, value in a.state_dict().items())


@pytest.mark.parametrize("bare", [True, False])
def test_bare_weights_and_whole_checkpoints(bare: bool, tmp_path: Path) -> None:
    source, target = net(), net()
    state = source.state_dict()
    save_checkpoint(state if bare else {"state_dict": state, "meta": {}}, f"{tmp_path}/a.pth")
    loaded = load_checkpoint(target, f"{tmp_path}/a.pth", strict=True)
    assert same(source, target)
    assert ("meta" in loaded) is not bare


def test_prefix_of_a_wrapper_is_stripped(tmp_path: Path) -> None:
    source, target = net(), net()
    state = {f"module.{key}": value for key, value in source.state_dict().items()}
    save_checkpoint({"state_dict": state}, f"{tmp_path}/a.pth")
    load_checkpoint(target, f"{tmp_path}/a.pth", strict=True)
    assert same(source, target)


@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("pattern", [r"^module\.", r"^module."])
def test_a_part_named_module_is_no_wrapper(prefix: str, pattern: str, tmp_path: Path) -> None:
    source, target = (nn.ModuleDict({"module": net(), "head": net()}) for _ in range(2))
    state = {f"{prefix}{key}": value for key, value in source.state_dict().items()}
    save_checkpoint({"state_dict": state}, f"{tmp_path}/a.pth")
    load_checkpoint(target, f"{tmp_path}/a.pth", strict=True, revise_keys=[(pattern, "")])
    assert same(source, target)


def test_keys_are_revised_in_turn(tmp_path: Path) -> None:
    source, target = net(), net()
    state = {f"model.backbone.{key}": value for key, value in source.state_dict().items()}
    save_checkpoint({"state_dict": state}, f"{tmp_path}/a.pth")
    pairs = [(r"^model\.", ""), (r"^backbone\.", "")]
    load_checkpoint(target, f"{tmp_path}/a.pth", strict=True, revise_keys=pairs)
    assert same(source, target)


def test_another_architecture_is_refused_when_strict(tmp_path: Path) -> None:
    save_checkpoint({"state_dict": nn.Linear(1, 1).state_dict()}, f"{tmp_path}/a.pth")
    with pytest.raises(RuntimeError, match="do not fit the model"):
        load_checkpoint(net(), f"{tmp_path}/a.pth", strict=True)


def test_a_file_without_weights(tmp_path: Path) -> None:
    torch.save([1, 2], tmp_path / "a.pth")
    with pytest.raises(RuntimeError, match="holds a list"):
        load_checkpoint(net(), f"{tmp_path}/a.pth")


@pytest.mark.parametrize("resume", [False, True])
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (torch.ones(3, 2), r"a Tensor of shape \(3, 2\), not a dict"),
        ([1], "a list, not a dict"),
        ({"state_dict": [1], "meta": {}}, "a list, not a dict"),
        (
            {"conv.weight": torch.ones(4, 3), "conv.bias": torch.ones(4)},
            r"has conv\.weight \(4, 3\), conv\.bias \(4,\), the model wants layers\.0\.weight "
            r"\(4, 3\), .* and 4 more",
        ),
        ({"state_dict": {"layers.0.weight": torch.ones(9, 3)}}, r"layers\.0\.weight \(9, 3\)"),
        ({"state_dict": {}}, "the file has nothing"),
        ({"meta": {"iter": 3}, "optimizer": {}}, "the file has meta, optimizer"),
    ],
)
def test_a_run_refuses_what_it_can_take_nothing_of(
    content: Any, expected: str, resume: bool, tmp_path: Path
) -> None:
    path = tmp_path / "other.pth"
    torch.save(content, path)
    runner = runner_of(tmp_path, load_from=str(path), resume=resume)
    with pytest.raises(RuntimeError, match=rf"other\.pth .*{expected}"):
        runner.train()


def test_a_run_takes_what_there_is(tmp_path: Path) -> None:
    weight = torch.full((4, 3), 7.0)
    for number, names in enumerate(["layers.0.weight", "module.layers.0.weight"]):
        torch.save({names: weight, "other": torch.ones(1)}, tmp_path / f"{number}.pth")
        runner = runner_of(tmp_path / "run", load_from=str(tmp_path / f"{number}.pth"))
        runner.load_or_resume()
        assert torch.equal(runner.model.layers[0].weight, weight)


def test_hooks_may_rename_weights_first(tmp_path: Path) -> None:
    class Rename(Hook):
        def after_load_checkpoint(self, runner: Any, checkpoint: dict) -> None:
            checkpoint["state_dict"] = {"layers.0.bias": checkpoint["state_dict"]["b"]}

    torch.save({"state_dict": {"b": torch.full((4,), 7.0)}}, tmp_path / "a.pth")
    runner = runner_of(tmp_path, load_from=str(tmp_path / "a.pth"), custom_hooks=[Rename()])
    runner.load_or_resume()
    assert runner.model.layers[0].bias.tolist() == [7.0] * 4


def test_part_of_a_model(tmp_path: Path) -> None:
    source = nn.ModuleDict({"generator": net(), "generator_ema": net()})
    save_checkpoint({"state_dict": source.state_dict()}, f"{tmp_path}/a.pth")
    part = _load_checkpoint_with_prefix("generator", f"{tmp_path}/a.pth")
    assert list(part) == list(net().state_dict())
    assert torch.equal(part["0.weight"], source["generator"][0].weight)
    with pytest.raises(AssertionError, match="discriminator"):
        _load_checkpoint_with_prefix("discriminator", f"{tmp_path}/a.pth")


def test_latest(tmp_path: Path) -> None:
    assert find_latest_checkpoint(str(tmp_path)) is None
    (tmp_path / "last_checkpoint").write_text(f"{tmp_path}/iter_5.pth\n")
    assert find_latest_checkpoint(str(tmp_path)) == f"{tmp_path}/iter_5.pth"


def test_latest_of_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "last_checkpoint").touch()
    assert find_latest_checkpoint(str(tmp_path)) is None


def test_latest_in_a_folder_that_was_moved(tmp_path: Path) -> None:
    (tmp_path / "last_checkpoint").write_text("/where/it/was/iter_5.pth")
    assert find_latest_checkpoint(str(tmp_path)) == "/where/it/was/iter_5.pth"
    save_checkpoint({}, f"{tmp_path}/iter_5.pth")
    assert find_latest_checkpoint(str(tmp_path)) == f"{tmp_path}/iter_5.pth"


def test_saving_arguments(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="backend_args"):
        save_checkpoint({}, f"{tmp_path}/a.pth", file_client_args={}, backend_args={})
    with pytest.raises(ImportError, match="pavi"):
        save_checkpoint({}, "pavi://a.pth")
    save_checkpoint({"a": 1}, f"{tmp_path}/a.pth", backend_args={"backend": "local"})
    assert torch.load(tmp_path / "a.pth") == {"a": 1}
