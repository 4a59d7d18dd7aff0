"""EMAHook: when averaging begins, what a validation sees, and what a checkpoint holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from mmlight.fileio.checkpoint_file import read_checkpoint
from mmlight.hooks import EMAHook
from mmlight.model import BaseTTAModel
from tests.hooks.toy import Net, Record, loader, runner_of


def weight(model: Any) -> torch.Tensor:
    return model.layers[0].weight.detach().clone()


def hook_of(runner: Any) -> EMAHook:
    return next(hook for hook in runner.hooks if isinstance(hook, EMAHook))


def run_with(tmp_path: Path, points: dict[str, Any], scores: Any = None, **kwargs: Any) -> Any:
    spies = [Record(point, function) for point, function in points.items()]
    runner = runner_of(tmp_path, scores, custom_hooks=[EMAHook(**kwargs), *spies])
    runner.train()
    return runner, hook_of(runner)


def test_average_follows_the_weights(tmp_path: Path) -> None:
    weights: list[torch.Tensor] = []
    _, hook = run_with(
        tmp_path, {"after_train_iter": lambda r: weights.append(weight(r.model))}, momentum=0.25
    )
    average = weights[0]
    for new in weights[1:]:
        average = average * 0.75 + new * 0.25
    torch.testing.assert_close(weight(hook.ema_model.module), average)
    assert hook.ema_model.steps == 12


@pytest.mark.parametrize(
    ("kwargs", "first_iter", "first_val_epoch"),
    [({"begin_epoch": 2}, 4, 2), ({"begin_iter": 7}, 6, 2), ({}, 0, 1)],
)
def test_before_it_begins_the_average_is_a_copy(
    kwargs: dict, first_iter: int, first_val_epoch: int, tmp_path: Path
) -> None:
    steps: dict[int, int] = {}
    swapped: dict[int, bool] = {}
    trained: list[torch.Tensor] = []

    def after_iter(runner: Any) -> None:
        steps[runner.iter] = int(hook_of(runner).ema_model.steps)
        trained[:] = [weight(runner.model)]

    def in_validation(runner: Any) -> None:
        swapped[runner.epoch] = not torch.equal(weight(runner.model), trained[0])

    points = {"after_train_iter": after_iter, "before_val_iter": in_validation}
    run_with(tmp_path, points, [{"acc": 1.0}] * 3, momentum=0.5, **kwargs)
    assert next(at for at, done in steps.items() if done > 0) == first_iter
    assert next(epoch for epoch, differs in swapped.items() if differs) == first_val_epoch


def test_weights_are_the_same_bits_after_a_validation(tmp_path: Path) -> None:
    seen: dict[str, torch.Tensor] = {}
    points = {
        "after_train_epoch": lambda r: seen.update(before=weight(r.model)),
        "before_val_iter": lambda r: seen.update(during=weight(r.model)),
        "after_val": lambda r: seen.update(after=weight(r.model)),
    }
    run_with(tmp_path, points, [{"acc": 1.0}] * 3, momentum=0.1)
    assert torch.equal(seen["before"], seen["after"])
    assert not torch.equal(seen["before"], seen["during"])


def test_checkpoint_holds_the_average_as_the_model(tmp_path: Path) -> None:
    runner, hook = run_with(tmp_path, {}, momentum=0.1)
    saved = read_checkpoint(tmp_path / "epoch_3.pth")
    average = hook.ema_model.module.state_dict()
    assert all(torch.equal(saved["state_dict"][key], average[key]) for key in average)
    trained = runner.model.state_dict()
    ema = saved["ema_state_dict"]
    assert all(torch.equal(ema[f"module.{key}"], trained[key]) for key in trained)
    assert ema["steps"] == 12


@pytest.mark.parametrize("update_buffers", [False, True])
def test_resumed_average_is_the_same_bits(update_buffers: bool, tmp_path: Path) -> None:
    kwargs = {"momentum": 0.1, "update_buffers": update_buffers}
    _, whole = run_with(tmp_path / "whole", {}, **kwargs)
    cut = tmp_path / "cut"
    runner_of(
        cut, custom_hooks=[EMAHook(**kwargs)], train_cfg={"by_epoch": True, "max_epochs": 2}
    ).train()
    resumed = runner_of(cut, custom_hooks=[EMAHook(**kwargs)], resume=True)
    resumed.train()
    ours, theirs = hook_of(resumed).ema_model.state_dict(), whole.ema_model.state_dict()
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs)


def test_loading_weights_starts_the_average_from_them(tmp_path: Path) -> None:
    torch.save({"state_dict": Net().state_dict()}, tmp_path / "start.pth")
    seen: list[bool] = []

    def compare(runner: Any) -> None:
        average = hook_of(runner).ema_model.module
        seen.append(torch.equal(weight(average), weight(runner.model)))

    model = Net()
    torch.nn.init.zeros_(model.layers[0].weight)
    runner_of(
        tmp_path / "run",
        model=model,
        load_from=str(tmp_path / "start.pth"),
        custom_hooks=[EMAHook(), Record("before_train", compare)],
    ).train()
    assert seen == [True]


def test_resuming_a_run_without_average_starts_one(tmp_path: Path) -> None:
    runner_of(tmp_path, train_cfg={"by_epoch": True, "max_epochs": 2}).train()
    trained = read_checkpoint(tmp_path / "epoch_2.pth")["state_dict"]["layers.0.weight"]
    starts: list[torch.Tensor] = []
    note = Record("before_train", lambda r: starts.append(weight(hook_of(r).ema_model.module)))
    runner_of(tmp_path, custom_hooks=[EMAHook(), note], resume=True).train()
    assert torch.equal(starts[0], trained)


@pytest.mark.parametrize("strict", [True, False])
def test_average_of_another_model(strict: bool, tmp_path: Path) -> None:
    run_with(tmp_path, {})
    path = tmp_path / "epoch_3.pth"
    saved = torch.load(path, weights_only=False)
    del saved["ema_state_dict"]["module.layers.2.bias"]
    torch.save(saved, path)
    again = runner_of(
        tmp_path,
        custom_hooks=[EMAHook(strict_load=strict)],
        resume=True,
        train_cfg={"by_epoch": True, "max_epochs": 4},
    )
    if strict:
        with pytest.raises(RuntimeError, match=r"layers\.2\.bias"):
            again.train()
    else:
        again.train()
        assert again.epoch == 4


def test_fine_tuning_with_another_head(tmp_path: Path) -> None:
    weights = Net().state_dict()
    weights["layers.2.weight"], weights["layers.2.bias"] = torch.ones(7, 4), torch.ones(7)
    torch.save({"state_dict": weights}, tmp_path / "start.pth")
    runner = runner_of(
        tmp_path / "run", load_from=str(tmp_path / "start.pth"), custom_hooks=[EMAHook()]
    )
    runner.train()
    assert runner.epoch == 3


@pytest.mark.parametrize("place", ["state_dict", "ema_state_dict"])
def test_a_surplus_weight_is_no_hindrance(place: str, tmp_path: Path) -> None:
    run_with(tmp_path, {})
    path = tmp_path / "epoch_3.pth"
    saved = torch.load(path, weights_only=False)
    saved[place]["module.gone" if place == "ema_state_dict" else "gone"] = torch.ones(1)
    torch.save(saved, path)
    train_cfg = {"by_epoch": True, "max_epochs": 4}
    again = runner_of(tmp_path, custom_hooks=[EMAHook()], resume=True, train_cfg=train_cfg)
    again.train()
    assert again.epoch == 4


class Augmented(BaseTTAModel):
    """Tests on one augmentation, and keeps the weights with which it does."""

    def merge_preds(self, data_samples_list: list[list[Any]]) -> list[Any]:
        self.seen = weight(self.module)
        return [samples[0] for samples in data_samples_list]


def test_a_test_with_augmentation_uses_the_average(tmp_path: Path) -> None:
    from tests.hooks.test_iter_timer_hook import Nothing

    runner_of(tmp_path, custom_hooks=[EMAHook(momentum=0.1)]).train()
    model = Augmented(Net())
    runner_of(
        tmp_path / "test",
        model=model,
        train_dataloader=None,
        train_cfg=None,
        optim_wrapper=None,
        load_from=str(tmp_path / "epoch_3.pth"),
        test_dataloader={**loader(4, 1), "collate_fn": one_augmentation},
        test_cfg={},
        test_evaluator=[Nothing()],
        custom_hooks=[EMAHook()],
    ).test()
    saved = read_checkpoint(tmp_path / "epoch_3.pth")["state_dict"]["layers.0.weight"]
    assert torch.equal(model.seen, saved)


def one_augmentation(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"inputs": [torch.stack([row["inputs"] for row in rows])]}


def test_a_test_uses_the_average(tmp_path: Path) -> None:
    from tests.hooks.test_iter_timer_hook import Nothing

    runner_of(tmp_path, custom_hooks=[EMAHook(momentum=0.1)]).train()
    seen: list[torch.Tensor] = []
    runner = runner_of(
        tmp_path / "test",
        load_from=str(tmp_path / "epoch_3.pth"),
        test_dataloader=loader(4, 2),
        test_cfg={},
        test_evaluator=[Nothing()],
        custom_hooks=[EMAHook(), Record("after_test_iter", lambda r: seen.append(weight(r.model)))],
    )
    runner.test()
    saved = read_checkpoint(tmp_path / "epoch_3.pth")["state_dict"]["layers.0.weight"]
    assert torch.equal(seen[0], saved)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"begin_iter": -1}, "begin_iter must be a whole number of 0 or more"),
        ({"begin_epoch": -1}, "begin_epoch must be a whole number of 0 or more"),
        ({"begin_epoch": 1, "begin_iter": 1}, "not both"),
    ],
)
def test_beginnings_that_cannot_be_meant(kwargs: dict, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        EMAHook(**kwargs)


@pytest.mark.parametrize("kwargs", [{"begin_epoch": 4}, {"begin_iter": 13}])
def test_beginning_after_the_end(kwargs: dict, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="after the end of the run"):
        run_with(tmp_path, {}, **kwargs)
