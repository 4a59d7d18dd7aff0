"""LogProcessor: what can be asked of it, and what is refused."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch

from mmlight.logging import MessageHub
from mmlight.runner import LogProcessor


class Loop:
    def __init__(self, length: int) -> None:
        self.dataloader = range(length)


class Face:
    """A runner in its second epoch."""

    iter, epoch, max_iters, max_epochs = 11, 1, 40, 4
    model = torch.nn.Identity()
    train_loop = _train_loop = Loop(10)
    val_loop, test_loop = Loop(3), Loop(3)

    def __init__(self) -> None:
        self.message_hub = MessageHub.get_instance("log_processor")
        for value in (4.0, 2.0, 1.0):
            self.message_hub.update_scalar("train/loss", value)
            self.message_hub.update_scalar("train/acc", value)


def line(**kwargs: Any) -> str:
    """The line, without what only a machine with a GPU has in it."""
    _, text = LogProcessor(**kwargs).get_log_after_iter(Face(), 1, "train")
    return re.sub(r"memory: \d+  ", "", text)


def test_losses_are_averaged_and_the_rest_is_current() -> None:
    assert line(window_size=2) == "Epoch(train) [2][ 2/10]    loss: 1.5000  acc: 1.0000"


def test_statistics_of_ones_own() -> None:
    wishes = [
        {"data_src": "loss", "method_name": "max", "log_name": "worst"},
        {"data_src": "acc", "method_name": "mean", "window_size": "global"},
        {"data_src": "loss", "method_name": "mean", "window_size": "epoch"},
    ]
    assert line(custom_cfg=wishes).endswith("loss: 1.5000  acc: 2.3333  worst: 4.0000")


def test_given_config_is_left_as_it_is() -> None:
    wishes = [{"data_src": "loss", "method_name": "mean", "window_size": "epoch"}]
    processor = LogProcessor(custom_cfg=wishes)
    for _ in range(2):
        processor.get_log_after_iter(Face(), 1, "train")
    assert wishes == [{"data_src": "loss", "method_name": "mean", "window_size": "epoch"}]


def test_whole_numbers_stay_whole() -> None:
    face = Face()
    face.message_hub.update_scalar("train/count", 7)
    assert LogProcessor().get_log_after_iter(face, 1, "train")[1].endswith("count: 7")


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"custom_cfg": 3}, TypeError, "list of dicts"),
        ({"custom_cfg": [3]}, TypeError, "list of dicts"),
        ({"custom_cfg": [{"method_name": "mean"}]}, AssertionError, "data_src"),
        (
            {"custom_cfg": [{"data_src": "a"}, {"data_src": "a"}]},
            AssertionError,
            "'a'",
        ),
        (
            {"by_epoch": False, "custom_cfg": [{"data_src": "a", "window_size": "epoch"}]},
            AssertionError,
            "by_epoch",
        ),
    ],
)
def test_configs_that_cannot_be_meant(kwargs: dict, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        LogProcessor(**kwargs)


@pytest.mark.parametrize("window", ["bogus", 1.5])
def test_windows_that_cannot_be_meant(window: Any) -> None:
    with pytest.raises(TypeError, match="window_size"):
        line(custom_cfg=[{"data_src": "loss", "method_name": "mean", "window_size": window}])


def test_unknown_statistic_is_named() -> None:
    with pytest.raises(KeyError, match="median"):
        line(custom_cfg=[{"data_src": "loss", "method_name": "median"}])


@pytest.mark.parametrize("method", ["get_log_after_iter", "get_log_after_epoch"])
def test_unknown_mode(method: str) -> None:
    with pytest.raises(AssertionError, match="mode"):
        getattr(LogProcessor(), method)(Face(), 1, "predict")


def after_iter(face: Face, mode: str = "train", batch: int = 1, **kwargs: Any) -> tuple[dict, str]:
    tag, text = LogProcessor(**kwargs).get_log_after_iter(face, batch, mode)
    memory = r"memory: \d+  "
    tag.pop("memory", None)
    return tag, re.sub(memory, "", text)


def test_names_for_the_visualizer_keep_their_hierarchy_if_wanted() -> None:
    tag, text = after_iter(Face(), log_with_hierarchy=True)
    assert tag == {"train/loss": 7 / 3, "train/acc": 1.0, "epoch": 2, "iter": 12}
    plain, same = after_iter(Face())
    assert plain["loss"] == 7 / 3 and list(plain) == ["loss", "acc", "epoch", "iter"]
    assert same == text


@pytest.mark.parametrize(
    ("window", "mean"), [(1, 1.0), (2, 1.5), (3, 7 / 3), ("epoch", 1.5), ("global", 7 / 3)]
)
def test_a_window_is_so_many_of_the_latest(window: Any, mean: float) -> None:
    wish = {"data_src": "acc", "method_name": "mean", "window_size": window}
    tag, _ = after_iter(Face(), custom_cfg=[wish])
    assert tag["acc"] == mean


def test_the_window_of_a_run_is_all_its_iterations() -> None:
    face = Face()
    for value in range(20):
        face.message_hub.update_scalar("train/long", value)
    wish = {"data_src": "long", "method_name": "min", "window_size": "global"}
    assert after_iter(face, custom_cfg=[wish])[0]["long"] == 8  # the last 12


def test_ten_iterations_are_averaged_unless_told() -> None:
    face = Face()
    for value in range(20):
        face.message_hub.update_scalar("train/loss_long", float(value))
    assert after_iter(face)[0]["loss_long"] == 14.5
    assert after_iter(face, window_size=20)[0]["loss_long"] == 9.5


def test_rates_times_and_what_is_left() -> None:
    face = Face()
    face.message_hub = MessageHub.get_instance("times")
    for name, value in {"lr": 0.001, "lr-SGD": 0.5, "time": 0.25, "data_time": 0.125}.items():
        face.message_hub.update_scalar(f"train/{name}", value)
    face.message_hub.update_scalar("train/norm", 2.0)
    head = "Epoch(train) [2][ 2/10]  "
    rates = "lr: 1.00e-03 lr-SGD: 5.00e-01  "
    times = "time: 0.25  data_time: 0.12"
    assert after_iter(face, num_digits=2)[1] == f"{head}{rates}{times}  norm: 2.00"
    face.message_hub.update_info("eta", 3661.9)
    expected = f"{head}{rates}eta: 1:01:01  {times}  norm: 2.00"
    assert after_iter(face, num_digits=2)[1] == expected


@pytest.mark.parametrize("mode", ["val", "test"])
@pytest.mark.parametrize("by_epoch", [True, False])
def test_a_line_within_an_evaluation(mode: str, by_epoch: bool) -> None:
    face = Face()
    face.message_hub = MessageHub.get_instance(mode)
    for name in ("time", "data_time", "other"):
        face.message_hub.update_scalar(f"{mode}/{name}", 0.5)
    face.message_hub.update_info("eta", 60)
    tag, text = after_iter(face, mode, by_epoch=by_epoch)
    where = {
        ("val", True): "Epoch(val) [1][2/3]  ",
        ("test", True): "Epoch(test) [2/3]  ",
        ("val", False): "Iter(val) [2/3]  ",
        ("test", False): "Iter(test) [2/3]  ",
    }[mode, by_epoch]
    assert text == f"{where}  eta: 0:01:00  time: 0.5000  data_time: 0.5000  "
    expected = {"time": 0.5, "data_time": 0.5, "other": 0.5, "iter": 12}
    assert tag == ({**expected, "epoch": 1} if mode == "val" and by_epoch else expected)


def test_epochs_and_batches_stand_below_each_other() -> None:
    face = Face()
    face.max_epochs, face.train_loop = 100, Loop(1000)
    assert after_iter(face)[1].startswith("Epoch(train)   [2][   2/1000]  ")
    face.epoch = 99
    assert after_iter(face, batch=999)[1].startswith("Epoch(train) [100][1000/1000]  ")


def test_a_line_by_iterations() -> None:
    tag, text = after_iter(Face(), by_epoch=False)
    assert text == "Iter(train) [12/40]    loss: 2.3333  acc: 1.0000"
    assert tag == {"loss": 7 / 3, "acc": 1.0, "iter": 12}


def test_without_a_training_there_is_no_iteration_and_no_epoch() -> None:
    face = Face()
    for unbuilt in (None, {"by_epoch": True}):
        face._train_loop = unbuilt
        face.message_hub.update_scalar("val/time", 0.5)
        tag, text = after_iter(face, "val")
        assert (tag["iter"], tag["epoch"]) == (0, 0)
        assert text.startswith("Epoch(val)[0][2/3]  ")
        assert after_epoch(face)[1].startswith("Epoch(val) [0][3/3]    ")


def after_epoch(face: Face, mode: str = "val", **kwargs: Any) -> tuple[dict, str]:
    wish = {key: kwargs.pop(key) for key in ("with_non_scalar",) if key in kwargs}
    return LogProcessor(**kwargs).get_log_after_epoch(face, 3, mode, **wish)


def evaluated(mode: str) -> Face:
    """A metric of a value, one that is none, and the times of two evaluations."""
    face = Face()
    hub = face.message_hub = MessageHub.get_instance(f"evaluated {mode}")
    for value in (8.0, 0.5, 0.5, 0.5, 2.5):
        hub.update_scalar(f"{mode}/time", value)
        hub.update_scalar(f"{mode}/data_time", value / 2)
        hub.update_scalar(f"{mode}/loss", value)
    hub.update_info(f"{mode}/names", ["a", "b"])
    hub.update_info("other", 1)
    return face


@pytest.mark.parametrize("mode", ["val", "test"])
@pytest.mark.parametrize("by_epoch", [True, False])
def test_the_line_after_an_evaluation(mode: str, by_epoch: bool) -> None:
    where = {
        ("val", True): "Epoch(val) [1][3/3]",
        ("test", True): "Epoch(test) [3/3]",
        ("val", False): "Iter(val) [3/3]",
        ("test", False): "Iter(test) [3/3]",
    }[mode, by_epoch]
    face = evaluated(mode)
    # Times of the batches of this evaluation and one more, which MMEngine counts too.
    mean = (0.5 * 3 + 2.5) / 4
    tag, text = after_epoch(face, mode, by_epoch=by_epoch)
    assert text == (
        f"{where}    loss: 2.5000  names: ['a', 'b']  time: {mean:.4f}  data_time: {mean / 2:.4f}"
    )
    assert tag == {"loss": 2.5, "time": mean, "data_time": mean / 2}
    tag, _ = after_epoch(face, mode, by_epoch=by_epoch, with_non_scalar=True)
    assert list(tag) == ["loss", "names", "time", "data_time"] and tag["names"] == ["a", "b"]
    tag, hierarchic = after_epoch(
        face, mode, by_epoch=by_epoch, log_with_hierarchy=True, with_non_scalar=True
    )
    assert list(tag) == [f"{mode}/{name}" for name in ("loss", "names", "time", "data_time")]
    assert f"    {mode}/loss: 2.5000  {mode}/names: ['a', 'b']  {mode}/time: {mean:.4f}" in (
        hierarchic
    )


def test_another_wish_for_times_is_obeyed() -> None:
    wish = {"data_src": "time", "method_name": "max"}
    tag, _ = after_epoch(evaluated("val"), custom_cfg=[wish])
    assert tag["time"] == 8.0 and tag["data_time"] == 0.5


def test_a_stream_has_no_end() -> None:
    class Stream:
        def __iter__(self) -> Any:
            return iter(range(3))

    face = evaluated("val")
    face.val_loop = Loop(0)
    face.val_loop.dataloader = Stream()  # type: ignore[assignment]
    assert after_iter(face, "val")[1].startswith("Epoch(val) [1][2/?]  ")
    assert after_epoch(face)[1].startswith("Epoch(val) [1][3/3]    ")


def test_arrays_have_lines_of_their_own() -> None:
    face = evaluated("val")
    face.message_hub.update_info("val/names", torch.eye(2))
    _, text = after_epoch(face)
    assert "names: \ntensor([[1., 0.],\n        [0., 1.]])\n  time" in text


def test_the_running_epoch_and_those_done() -> None:
    processor = LogProcessor()
    assert processor._get_epoch(Face(), "train") == 2
    assert processor._get_epoch(Face(), "val") == 1
    with pytest.raises(ValueError, match="'test'"):
        processor._get_epoch(Face(), "test")
    assert processor._get_iter(Face(), 4) == 5


def test_memory_is_told_where_there_is_a_gpu() -> None:
    tag, text = LogProcessor().get_log_after_iter(Face(), 1, "train")
    has_gpu = torch.cuda.is_available()
    assert ("memory" in tag) is has_gpu
    assert (f"  memory: {tag.get('memory')}  " in text) is has_gpu
