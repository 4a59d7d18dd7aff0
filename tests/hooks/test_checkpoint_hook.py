"""CheckpointHook: which files a run leaves, and what is in them."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import fsspec
import pytest
import torch

from mmlight.fileio.checkpoint_file import read_checkpoint
from mmlight.fileio.folder_lock import FolderInUseError
from mmlight.hooks import CheckpointHook
from tests.bridge.ranks import together
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


def test_meta_counts_iterations_and_epochs_that_are_done(tmp_path: Path) -> None:
    hooks = checkpoint(interval=5, by_epoch=False, save_best="acc")
    runner_of(tmp_path, ACC, default_hooks=hooks).train()
    for name, done in {
        "iter_5.pth": (1, 5),
        "iter_10.pth": (2, 10),
        "iter_12.pth": (2, 12),  # the third epoch is not over at its last iteration
        "best_acc_iter_8.pth": (2, 8),
        "iter_8.pth": (2, 8),
    }.items():
        meta = read_checkpoint(tmp_path / name)["meta"]
        assert (meta["epoch"], meta["iter"]) == done, name


def test_the_log_says_what_is_saved_and_removed(tmp_path: Path) -> None:
    epochs = runner_of(tmp_path / "e", ACC, default_hooks=checkpoint(interval=2, save_best="acc"))
    epochs.train()
    assert f"Checkpoints will be saved to {tmp_path / 'e'}." in log_of(epochs)
    saved = [line for line in log_of(epochs).splitlines() if "Saving checkpoint at" in line]
    assert [line.split(" - ")[-1] for line in saved] == [
        "Saving checkpoint at 2 epochs",
        "Saving checkpoint at 3 epochs",
    ]
    gone = tmp_path / "e" / "best_acc_epoch_1.pth"
    assert f"The previous best checkpoint {gone} is removed" in log_of(epochs)
    assert log_of(epochs).count("is removed") == 1
    hooks = checkpoint(interval=6, by_epoch=False, save_best="acc")
    iterations = runner_of(tmp_path / "i", ACC, default_hooks=hooks)
    iterations.train()
    assert "Saving checkpoint at 6 iterations" in log_of(iterations)
    assert "with 0.5000 acc at 8 iter is saved to best_acc_iter_8.pth." in log_of(iterations)


def test_a_validation_outside_of_a_training_saves_nothing(tmp_path: Path) -> None:
    runner = runner_of(tmp_path, ACC[::-1], default_hooks=checkpoint(save_best="acc"))
    runner.train()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.pth")}
    assert [path.name for path in sorted(before)] == ["best_acc_epoch_1.pth", "epoch_3.pth"]
    runner.message_hub.update_info("best_score", 0.0)
    assert runner.val() == {"acc": 0.8}
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.pth")} == before


def test_what_is_too_many_is_removed_before_a_resumed_training(tmp_path: Path) -> None:
    runner_of(tmp_path, default_hooks=checkpoint(interval=1, max_keep_ckpts=3)).train()
    seen: list[list[str]] = []
    spy = Record("before_train", lambda runner: seen.append(files(tmp_path)))
    hooks = checkpoint(interval=1, max_keep_ckpts=1)
    runner_of(tmp_path, default_hooks=hooks, custom_hooks=[spy], resume=True).train()
    assert seen == [["epoch_3.pth"]]
    runner_of(tmp_path / "all", default_hooks=checkpoint(interval=1)).train()
    assert files(tmp_path / "all") == ["epoch_1.pth", "epoch_2.pth", "epoch_3.pth"]


def test_a_checkpoint_saved_twice_is_kept_once(tmp_path: Path) -> None:
    scores = [{"acc": value} for value in (0.1, 0.2, 0.3)]
    hooks = checkpoint(interval=1, max_keep_ckpts=2, save_best="acc")
    runner = runner_of(tmp_path, scores, default_hooks=hooks)
    runner.train()
    assert files(tmp_path) == ["best_acc_epoch_3.pth", "epoch_2.pth", "epoch_3.pth"]
    assert runner.message_hub.get_info("keep_ckpt_ids") == [2, 3]
    assert runner.message_hub.get_info("last_ckpt") == str(tmp_path / "epoch_3.pth")


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


@pytest.mark.parametrize("optimizer", [True, False])
@pytest.mark.parametrize("scheduler", [True, False])
def test_best_checkpoints_hold_what_the_others_hold(
    optimizer: bool, scheduler: bool, tmp_path: Path
) -> None:
    schedule = [{"type": "LinearLR", "start_factor": 0.1, "end": 5, "by_epoch": False}]
    hooks = checkpoint(
        interval=1, save_best="acc", save_optimizer=optimizer, save_param_scheduler=scheduler
    )
    runner_of(tmp_path, ACC, default_hooks=hooks, param_scheduler=schedule).train()
    for name in ("best_acc_epoch_2.pth", "epoch_1.pth", "epoch_2.pth", "epoch_3.pth"):
        saved = read_checkpoint(tmp_path / name)
        assert ("optimizer" in saved) is optimizer, name
        assert ("param_schedulers" in saved) is scheduler, name


def test_a_run_goes_on_from_its_best_checkpoint(tmp_path: Path) -> None:
    kwargs = {"param_scheduler": {"type": "StepLR", "step_size": 1, "gamma": 0.5}}
    hooks = checkpoint(interval=1, save_best="acc")
    whole = runner_of(tmp_path / "whole", ACC, default_hooks=hooks, **kwargs)
    whole.train()
    best = tmp_path / "whole" / "best_acc_epoch_2.pth"
    resumed = runner_of(
        tmp_path / "resumed",
        ACC,
        default_hooks=hooks,
        resume=True,
        load_from=str(best),
        **kwargs,
    )
    resumed.train()
    assert resumed.optim_wrapper.get_lr() == whole.optim_wrapper.get_lr() == {"lr": [0.025]}
    for name, value in whole.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[name], value), name


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


def test_the_last_one_is_published_if_it_is_saved(tmp_path: Path) -> None:
    hooks = checkpoint(interval=1, save_last=False, save_best="acc", published_keys=["state_dict"])
    runner = runner_of(tmp_path, ACC, default_hooks=hooks)
    runner.train()
    (published,) = [name for name in files(tmp_path) if "-" in name]
    assert published.startswith("best_acc_epoch_2-")
    path = tmp_path / "best_acc_epoch_2.pth"
    assert f"The checkpoint ({path}) is published to {tmp_path / published}." in log_of(runner)


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


def test_a_best_checkpoint_that_is_found_twice_stays(tmp_path: Path) -> None:
    class LastOfEquals(CheckpointHook):
        rule_map = {**CheckpointHook.rule_map, "greater": lambda new, best: new >= best}

    hook = LastOfEquals(by_epoch=False, save_best="acc", save_last=False)
    twice = Record("after_train_epoch", lambda runner: runner.val_loop.run())
    scores = [{"acc": 0.5}] * 3
    runner_of(tmp_path, scores, default_hooks={"checkpoint": hook}, custom_hooks=[twice]).train()
    assert files(tmp_path) == ["best_acc_iter_12.pth"]


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


def write_from_elsewhere(folder: Path) -> Any:
    """Another process that has ``folder``, as a run has its work directory."""
    code = (
        "import sys; from mmlight.fileio.folder_lock import hold_folder; "
        "hold_folder(sys.argv[1]); print('held', flush=True); sys.stdin.readline()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout is not None and other.stdout.readline() == "held\n"
    return other


@pytest.mark.parametrize("where", ["run", "out/run"])
def test_a_second_run_in_a_folder_is_refused(where: str, tmp_path: Path) -> None:
    hook = checkpoint(interval=1, out_dir=tmp_path / "out")
    other = write_from_elsewhere(tmp_path / where)
    with other:
        runner = runner_of(tmp_path / "run", ACC, default_hooks=hook)
        with pytest.raises(FolderInUseError, match=f"{tmp_path / where}: process {other.pid} "):
            runner.train()
        assert not list(tmp_path.rglob("*.pth")) and not list(tmp_path.rglob("last_checkpoint"))
        assert set(runner.val()) == {"acc"}  # which writes none of the files
        runner_of(tmp_path / "beside", default_hooks={"checkpoint": None}).train()
        other.kill()
        other.wait()
    runner_of(tmp_path / "run", ACC, default_hooks=hook).train()
    assert files(tmp_path / "out" / "run") == ["epoch_1.pth", "epoch_2.pth", "epoch_3.pth"]
    assert not list(tmp_path.rglob(".run.lock"))


def test_a_folder_is_free_again_after_an_error(tmp_path: Path) -> None:
    def fail(runner: Any) -> None:
        assert (tmp_path / ".run.lock").exists()
        raise ZeroDivisionError

    hooks = checkpoint(interval=1)
    for point in ("before_train_iter", "after_train"):
        runner = runner_of(tmp_path, default_hooks=hooks, custom_hooks=[Record(point, fail)])
        with pytest.raises(ZeroDivisionError):
            runner.train()
        assert not (tmp_path / ".run.lock").exists()


def test_runs_of_one_process_share_a_folder(tmp_path: Path) -> None:
    def inside(runner: Any) -> None:
        if runner.iter == 5:
            runner_of(tmp_path, default_hooks=checkpoint(filename_tmpl="inner_{}.pth")).train()
            assert (tmp_path / ".run.lock").exists()

    record = Record("before_train_iter", inside)
    runner_of(tmp_path, default_hooks=checkpoint(interval=1), custom_hooks=[record]).train()
    expected = ["epoch_1.pth", "epoch_2.pth", "epoch_3.pth", "inner_3.pth"]
    assert files(tmp_path) == expected
    assert not (tmp_path / ".run.lock").exists()


def test_both_processes_of_a_second_run_are_refused(tmp_path: Path) -> None:
    other = write_from_elsewhere(tmp_path / "run")
    with other:
        told = together(tmp_path / "ranks", refused_training, str(tmp_path / "run"))
        other.kill()
    assert f"process {other.pid} " in told[0] and told[0] == told[1]


def refused_training(folder: str) -> str:
    """What a run says that is refused, in one of its processes."""
    runner = runner_of(Path(folder), default_hooks=checkpoint(interval=1), launcher="pytorch")
    try:
        runner.train()
    except FolderInUseError as error:
        return str(error)
    return "trained"


@pytest.mark.parametrize("copied", [False, True])
def test_a_run_that_goes_on_elsewhere_leaves_the_files_of_the_first(
    tmp_path: Path, copied: bool
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    hooks = checkpoint(interval=1, save_best="acc", rule="greater", max_keep_ckpts=2)
    runner_of(first, ACC, default_hooks=hooks).train()
    there = files(first)
    assert "best_acc_epoch_2.pth" in there
    if copied:
        shutil.copytree(first, second)
    runner = runner_of(
        second,
        ACC,
        default_hooks=hooks,
        train_cfg={"by_epoch": True, "max_epochs": 4},
        load_from=str((second if copied else first) / "epoch_3.pth"),
        resume=True,
    )
    runner.train()
    assert files(first) == there
    # The best of before is replaced where this run has it.
    assert files(second) == ["best_acc_epoch_4.pth", *["epoch_3.pth"] * copied, "epoch_4.pth"]
    assert runner.message_hub.get_info("best_ckpt") == str(second / "best_acc_epoch_4.pth")
