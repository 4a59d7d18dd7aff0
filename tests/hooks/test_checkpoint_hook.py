"""CheckpointHook: which files a run leaves, and what is in them."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import fsspec
import pytest

from mmlight.bridge.checkpoint_io import read_checkpoint
from mmlight.hooks import CheckpointHook
from tests.hooks.toy import Record, iteration_based, loader, log_of, runner_of

ACC = [{"acc": value} for value in (0.1, 0.5, 0.4, 0.8, 0.7, 0.9)]


def checkpoint(**kwargs: Any) -> dict[str, Any]:
    return {"checkpoint": {"type": "CheckpointHook", **kwargs}}


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix == ".pth")


@pytest.mark.parametrize(
    ("kwargs", "expected"),
    [
        ({"interval": 2}, ["epoch_2.pth", "epoch_3.pth"]),
        ({"interval": 2, "save_last": False}, ["epoch_2.pth"]),
        ({"interval": -1}, ["epoch_3.pth"]),
        ({"interval": 1, "max_keep_ckpts": 1}, ["epoch_3.pth"]),
        ({"interval": 1, "save_begin": 2}, ["epoch_2.pth", "epoch_3.pth"]),
        ({"interval": 5, "filename_tmpl": "e{}.pth"}, ["e3.pth"]),
        ({"interval": 2, "filename_tmpl": "{:04d}.pth"}, ["0002.pth", "0003.pth"]),
        (
            {"interval": 3, "by_epoch": False, "save_last": False},
            ["iter_12.pth", "iter_3.pth", "iter_6.pth", "iter_9.pth"],
        ),
        (
            {"interval": 5, "by_epoch": False, "max_keep_ckpts": 2},
            ["iter_10.pth", "iter_12.pth"],
        ),
        (
            {"interval": 2, "by_epoch": False, "save_begin": 9, "save_last": False},
            ["iter_11.pth", "iter_9.pth"],
        ),
    ],
)
def test_files_of_a_run(kwargs: dict, expected: list[str], tmp_path: Path) -> None:
    runner_of(tmp_path, default_hooks=checkpoint(**kwargs)).train()
    assert files(tmp_path) == expected
    assert Path((tmp_path / "last_checkpoint").read_text()).name in expected


def test_meta_counts_what_is_done(tmp_path: Path) -> None:
    runner_of(tmp_path, default_hooks=checkpoint(interval=2)).train()
    meta = read_checkpoint(tmp_path / "epoch_2.pth")["meta"]
    assert (meta["epoch"], meta["iter"]) == (2, 8)
    assert meta["dataset_meta"] == {"classes": ("a", "b")}


def test_state_of_optimizer_and_schedulers_can_be_left_out(tmp_path: Path) -> None:
    schedule = [{"type": "LinearLR", "start_factor": 0.1, "end": 5, "by_epoch": False}]
    hooks = checkpoint(interval=3, save_optimizer=False, save_param_scheduler=False)
    runner_of(tmp_path / "without", default_hooks=hooks, param_scheduler=schedule).train()
    runner_of(
        tmp_path / "with", default_hooks=checkpoint(interval=3), param_scheduler=schedule
    ).train()
    left_out = {"optimizer", "param_schedulers"}
    assert not left_out & set(read_checkpoint(tmp_path / "without" / "epoch_3.pth"))
    assert left_out <= set(read_checkpoint(tmp_path / "with" / "epoch_3.pth"))


def test_out_dir_gets_the_name_of_the_work_dir(tmp_path: Path) -> None:
    runner_of(tmp_path / "run", default_hooks=checkpoint(out_dir=tmp_path / "elsewhere")).train()
    assert files(tmp_path / "elsewhere" / "run") == ["epoch_3.pth"]
    pointer = (tmp_path / "run" / "last_checkpoint").read_text()
    assert pointer == str(tmp_path / "elsewhere" / "run" / "epoch_3.pth")


def test_best_checkpoint_replaces_the_previous(tmp_path: Path) -> None:
    hooks = checkpoint(interval=10, save_last=False, save_best="acc")
    runner = runner_of(tmp_path, ACC, default_hooks=hooks)
    runner.train()
    assert files(tmp_path) == ["best_acc_epoch_2.pth"]
    assert "The best checkpoint with 0.5000 acc at 2 epoch is saved to best_acc_epoch_2.pth." in (
        log_of(runner)
    )
    info = read_checkpoint(tmp_path / "best_acc_epoch_2.pth")["message_hub"]["runtime_info"]
    assert info["best_score"] == 0.5
    assert info["best_ckpt"] == str(tmp_path / "best_acc_epoch_2.pth")


def test_several_best_metrics_with_their_rules(tmp_path: Path) -> None:
    scores = [{"top/1": 3, "FID": 3.0}, {"top/1": 5, "FID": 2.0}, {"top/1": 4, "FID": 1.0}]
    hooks = checkpoint(save_best=["top/1", "FID"], rule=["greater", "less"], save_last=False)
    runner = runner_of(tmp_path, scores, default_hooks=hooks)
    runner.train()
    assert files(tmp_path) == ["best_FID_epoch_3.pth", "best_top_1_epoch_2.pth"]
    info = runner.message_hub.runtime_info
    assert (info["best_score_top/1"], info["best_score_FID"]) == (5, 1.0)


def test_auto_takes_the_first_metric(tmp_path: Path) -> None:
    scores = [{"loss_a": value, "acc": 1 - value} for value in (0.3, 0.1, 0.2)]
    runner_of(tmp_path, scores, default_hooks=checkpoint(save_best="auto", save_last=False)).train()
    assert files(tmp_path) == ["best_loss_a_epoch_2.pth"]


def test_best_by_iteration(tmp_path: Path) -> None:
    runner_of(
        tmp_path,
        ACC,
        train_cfg=iteration_based(12),
        train_dataloader=loader(8, 2, sampler={"type": "InfiniteSampler", "shuffle": False}),
        default_hooks=checkpoint(by_epoch=False, save_best="acc", interval=6, save_last=False),
        log_processor={"by_epoch": False},
    ).train()
    # A new best at iteration 8 refreshes the newest checkpoint too, under its own iteration.
    assert files(tmp_path) == [
        "best_acc_iter_8.pth",
        "iter_12.pth",
        "iter_6.pth",
        "iter_8.pth",
    ]


def test_new_best_is_known_to_the_newest_checkpoint(tmp_path: Path) -> None:
    runner_of(tmp_path, ACC, default_hooks=checkpoint(interval=1, save_best="acc")).train()
    info = read_checkpoint(tmp_path / "epoch_2.pth")["message_hub"]["runtime_info"]
    assert info["best_ckpt"] == str(tmp_path / "best_acc_epoch_2.pth")


def test_validation_without_metrics_is_reported(tmp_path: Path) -> None:
    hooks = checkpoint(save_best="acc", save_last=False)
    runner = runner_of(tmp_path, [{}, {}, {}], default_hooks=hooks)
    runner.train()
    assert "no best checkpoint can be told" in log_of(runner)


def test_missing_metric_is_named(tmp_path: Path) -> None:
    runner = runner_of(tmp_path, ACC, default_hooks=checkpoint(save_best="mIoU"))
    with pytest.raises(KeyError, match=r"'mIoU'.*'acc'"):
        runner.train()


def test_published_file_has_its_hash_in_its_name(tmp_path: Path) -> None:
    hooks = checkpoint(interval=1, max_keep_ckpts=1, save_best="acc", published_keys="state_dict")
    runner_of(tmp_path, ACC, default_hooks=hooks).train()
    published = [name for name in files(tmp_path) if "-" in name]
    assert [name.split("-")[0] for name in published] == ["best_acc_epoch_2", "epoch_3"]
    for name in published:
        path = tmp_path / name
        assert list(read_checkpoint(path)) == ["state_dict"]
        assert hashlib.sha256(path.read_bytes()).hexdigest()[:8] == name.split("-")[1][:8]


def test_unknown_published_key_is_reported(tmp_path: Path) -> None:
    runner = runner_of(tmp_path, default_hooks=checkpoint(published_keys=["state_dict", "ema"]))
    runner.train()
    assert "has no ema to publish" in log_of(runner)


def test_resumed_run_keeps_the_same_files(tmp_path: Path) -> None:
    kwargs = {"interval": 1, "max_keep_ckpts": 2, "save_best": "acc"}
    epochs = {"by_epoch": True, "max_epochs": 6}
    runner_of(tmp_path / "whole", ACC, train_cfg=epochs, default_hooks=checkpoint(**kwargs)).train()
    cut = tmp_path / "cut"
    runner_of(
        cut, ACC, train_cfg={"by_epoch": True, "max_epochs": 3}, default_hooks=checkpoint(**kwargs)
    ).train()
    # What a run leaves that is killed after saving epoch 3 and before removing epoch 1.
    shutil.copy(cut / "epoch_2.pth", cut / "epoch_1.pth")
    runner_of(cut, ACC, train_cfg=epochs, default_hooks=checkpoint(**kwargs), resume=True).train()
    assert files(cut) == files(tmp_path / "whole")
    assert files(cut) == ["best_acc_epoch_6.pth", "epoch_5.pth", "epoch_6.pth"]


def test_resuming_with_fewer_to_keep_removes_the_rest(tmp_path: Path) -> None:
    runner_of(tmp_path, default_hooks=checkpoint(interval=1, max_keep_ckpts=3)).train()
    runner_of(
        tmp_path,
        train_cfg={"by_epoch": True, "max_epochs": 4},
        default_hooks=checkpoint(interval=1, max_keep_ckpts=1),
        resume=True,
    ).train()
    assert files(tmp_path) == ["epoch_4.pth"]


def test_old_files_stay_until_the_new_one_is_complete(tmp_path: Path) -> None:
    seen: list[list[str]] = []
    spy = Record("before_save_checkpoint", lambda runner: seen.append(files(tmp_path)))
    runner_of(
        tmp_path, default_hooks=checkpoint(interval=1, max_keep_ckpts=1), custom_hooks=[spy]
    ).train()
    assert seen == [[], ["epoch_1.pth"], ["epoch_2.pth"]]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_unwritable_out_dir_is_named(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    runner = runner_of(tmp_path / "run", default_hooks=checkpoint(out_dir=locked))
    with pytest.raises(OSError, match=f"{locked}"):
        runner.train()


def test_out_dir_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "occupied").write_text("")
    runner = runner_of(tmp_path / "run", default_hooks=checkpoint(out_dir=tmp_path / "occupied"))
    with pytest.raises(OSError, match="occupied"):
        runner.train()


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"save_best": ["acc", "acc"]}, AssertionError, "twice"),
        ({"save_best": ["auto", "acc"]}, AssertionError, "auto"),
        ({"save_best": 3}, AssertionError, "save_best must be"),
        ({"save_best": "acc", "rule": 3}, AssertionError, "rule must be"),
        ({"save_best": "acc", "rule": "bigger"}, KeyError, "bigger"),
        ({"save_best": ["a", "b", "c"], "rule": ["less", "less"]}, AssertionError, "3 metrics"),
        ({"save_best": "FID"}, ValueError, "FID"),
        ({"save_begin": -1}, ValueError, "save_begin"),
        ({"published_keys": 3}, TypeError, "published_keys"),
        ({"filename_tmpl": "model.pth"}, ValueError, "filename_tmpl"),
        ({"filename_tmpl": "{}_{}.pth"}, ValueError, "filename_tmpl"),
        ({"filename_tmpl": "{epoch}.pth"}, ValueError, "filename_tmpl"),
        ({"filename_tmpl": 3}, TypeError, "filename_tmpl"),
        ({"greater_keys": [1]}, AssertionError, "greater_keys"),
        ({"file_client_args": {}, "backend_args": {}}, ValueError, "backend_args"),
    ],
)
def test_arguments_that_cannot_be_meant(kwargs: dict, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        CheckpointHook(**kwargs)


def test_own_keys_decide_the_rule() -> None:
    assert CheckpointHook(save_best="FID", less_keys=["fid"]).rules == ["less"]
    assert CheckpointHook(save_best=["accuracy", "val_loss"]).rules == ["greater", "less"]
    assert CheckpointHook(save_best=["a", "b"], rule="less").rules == ["less", "less"]


def test_a_store_that_is_no_disk(tmp_path: Path) -> None:
    store = fsspec.filesystem("memory")
    if store.exists("/bucket"):
        store.rm("/bucket", recursive=True)
    hook = checkpoint(max_keep_ckpts=1, interval=1, out_dir="memory://bucket")
    runner_of(tmp_path, default_hooks=hook).train()
    assert store.find("/bucket") == [f"/bucket/{tmp_path.name}/epoch_3.pth"]

    longer = {"by_epoch": True, "max_epochs": 4}
    resumed = runner_of(tmp_path, default_hooks=hook, resume=True, train_cfg=longer)
    resumed.train()
    assert resumed.message_hub.get_scalar("train/loss").data[0].size == 16
    assert store.find("/bucket") == [f"/bucket/{tmp_path.name}/epoch_4.pth"]


def test_rules_may_be_those_of_a_subclass(tmp_path: Path) -> None:
    class Newest(CheckpointHook):
        """The newest of equals is the best, if it is over a half."""

        rule_map = {**CheckpointHook.rule_map, "greater": lambda new, best: new >= best}
        init_value_map = {"greater": 0.5, "less": 0.0}

    scores = [{"acc": value} for value in (0.4, 0.8, 0.8)]
    runner = runner_of(
        tmp_path, scores, default_hooks={"checkpoint": Newest(save_best="acc", save_last=False)}
    )
    runner.train()
    assert files(tmp_path) == ["best_acc_epoch_3.pth"]


def test_tells_what_it_was_told(tmp_path: Path) -> None:
    hook = CheckpointHook(greater_keys="IS", less_keys=["FID", "loss"])
    assert (list(hook.greater_keys), list(hook.less_keys)) == (["IS"], ["FID", "loss"])
    assert "mIoU" in CheckpointHook().greater_keys and "loss" in CheckpointHook().less_keys
    for kwargs in ({}, {"file_client_args": {"backend": "disk"}}):
        hook = CheckpointHook(**kwargs)
        runner_of(tmp_path, default_hooks={"checkpoint": hook}).train()
        assert hook.file_client_args == kwargs.get("file_client_args")
        assert hook.file_client.isfile(tmp_path / "epoch_3.pth")
        assert hook.file_backend.isfile(tmp_path / "epoch_3.pth")
