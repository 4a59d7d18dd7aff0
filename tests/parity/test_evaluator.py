"""Evaluation against MMEngine's."""

from __future__ import annotations

from tests.parity.compare import assert_same


def evaluated(engine):
    import importlib
    import pickle
    from pathlib import Path

    import torch

    evaluator = importlib.import_module(f"{engine}.evaluator")
    element = importlib.import_module(f"{engine}.structures").BaseDataElement

    class Sum(evaluator.BaseMetric):
        default_prefix = "sums"

        def process(self, data_batch, data_samples):
            self.results += [(sample["n"], data_batch) for sample in data_samples]

        def compute_metrics(self, results):
            return {"sum": sum(n for n, _ in results), "batches": [b for _, b in results]}

    samples = [element(n=n) for n in range(7)]
    metrics = evaluator.Evaluator([Sum(), Sum(prefix="again"), evaluator.DumpResults("out.pkl")])
    metrics.dataset_meta = {"classes": ["a"]}
    results = [metrics.metrics[1].dataset_meta]
    metrics.process(samples[:4], "first")
    metrics.process([{"n": 10}, {"n": torch.tensor(20)}], None)
    results.append(metrics.evaluate(5))
    results.append(pickle.loads(Path("out.pkl").read_bytes()))
    for chunk_size in (1, 3, 10):
        results.append(metrics.offline_evaluate(samples, None, chunk_size))
        results.append(metrics.offline_evaluate(samples, [{"i": n} for n in range(7)], chunk_size))
    clash = evaluator.Evaluator([Sum(), Sum()])
    clash.process(samples)
    try:
        clash.evaluate(7)
    except ValueError as error:
        results.append(str(error))
    return results


def test_results_of_evaluators(both):
    theirs, ours = both(evaluated)
    assert_same(ours, theirs)


def looked_up(engine):
    import importlib

    get_metric_value = importlib.import_module(f"{engine}.evaluator").get_metric_value
    values = []
    for name in ("AP", "a/AP", "b/AP", "a/b/AP", "AR", "b/AR", "x", "a/x"):
        for metrics in (
            {"a/AP": 1, "b/AR": 2},
            {"a/AP": 1, "b/AP": 2, "AR": 3},
            {"a/b/AP": 4},
            {},
        ):
            try:
                values.append(get_metric_value(name, metrics))
            except ValueError as error:
                values.append(str(error))
    return values


def test_metric_values_by_name(both):
    theirs, ours = both(looked_up)
    assert_same(ours, theirs)


def answered(engine):
    """What metrics and evaluators answer, or the type of their error."""
    import importlib

    module = importlib.import_module(f"{engine}.evaluator")

    class Count(module.BaseMetric):
        def process(self, data_batch, data_samples):
            self.results += list(data_samples)

        def compute_metrics(self, results):
            return {"count": len(results)}

    class Named(Count):
        default_prefix = "named"

    def evaluated(metric, size, samples=(1, 2)):
        metric.process(None, samples)
        return [metric.evaluate(size), metric.results]

    def dumped(path):
        return module.DumpResults(path).out_file_path

    operations = [
        lambda: module.BaseMetric(),
        lambda: [kind(prefix=p).prefix for kind in (Count, Named) for p in (None, "", "own")],
        lambda: Count(collect_device="gpu", collect_dir="folder"),
        lambda: evaluated(Count(), 1),
        lambda: evaluated(Named(), 9),
        lambda: evaluated(Named(), None),
        lambda: evaluated(Named(), "2"),
        lambda: evaluated(Count(), 0, ()),
        lambda: module.Evaluator([]).evaluate(3),
        lambda: module.Evaluator({"type": "NoSuchMetric"}),
        lambda: module.Evaluator({"prefix": "x"}),
        lambda: len(module.Evaluator((Count(), Named())).metrics),
        lambda: module.Evaluator(Count()).offline_evaluate([1, 2], [1]),
        lambda: module.Evaluator(Count()).offline_evaluate([1, 2, 3], chunk_size=2),
        lambda: module.Evaluator(Count()).offline_evaluate([]),
        lambda: module.Evaluator(Count()).process(None),
        lambda: [dumped("a.pkl"), dumped("a.pickle"), dumped(".pkl")],
        lambda: dumped("a.json"),
        lambda: dumped("a"),
    ]
    results = []
    for operation in operations:
        try:
            results.append(operation())
        except Exception as error:
            results.append(type(error).__name__)
    return results


def test_answers_and_errors(both):
    theirs, ours = both(answered)
    assert_same(ours, theirs)
