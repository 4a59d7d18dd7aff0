"""Any metric of torchmetrics as an entry of an evaluator."""

from collections.abc import Iterable

import numpy as np
import pytest
import torch
import torchmetrics
from hypothesis import given
from hypothesis import strategies as st

from mmlight.evaluator import Evaluator, TorchMetric
from mmlight.registry import METRICS
from mmlight.structures import BaseDataElement, LabelData


def evaluate(metric, batches):
    evaluator = Evaluator(metric)
    for batch in batches:
        evaluator.process(batch)
    return evaluator.evaluate(sum(map(len, batches)))


SAMPLES = [{"pred": p, "gt": g} for p, g in [(0, 0), (1, 1), (2, 1), (2, 2)]]


@pytest.mark.parametrize(
    "metric",
    [
        {"type": "MulticlassAccuracy", "num_classes": 3, "average": "micro"},
        {
            "type": "torchmetrics.classification.MulticlassAccuracy",
            "num_classes": 3,
            "average": "micro",
        },
        {
            "type": torchmetrics.classification.MulticlassAccuracy,
            "num_classes": 3,
            "average": "micro",
        },
        torchmetrics.classification.MulticlassAccuracy(num_classes=3, average="micro"),
        TorchMetric(torchmetrics.classification.MulticlassAccuracy(num_classes=3, average="micro")),
        {
            "type": "TorchMetric",
            "metric": {
                "type": "torchmetrics.classification.MulticlassAccuracy",
                "num_classes": 3,
                "average": "micro",
            },
        },
    ],
    ids=lambda metric: type(metric).__name__,
)
def test_ways_to_name_a_metric(metric):
    assert evaluate(metric, [SAMPLES[:1], SAMPLES[1:]]) == {"MulticlassAccuracy": 0.75}


@given(
    st.lists(
        st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), min_size=1, max_size=4),
        min_size=1,
        max_size=4,
    )
)
def test_batches_make_no_difference(batches):
    pairs = [pair for batch in batches for pair in batch]
    expected = torchmetrics.functional.mean_absolute_error(*torch.tensor(pairs).T).item()
    batches = [[{"pred": p, "target": t} for p, t in batch] for batch in batches]
    (value,) = evaluate({"type": "MeanAbsoluteError"}, batches).values()
    assert value == pytest.approx(expected, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize(
    ("sample", "keys"),
    [
        ({"pred": 1, "gt": 1}, {}),
        ({"preds": np.array(1), "target": np.array(1)}, {}),
        ({"pred_label": torch.tensor(1), "label": torch.tensor(1)}, {}),
        ({"output": torch.tensor([0.1, 0.9]), "gt": 1}, {}),
        ({"mine": 1, "theirs": 1}, {"pred_key": "mine", "target_key": "theirs"}),
        ({"a": {"b": 1}, "gt": 1}, {"pred_key": "a.b"}),
        (
            BaseDataElement(
                pred_label=LabelData(label=torch.tensor(1), score=torch.tensor([0.9, 0.1])),
                gt_label=LabelData(label=torch.tensor(1)),
            ),
            {},
        ),
        (
            BaseDataElement(
                pred_label=LabelData(label=torch.tensor(0), score=torch.tensor([0.1, 0.9])),
                gt_label=LabelData(label=torch.tensor(1)),
            ),
            {"pred_key": "pred_label.score"},
        ),
        (
            BaseDataElement(pred_label=LabelData(score=torch.tensor([0.1, 0.9])), gt=1),
            {},
        ),
    ],
    ids=range(9),
)
def test_where_predictions_and_targets_come_from(sample, keys):
    metric = {"type": "MulticlassAccuracy", "num_classes": 2, "average": "micro", **keys}
    assert evaluate(metric, [[sample]]) == {"MulticlassAccuracy": 1.0}


def test_data_elements_without_an_evaluator():
    metric = TorchMetric(torchmetrics.MeanSquaredError())
    metric.process(None, [BaseDataElement(pred=1.0, gt=3.0)])
    assert metric.evaluate(1) == {"MeanSquaredError": 4.0}


def test_each_evaluation_begins_anew():
    evaluator = Evaluator({"type": "MeanSquaredError", "prefix": "val"})
    for error in (1.0, 2.0):
        evaluator.process([{"pred": error, "gt": 0.0}])
        assert evaluator.evaluate(1) == {"val/MeanSquaredError": error**2}


def test_a_metric_without_targets():
    metric = {"type": "MeanMetric", "pred_key": "loss"}
    assert evaluate(metric, [[{"loss": 1.0}, {"loss": 3.0}]]) == {"MeanMetric": 2.0}


def test_texts_and_dicts_are_listed():
    samples = [{"pred": "a cat", "gt": "a dog"}, {"pred": "x", "gt": "x"}]
    assert evaluate({"type": "WordErrorRate"}, [samples]) == {"WordErrorRate": pytest.approx(1 / 3)}


class Total(torchmetrics.Metric):
    def __init__(self):
        super().__init__()
        self.add_state("total", torch.zeros(()), dist_reduce_fx="sum")

    def update(self, preds):
        self.total += sum(pred.sum() for pred in preds)

    def compute(self):
        return self.total


def test_tensors_of_several_sizes_are_listed():
    assert evaluate(Total(), [[{"pred": torch.ones(2)}, {"pred": torch.ones(3)}]]) == {"Total": 5.0}


def test_several_values_are_named():
    per_class = {"type": "MulticlassAccuracy", "num_classes": 3, "average": None}
    assert evaluate(per_class, [SAMPLES]) == {
        "MulticlassAccuracy_0": 1.0,
        "MulticlassAccuracy_1": 0.5,
        "MulticlassAccuracy_2": 1.0,
    }
    evaluator = Evaluator(per_class)
    evaluator.dataset_meta = {"classes": ["cat", "dog", "cow"]}
    evaluator.process(SAMPLES)
    assert list(evaluator.evaluate(4))[1] == "MulticlassAccuracy_dog"
    several = torchmetrics.MetricCollection(
        {"mse": torchmetrics.MeanSquaredError(), "mae": torchmetrics.MeanAbsoluteError()}
    )
    assert evaluate(several, [SAMPLES]) == {"mse": 0.25, "mae": 0.25}
    (matrix,) = evaluate(
        {"type": "MulticlassConfusionMatrix", "num_classes": 3}, [SAMPLES]
    ).values()
    assert matrix.tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 1]]


