"""Several metrics over one dataset."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmlight.evaluator import BaseMetric, DumpResults, Evaluator
from mmlight.registry import EVALUATOR, METRICS
from mmlight.structures import BaseDataElement


@METRICS.register_module(force=True)
class Recording(BaseMetric):
    """Keeps what it is given, batch by batch."""

    default_prefix = "seen"

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.batches = []

    def process(self, data_batch, data_samples):
        self.batches.append((data_batch, data_samples))
        self.results.extend(data_samples)

    def compute_metrics(self, results):
        return {"count": len(results)}


def test_metrics_get_data_elements_as_dicts():
    evaluator = Evaluator([{"type": "Recording"}, Recording(prefix="other")])
    samples = [BaseDataElement(n=1), {"n": 2}]
    evaluator.process(samples, "batch")
    for metric in evaluator.metrics:
        assert metric.batches == [("batch", [{"n": 1}, {"n": 2}])]
    assert evaluator.evaluate(2) == {"seen/count": 2, "other/count": 2}


@pytest.mark.parametrize("metrics", [{"type": "Recording"}, Recording(), [Recording()], ()])
def test_one_metric_or_several(metrics):
    evaluator = EVALUATOR.build({"type": "Evaluator", "metrics": metrics})
    assert len(evaluator.metrics) == (metrics != ())


def test_meta_information_goes_to_each_metric():
    evaluator = Evaluator([Recording(), Recording()])
    assert evaluator.dataset_meta is None
    evaluator.dataset_meta = {"classes": ["cat"]}
    assert [metric.dataset_meta for metric in evaluator.metrics] == [{"classes": ["cat"]}] * 2


def test_equal_names_are_refused():
    evaluator = Evaluator([Recording(), Recording()])
    evaluator.process([{"n": 1}])
    with pytest.raises(ValueError, match="same metric name seen/count"):
        evaluator.evaluate(1)


@given(st.integers(0, 9), st.integers(1, 5), st.booleans())
def test_offline_evaluation_goes_through_all_samples_in_chunks(count, chunk_size, with_data):
    evaluator = Evaluator(Recording())
    data = [{"i": n} for n in range(count)] if with_data else None
    samples = [{"n": n} for n in range(count)]
    results = evaluator.offline_evaluate(
        iter(samples) if not with_data else samples, data, chunk_size
    )
    assert results == {"seen/count": count}
    batches = evaluator.metrics[0].batches
    assert [s for _, chunk in batches for s in chunk] == samples
    assert all(len(chunk) == chunk_size for _, chunk in batches[:-1])
    if with_data:
        assert [i for batch, _ in batches for i in batch["i"]] == list(range(count))
    else:
        assert all(batch is None for batch, _ in batches)


def test_offline_evaluation_of_unequal_lengths():
    with pytest.raises(AssertionError, match=r"should have the same length.*length: 2.*length: 1"):
        Evaluator(Recording()).offline_evaluate([{}, {}], [{}])


@pytest.mark.parametrize("chunk_size", [0, -1])
def test_offline_evaluation_needs_chunks(chunk_size):
    with pytest.raises(ValueError, match=f"chunk_size must be 1 or more, but got {chunk_size}"):
        Evaluator(Recording()).offline_evaluate([{}, {}], chunk_size=chunk_size)


def test_dumped_results_can_be_evaluated_later(tmp_path):
    import pickle

    path = str(tmp_path / "out.pkl")
    samples = [{"pred": torch.tensor(n % 3), "gt": torch.tensor(1)} for n in range(6)]
    metric = {"type": "MulticlassAccuracy", "num_classes": 3, "average": "micro"}
    online = Evaluator([DumpResults(path), metric])
    online.process(samples)
    expected = online.evaluate(6)
    with open(path, "rb") as file:
        assert Evaluator(metric).offline_evaluate(pickle.load(file), chunk_size=4) == expected
    assert expected == {"MulticlassAccuracy": pytest.approx(1 / 3)}


@pytest.mark.parametrize(
    ("metrics", "error", "message"),
    [
        (3, TypeError, "metrics should be configs, or instances of BaseMetric"),
        ([Recording(), "Recording"], TypeError, "metrics should be configs"),
        ({"type": "Recordin"}, KeyError, "Recording"),
        ({"prefix": "x"}, KeyError, "type"),
    ],
)
def test_wrong_metrics(metrics, error, message):
    with pytest.raises(error, match=message):
        Evaluator(metrics)
