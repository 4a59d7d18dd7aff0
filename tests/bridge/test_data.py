"""The data that a Trainer is given are those that it trains and evaluates on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torch.utils.data import DataLoader, IterableDataset

import mmlight
from mmlight.config import Config
from mmlight.runner.ported import Ported

from .parts import Accuracy, Points, config, loader


class Count(pl.Callback):
    """Counts batches."""

    def __init__(self) -> None:
        self.train = self.val = self.test = 0

    def on_train_batch_end(self, *args: Any) -> None:
        self.train += 1

    def on_validation_batch_end(self, *args: Any) -> None:
        self.val += 1

    def on_test_batch_end(self, *args: Any) -> None:
        self.test += 1

    @property
    def counts(self) -> str:
        return f"{self.train}/{self.val}/{self.test}"


def ported(tmp_path: Path, by_epoch: bool = True, **changes: Any) -> Ported:
    """5 training batches in each of 3 epochs, 3 validation and test batches."""
    val = {**loader(shuffle=False), "dataset": Points(12)}
    extent = {"max_epochs": 3} if by_epoch else {"max_iters": 15, "val_interval": 5}
    cfg = {
        "train_dataloader": {**loader(), "dataset": Points(20)},
        "train_cfg": {"by_epoch": by_epoch, **extent},
        "val_dataloader": val,
        "test_dataloader": val,
        "test_cfg": {},
        "test_evaluator": [Accuracy()],
        "default_hooks": {"checkpoint": None},
    }
    return mmlight.from_config(Config(config(tmp_path, by_epoch, **{**cfg, **changes})))


def trainer_with(count: Count, **more: Any) -> pl.Trainer:
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    quiet |= {"num_sanity_val_steps": 0, "enable_checkpointing": False, "accelerator": "cpu"}
    return pl.Trainer(**{**quiet, **more}, callbacks=[count])


def batches(samples: int) -> DataLoader:
    return DataLoader(Points(samples), batch_size=4)


class Mine(pl.LightningDataModule):
    """2 training batches, 1 of validation, 4 of test."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def train_dataloader(self) -> DataLoader:
        self.asked.append("train")
        return batches(8)

    def val_dataloader(self) -> DataLoader:
        self.asked.append("val")
        return batches(4)

    def test_dataloader(self) -> list[DataLoader]:
        return [batches(16)]


WAYS: dict[str, tuple[Callable, str, str]] = {
    "no data": (lambda pieces: (), "15/9/0", "15/9/0"),
    "the config's": (lambda pieces: (pieces.datamodule,), "15/9/0", "15/9/0"),
    "a loader": (lambda pieces: (batches(8),), "6/9/0", "15/9/0"),
    "two loaders": (lambda pieces: (batches(8), batches(4)), "6/3/0", "15/3/0"),
    "a datamodule": (lambda pieces: (Mine(),), "6/3/0", "15/3/0"),
}


@pytest.mark.parametrize("by_epoch", [True, False])
@pytest.mark.parametrize("given", WAYS)
def test_fit(given: str, by_epoch: bool, tmp_path: Path) -> None:
    data, epochs, iterations = WAYS[given]
    count, pieces = Count(), ported(tmp_path, by_epoch)
    trainer_with(count).fit(pieces.module, *data(pieces))
    assert count.counts == (epochs if by_epoch else iterations)


def test_validate_and_test(tmp_path: Path) -> None:
    count, pieces = Count(), ported(tmp_path)
    trainer = trainer_with(count)
    trainer.validate(pieces.module, batches(8), verbose=False)
    trainer.test(pieces.module, datamodule=Mine(), verbose=False)
    assert count.counts == "0/2/4"


def test_the_configs_data_come_back(tmp_path: Path) -> None:
    count, pieces = Count(), ported(tmp_path)
    trainer_with(count).fit(pieces.module, Mine())
    again = Count()
    trainer = trainer_with(again)
    trainer.fit(pieces.module, pieces.datamodule)
    trainer.validate(pieces.module, pieces.datamodule, verbose=False)
    assert (count.counts, again.counts) == ("6/3/0", "15/12/0")


def test_a_datamodule_is_asked_anew(tmp_path: Path) -> None:
    data, count, pieces = Mine(), Count(), ported(tmp_path)
    trainer_with(count, reload_dataloaders_every_n_epochs=1).fit(pieces.module, data)
    assert data.asked == 3 * ["train", "val"]
    assert count.counts == "6/3/0"


def test_several_validation_sets(tmp_path: Path) -> None:
    val = {**loader(shuffle=False), "dataset": Points(12)}
    other = Accuracy(prefix="other")
    count = Count()
    pieces = ported(
        tmp_path,
        val_dataloader=[val, val],
        val_cfg={"type": "MultiValLoop"},
        val_evaluator=[[Accuracy()], [other]],
    )
    trainer = trainer_with(count)
    trainer.validate(pieces.module, [batches(4), batches(8)], verbose=False)
    assert count.val == 3
    with pytest.raises(ValueError, match="2 evaluators but got 1 dataloaders"):
        trainer.validate(pieces.module, batches(4), verbose=False)