class Devices(torchmetrics.Metric):
    """Notes where its arguments and its state are."""

    def __init__(self):
        super().__init__()
        self.seen = []
        self.add_state("total", torch.zeros(()), dist_reduce_fx="sum")

    def update(self, *columns):
        self.seen.extend(_devices([self.total, *columns]))

    def compute(self):
        return len(self.seen)


def _devices(value):
    if isinstance(value, torch.Tensor):
        return [value.device.type]
    if isinstance(value, str):
        return []
    values = value.values() if isinstance(value, dict) else value
    return [d for item in values for d in _devices(item)] if isinstance(values, Iterable) else []


def boxes(device, count):
    return {"boxes": torch.ones(count, 4, device=device), "size": 3, "name": "cat"}


@pytest.mark.parametrize(
    ("samples", "tensors"),
    [
        ([{"pred": torch.ones(2, device="meta"), "gt": torch.ones(2)}] * 2, 2),
        ([{"pred": torch.ones(n, device="meta"), "gt": torch.ones(n)} for n in (1, 2)], 4),
        ([{"pred": torch.ones(2, device="meta"), "gt": 1}] * 2, 2),
        ([{"pred": {"p": boxes("meta", n)}, "gt": {"g": boxes("cpu", n)}} for n in (0, 2)], 4),
        ([{"pred": "no tensor", "gt": torch.ones(2, device="meta")}], 1),
    ],
)
def test_a_metric_and_its_targets_go_where_the_predictions_are(samples, tensors):
    metric = TorchMetric(Devices())
    for _ in range(2):
        metric.process(None, samples)
        assert metric.metric.seen == ["meta"] * (1 + tensors)
        assert metric.metric.device.type == "meta"
        metric.metric.seen.clear()
        metric.evaluate(len(samples))


def test_a_metric_follows_from_one_device_to_another():
    """A number on one device and then a tensor on another: the state is where the last one is."""
    metric = TorchMetric(Devices(), pred_key="x")
    for device in ("cpu", "meta"):
        metric.process(None, [{"x": torch.ones(1, device=device)}])
    assert metric.metric.seen == ["cpu"] * 2 + ["meta"] * 2


def test_a_metric_that_begins_elsewhere_comes_to_the_predictions():
    metric = TorchMetric(Devices().to("meta"), pred_key="x")
    with pytest.raises(NotImplementedError, match="meta"):  # there is nothing to bring along
        metric.process(None, [{"x": torch.ones(1)}])


@pytest.mark.parametrize(
    ("metric", "sample", "message"),
    [
        ({"type": "MeanMetric"}, {"x": 1}, r"no prediction \(pred or .*fields \['x'\].*`pred_key`"),
        ({"type": "MeanMetric", "pred_key": "y"}, {"x": 1}, r"no prediction \(y\)"),
        (
            {"type": "MeanSquaredError", "target_key": "y"},
            {"pred": 1, "gt": 1},
            r"no target y.*\['pred', 'gt'\].*`target_key`",
        ),
    ],
)
def test_missing_fields_are_named(metric, sample, message):
    with pytest.raises(KeyError, match=message):
        Evaluator(metric).process([sample])


def test_a_misspelt_argument_and_a_misspelt_name():
    with pytest.raises((TypeError, ValueError), match="num_clases"):
        Evaluator({"type": "MulticlassAccuracy", "num_clases": 3, "num_classes": 3})
    with pytest.raises(KeyError, match="MulticlassAcuracy"):
        Evaluator({"type": "MulticlassAcuracy", "num_classes": 3})
    assert METRICS.get("MulticlassAcuracy") is None
