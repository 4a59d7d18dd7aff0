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