class NoValidation(pl.LightningDataModule):
    def train_dataloader(self) -> Any:
        raise AssertionError("no data may be read")


class Moving(Mine):
    def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        return batch


class Stream(IterableDataset):
    def __iter__(self) -> Any:
        raise AssertionError("no data may be read")


@pytest.mark.parametrize(
    ("verb", "data", "error", "message"),
    [
        ("fit", lambda: (None, None, NoValidation()), ValueError, "NoValidation has no val_data"),
        ("fit", lambda: (None, None, Moving()), ValueError, r"Moving\.on_after_batch_transfer"),
        ("fit", lambda: ({"a": batches(8)},), TypeError, "train_dataloader .* is a dict"),
        ("fit", lambda: (batches(8), 2 * [batches(4)]), TypeError, "got 2: use val_cfg=.*MultiVal"),
        ("validate", lambda: (DataLoader(Stream()),), TypeError, "a Stream without a length"),
    ],
)
def test_what_cannot_be_used_is_refused(
    verb: str, data: Callable, error: type[Exception], message: str, tmp_path: Path
) -> None:
    count, pieces = Count(), ported(tmp_path)
    trainer = trainer_with(count)
    given = data()
    with pytest.raises(error, match=message):
        if len(given) == 3:
            getattr(trainer, verb)(pieces.module, datamodule=given[2])
        else:
            getattr(trainer, verb)(pieces.module, *given)
    assert count.counts == "0/0/0"


@pytest.mark.parametrize(("verb", "key"), [("fit", "train_cfg"), ("validate", "val_cfg")])
def test_a_config_without_the_keys_for_it(verb: str, key: str, tmp_path: Path) -> None:
    names = (
        ("train_dataloader", "train_cfg", "optim_wrapper", "param_scheduler")
        if verb == "fit"
        else ("val_dataloader", "val_cfg", "val_evaluator")
    )
    pieces = ported(tmp_path, **dict.fromkeys(names))
    with pytest.raises(RuntimeError, match=rf"Trainer\.{verb} needs .*{key}"):
        getattr(trainer_with(Count()), verb)(pieces.module, batches(8))


def test_a_second_trainer_begins_anew_from_the_weights_of_the_first(tmp_path: Path) -> None:
    rates: list[float] = []

    class Rates(Count):
        def on_train_batch_start(self, trainer: Any, *args: Any) -> None:
            rates.append(trainer.optimizers[0].param_groups[0]["lr"])

    pieces = ported(tmp_path)
    trainer_with(Rates()).fit(pieces.module, pieces.datamodule)
    weight = pieces.runner.model.layers[0].weight.detach().clone()
    second = Rates()
    trainer = trainer_with(second, max_epochs=1, limit_train_batches=1)
    trainer.fit(pieces.module, pieces.datamodule)
    assert (trainer.global_step, pieces.runner.iter) == (1, 1)
    assert rates[0] == rates[15] == pytest.approx(0.01)
    assert rates[14] == pytest.approx(0.1)
    change = (pieces.runner.model.layers[0].weight - weight).abs().max()
    assert 0 < change < 0.1


def test_fitting_twice_with_one_trainer_trains_once(tmp_path: Path) -> None:
    count, pieces = Count(), ported(tmp_path)
    trainer = trainer_with(count)
    trainer.fit(pieces.module, pieces.datamodule)
    trainer.fit(pieces.module, pieces.datamodule)
    assert (count.train, trainer.current_epoch) == (15, 3)
    trainer.validate(pieces.module, pieces.datamodule, verbose=False)
    trainer.test(pieces.module, pieces.datamodule, verbose=False)
    assert count.counts == "15/12/3"


def test_several_loaders_for_a_plain_loop_of_a_config(tmp_path: Path) -> None:
    val = {**loader(shuffle=False), "dataset": Points(12)}
    pieces = ported(tmp_path, val_dataloader=[val, val])
    with pytest.raises(TypeError, match="ValLoop takes one dataloader, but got 2"):
        trainer_with(Count()).validate(pieces.module, pieces.datamodule)


def test_the_data_of_a_prediction(tmp_path: Path) -> None:
    pieces = ported(tmp_path)
    trainer = trainer_with(Count())
    for given, expected in (((), 3), ((pieces.datamodule,), 3), ((batches(8),), 2)):
        predictions: Any = trainer.predict(pieces.module, *given)
        assert len(predictions) == expected
        assert set(predictions[0][0]) == {"pred", "label"}
    assert torch.is_grad_enabled()
