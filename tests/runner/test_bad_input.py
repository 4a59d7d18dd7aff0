"""What a user may get wrong is said clearly, and before any data is read."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.utils.data import Dataset

from mmlight.config import Config
from mmlight.runner import Runner
from tests.bridge.parts import config


class Unread(Dataset):
    """Data that must not be read."""

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> Any:
        raise AssertionError("data was read")


def train(tmp_path: Any, **changes: Any) -> None:
    cfg = config(tmp_path, **changes)
    if cfg["train_dataloader"] is not None:
        cfg["train_dataloader"] = {**cfg["train_dataloader"], "dataset": Unread()}
    Runner.from_cfg(Config(cfg)).train()


def expect(tmp_path: Any, kind: type[Exception], *parts: str, **changes: Any) -> None:
    with pytest.raises(kind) as caught:
        train(tmp_path, **changes)
    message = str(caught.value)
    for part in parts:
        assert part in message, message


def test_an_unknown_type(tmp_path: Any) -> None:
    hooks = [{"type": "EMAHok"}]
    expect(tmp_path, KeyError, "EMAHok", "EMAHook", "custom_hooks", custom_hooks=hooks)


def test_a_misspelt_argument(tmp_path: Any) -> None:
    expect(
        tmp_path,
        TypeError,
        "SGD",
        "momentun",
        "momentum",
        "optim_wrapper.optimizer",
        optim_wrapper={"optimizer": {"type": "SGD", "lr": 0.1, "momentun": 0.9}},
    )


def test_a_misspelt_argument_of_a_hook(tmp_path: Any) -> None:
    hooks = {"logger": {"type": "LoggerHook", "intervall": 3}}
    expect(
        tmp_path, TypeError, "LoggerHook", "intervall", "interval", "logger", default_hooks=hooks
    )


def test_a_misspelt_argument_of_the_trainer(tmp_path: Any) -> None:
    expect(tmp_path, TypeError, "trainer.strategi", "strategy", trainer={"strategi": "ddp"})


def test_training_without_data(tmp_path: Any) -> None:
    expect(
        tmp_path,
        ValueError,
        "train_dataloader, train_cfg, optim_wrapper must all be given",
        "not train_dataloader",
        train_dataloader=None,
    )


def test_validation_without_an_evaluator(tmp_path: Any) -> None:
    expect(tmp_path, ValueError, "not val_evaluator", val_evaluator=None)


def test_an_average_without_its_original(tmp_path: Any) -> None:
    hooks = [{"type": "ExponentialMovingAverageHook", "module_keys": "generator_ema"}]
    expect(tmp_path, RuntimeError, "generator", custom_hooks=hooks)


@pytest.mark.parametrize("kept", [0, 100, 1000])
def test_a_truncated_checkpoint(tmp_path: Any, kept: int) -> None:
    Runner.from_cfg(Config(config(tmp_path))).train()
    whole, cut = tmp_path / "epoch_2.pth", tmp_path / "epoch_3.pth"
    cut.write_bytes(cut.read_bytes()[:kept])
    with pytest.raises(Exception, match=r"epoch_3\.pth") as caught:
        train(tmp_path, load_from=str(cut), resume=True)
    assert "epoch_2.pth" in str(caught.value)
    torch.load(whole, weights_only=True)


def test_a_checkpoint_of_another_architecture(tmp_path: Any, capfd: Any) -> None:
    cfg = config(tmp_path / "run", load_from=str(tmp_path / "other.pth"))
    runner = Runner.from_cfg(Config(cfg))
    state = {"layers.0.weight": torch.zeros(3, 3), "head.bias": torch.zeros(2)}
    state["layers.3.weight"] = runner.model.state_dict()["layers.3.weight"]
    torch.save({"state_dict": state, "meta": {}}, tmp_path / "other.pth")
    runner.train()
    (log,) = (tmp_path / "run").glob("*/*.log")
    text = log.read_text()
    for part in ("missing", "layers.3.bias", "unexpected", "head.bias", "layers.0.weight"):
        assert part in text.lower()


def test_a_work_dir_that_cannot_be_written(tmp_path: Any) -> None:
    (tmp_path / "file").write_text("")
    cfg = config(tmp_path / "file" / "run")
    with pytest.raises(OSError, match="work_dir"):
        Runner.from_cfg(Config(cfg))


def test_a_run_with_nothing_to_do(tmp_path: Any) -> None:
    cfg = {"model": {"type": "Classifier"}, "work_dir": str(tmp_path)}
    runner = Runner.from_cfg(Config(cfg))
    for mode in ("train", "val", "test"):
        with pytest.raises(RuntimeError, match=f"{mode}_dataloader"):
            getattr(runner, mode)()


def test_keys_that_every_config_needs() -> None:
    with pytest.raises(KeyError, match="work_dir"):
        Runner.from_cfg(Config({"model": {"type": "Classifier"}}))


def test_an_unknown_launcher(tmp_path: Any) -> None:
    expect(tmp_path, ValueError, "launcher", "pytorch", launcher="torch")
