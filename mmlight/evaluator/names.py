"""What an evaluator says of the names of its values before it has any."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mmlight.evaluator.evaluator import Evaluator
from mmlight.evaluator.metric import BaseMetric
from mmlight.evaluator.torchmetrics_adapter import TorchMetric


def check_metrics(evaluator: Any, name: str) -> None:
    """Refuse an evaluator without a metric, or with two whose values have one name.

    Args:
        evaluator: The evaluator.
        name: What to call it.

    Raises:
        ValueError: If it has no metric, or one of ``torchmetrics`` twice with one prefix.
    """
    metrics = getattr(evaluator, "metrics", None)
    if metrics is None:  # one of the user's own
        return
    if len(metrics) == 0:
        raise ValueError(
            f"{name} has no metric, so that nothing would be evaluated: name one, such as "
            "dict(type='MulticlassAccuracy', num_classes=10)"
        )
    seen = set()
    for metric in metrics:
        if isinstance(metric, TorchMetric):
            key = (type(metric.metric).__name__, metric.prefix)
            if key in seen:
                raise ValueError(
                    f"{name} has the metric {key[0]} twice with the prefix {key[1]!r}, so its "
                    "values would have one name: set a different prefix for each"
                )
            seen.add(key)


def unknown_name(name: str, evaluators: Iterable[Any]) -> str | None:
    """Say what is known of the names of metrics if it rules a name out.

    A name with "loss" in it may be one of the losses that a model returns in a validation.

    Args:
        name: Name of a metric.
        evaluators: The evaluators of a validation.

    Returns:
        str or None: How the names of all values will begin; None if ``name`` may be one of them,
        or nobody knows.

    Example:
        >>> class Accuracy(BaseMetric):
        ...     default_prefix = "val"
        ...     def process(self, data_batch, data_samples): ...
        ...     def compute_metrics(self, results): ...
        >>> unknown_name("accuracy", [Evaluator(Accuracy())])
        "'val/...'"
        >>> unknown_name("val/accuracy", [Evaluator(Accuracy())])
    """
    if "loss" in name.lower():
        return None
    beginnings = []
    for evaluator in evaluators:
        if type(evaluator) is not Evaluator:
            return None
        for metric in evaluator.metrics:
            kind = type(metric)
            names_are_told = isinstance(metric, TorchMetric) or (
                isinstance(metric, BaseMetric) and kind.evaluate is BaseMetric.evaluate
            )
            if not names_are_told or not metric.prefix or name.startswith(f"{metric.prefix}/"):
                return None
            beginnings.append(repr(f"{metric.prefix}/..."))
    return " or ".join(dict.fromkeys(beginnings)) or None
