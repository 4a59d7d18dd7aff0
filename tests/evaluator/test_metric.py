"""Metrics over a whole dataset."""

import pickle
from pathlib import Path

import pytest
import torch

from mmlight.evaluator import BaseMetric, DumpResults, get_metric_value
from mmlight.registry import METRICS
from mmlight.structures import BaseDataElement


class Sum(BaseMetric):
    def process(self, data_batch, data_samples):
        self.results += [sample["n"] for sample in data_samples]

    def compute_metrics(self, results):
        self.computed = results
        return {"sum": sum(results), "count": len(results)}


class Prefixed(Sum):
    default_prefix = "default"


@pytest.mark.parametrize(
    ("metric", "names"),
    [
        (Sum(), ["sum", "count"]),
        (Sum(prefix="given"), ["given/sum", "given/count"]),
        (Prefixed(), ["default/sum", "default/count"]),
        (Prefixed(prefix="given"), ["given/sum", "given/count"]),
    ],
)
def test_prefixes(metric, names):
    metric.process(None, [{"n": 1}])
    assert list(metric.evaluate(1)) == names


@pytest.mark.parametrize("collect_device", ["cpu", "gpu"])
def test_results_beyond_the_dataset_are_dropped_and_all_forgotten(collect_device):
    metric = Sum(collect_device=collect_device)
    metric.process(None, [{"n": n} for n in range(5)])
    assert metric.evaluate(3) == {"sum": 3, "count": 3}
    assert metric.results == []


def test_results_come_on_the_cpu():
    metric = Sum()
    metric.process(None, [{"n": torch.ones(1, requires_grad=False)}])
    metric.evaluate(1)
    assert metric.computed[0].device.type == "cpu"


def test_no_results_are_warned_about(capsys):
    assert Prefixed().evaluate(3) == {"default/sum": 0, "default/count": 0}
    captured = capsys.readouterr()
    assert "Prefixed got empty `self.results`" in captured.out + captured.err


def test_a_folder_for_results_is_for_the_cpu(tmp_path):
    metric = Sum(collect_dir=str(tmp_path))
    metric.process(None, [{"n": 1}])
    assert metric.evaluate(1)["sum"] == 1
    with pytest.raises(ValueError, match=r"only be configured when `collect_device='cpu'`"):
        Sum(collect_device="gpu", collect_dir=str(tmp_path))


def test_a_device_that_cannot_collect_is_refused_at_once():
    with pytest.raises(ValueError, match="collect_device must be 'cpu' or 'gpu', but got 'tpu'"):
        Sum(collect_device="tpu")


def test_methods_are_abstract():
    with pytest.raises(TypeError, match="abstract"):
        BaseMetric()


@pytest.mark.parametrize("kind", [str, Path])
def test_dumped_predictions(tmp_path, kind):
    path = tmp_path / "out.pickle"
    metric = METRICS.build({"type": "DumpResults", "out_file_path": kind(path)})
    element = BaseDataElement(score=torch.ones(1))
    sample = {"a": torch.ones(2), "b": [torch.zeros(1), "x"], "c": (torch.ones(1),), "d": element}
    metric.process(None, [sample] * 3)
    assert metric.evaluate(2) == {}
    dumped = pickle.loads(path.read_bytes())
    assert len(dumped) == 2
    assert torch.equal(dumped[0]["a"], sample["a"]) and dumped[0]["b"][1] == "x"
    assert type(dumped[0]["c"]) is tuple and dumped[0]["d"].score.item() == 1


@pytest.mark.parametrize("path", ["out.txt", "out", "out.pkl.gz"])
def test_predictions_are_pickled(path):
    with pytest.raises(ValueError, match="must be a pkl file"):
        DumpResults(path)


@pytest.mark.parametrize(
    ("indicator", "metrics", "expected"),
    [
        ("AP", {"AP": 1}, 1),
        ("AP", {"a/AP": 1, "a/AR": 2}, 1),
        ("a/AP", {"a/AP": 1, "b/AP": 2}, 1),
        ("AP", {"a/AP": 1, "b/AP": 2}, r"matches multiple metrics \['a/AP', 'b/AP'\]"),
        ("AP", {"a/AR": 1}, r"can not match any metric in \['a/AR'\]"),
        ("c/AP", {"a/AP": 1}, "can not match any metric"),
    ],
)
def test_metric_values_by_name(indicator, metrics, expected):
    if isinstance(expected, int):
        assert get_metric_value(indicator, metrics) == expected
    else:
        with pytest.raises(ValueError, match=expected):
            get_metric_value(indicator, metrics)
