"""EvaluatorCallback: documented evaluators over what a plain LightningModule returns."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from torch import nn
from torch.utils.data import DataLoader, Dataset

from mmlight.evaluator import BaseMetric, Evaluator
from mmlight.hooks import EvaluatorCallback, Hook
from mmlight.structures import BaseDataElement
from tests.bridge.ranks import together
from tests.hooks.rank_runs import validate

CLASSES = 3
ACCURACY = {"type": "MulticlassAccuracy", "num_classes": CLASSES, "average": "micro"}
BOTH = pytest.mark.parametrize("automatic", [True, False])


class Rows(Dataset):
    """Rows whose labels are right in all but ``wrong`` of them."""

    def __init__(self, length: int, wrong: int) -> None:
        self.metainfo = {"classes": list("abc"), "length": length}
        self.labels = torch.arange(length) % CLASSES
        self.inputs = nn.functional.one_hot(self.labels, CLASSES).float()
        self.labels[:wrong] = (self.labels[:wrong] + 1) % CLASSES

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.inputs[index], self.labels[index]


class Plain(pl.LightningModule):
    """Predicts the largest input; ``form`` says how a step returns its samples."""

    def __init__(self, automatic: bool = True, form: str = "stacked") -> None:
        super().__init__()
        self.automatic_optimization = automatic
        self.scale = nn.Parameter(torch.ones(1))
        self.form = form

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.0)

    def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
        loss = (self.scale * batch[0]).sum()
        if not self.automatic_optimization:
            self.manual_backward(loss)
        return loss

    def validation_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> Any:
        pred, gt = batch[0].argmax(1), batch[1]
        if self.form == "stacked":
            return {"pred": pred, "gt": gt}
        if self.form == "nothing":
            return None
        pairs = [{"pred": p, "gt": g} for p, g in zip(pred, gt, strict=True)]
        return [BaseDataElement(**one) for one in pairs] if self.form == "elements" else pairs

    test_step = validation_step


def trainer(tmp_path: Any, *callbacks: Any, **kwargs: Any) -> pl.Trainer:
    return pl.Trainer(
        callbacks=list(callbacks),
        default_root_dir=tmp_path,
        accelerator="cpu",
        enable_progress_bar=False,
        enable_model_summary=False,
        **{"max_epochs": 1, "logger": False, "enable_checkpointing": False, **kwargs},
    )


def loader(length: int = 10, wrong: int = 0) -> DataLoader:
    return DataLoader(Rows(length, wrong), batch_size=4)


class Seen(BaseMetric):
    """Counts samples, and looks at what the dataset says of itself."""

    default_prefix = "seen"

    def process(self, data_batch: Any, data_samples: Any) -> None:
        assert len(data_batch[0]) == len(data_samples)
        self.results += [1] * len(data_samples)

    def compute_metrics(self, results: list) -> dict[str, float]:
        return {"samples": len(results), "length": self.dataset_meta["length"]}


@pytest.mark.parametrize("form", ["stacked", "dicts", "elements"])
@BOTH
def test_one_dataloader(tmp_path: Any, automatic: bool, form: str) -> None:
    got: dict[str, float] = {}

    class Note(Hook):
        def after_val_epoch(self, runner: Any, metrics: Any = None) -> None:
            got.update(metrics)

    callback = EvaluatorCallback(val=[ACCURACY, Seen()])
    made = trainer(tmp_path, callback, Note())
    made.fit(Plain(automatic, form), loader(), loader(wrong=2))
    expected = {"MulticlassAccuracy": 0.8, "seen/samples": 10.0, "seen/length": 10.0}
    assert {name: float(value) for name, value in got.items()} == pytest.approx(expected)
    (tested,) = made.test(made.lightning_module, loader(wrong=5), verbose=False)
    assert tested["MulticlassAccuracy"] == pytest.approx(0.5)


@BOTH
def test_several_dataloaders_each_with_its_evaluator(tmp_path: Any, automatic: bool) -> None:
    callback = EvaluatorCallback(val={"near": Evaluator(ACCURACY), "far": [ACCURACY, Seen()]})
    made = trainer(tmp_path, callback)
    made.fit(Plain(automatic), loader(), [loader(wrong=1), loader(20, wrong=10)])
    values = {name: float(value) for name, value in made.callback_metrics.items()}
    assert values == pytest.approx(
        {
            "near/MulticlassAccuracy": 0.9,
            "far/MulticlassAccuracy": 0.5,
            "far/seen/samples": 20.0,
            "far/seen/length": 20.0,
        }
    )


def test_lightnings_callbacks_monitor_the_values(tmp_path: Any) -> None:
    best = ModelCheckpoint(tmp_path, monitor="MulticlassAccuracy", mode="max")
    stop = EarlyStopping("MulticlassAccuracy", mode="max", patience=1)
    made = trainer(
        tmp_path, EvaluatorCallback(ACCURACY), best, stop, max_epochs=9, enable_checkpointing=True
    )
    made.fit(Plain(), loader(), loader(wrong=2))
    assert made.current_epoch == 2
    assert float(best.best_model_score) == pytest.approx(0.8)


def test_limits_of_the_trainer(tmp_path: Any) -> None:
    made = trainer(tmp_path, EvaluatorCallback(Seen()), limit_val_batches=2)
    (values,) = made.validate(Plain(), loader(), verbose=False)
    assert values["seen/samples"] == 8


def test_a_test_may_have_its_own(tmp_path: Any) -> None:
    made = trainer(tmp_path, EvaluatorCallback(val=ACCURACY, test=Seen()))
    (values,) = made.test(Plain(), loader(), verbose=False)
    assert set(values) == {"seen/samples", "seen/length"}


def test_as_many_evaluators_as_dataloaders(tmp_path: Any) -> None:
    with pytest.raises(ValueError, match=r"1 evaluators for val, but there are 2 dataloaders"):
        trainer(tmp_path, EvaluatorCallback(ACCURACY)).validate(Plain(), [loader(), loader()])


def test_a_step_must_return_its_samples(tmp_path: Any) -> None:
    with pytest.raises(TypeError, match=r"validation_step returns.*returned NoneType"):
        trainer(tmp_path, EvaluatorCallback(ACCURACY)).validate(Plain(form="nothing"), loader())


@pytest.mark.parametrize("way", ["from_config", "a plain module"])
def test_values_that_are_equal_already_are_not_sent_again(tmp_path: Any, way: str) -> None:
    few, many = (
        together(tmp_path / str(names), validate, str(tmp_path / "run"), way, names)
        for names in (1, 6)
    )
    assert few[0][0]["barrier"] > 0
    assert [said for said, _ in few] == [said for said, _ in many]
    for _, metrics in many:
        assert metrics == {f"named/{index}": 0.1 for index in range(6)}
