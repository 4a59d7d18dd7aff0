"""What an evaluator says of the names of its values before it has any."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mmlight.evaluator.metric import BaseMetric
from mmlight.evaluator.torchmetrics_adapter import TorchMetric
from mmlight.utils.near_names import did_you_mean


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
        str or None: The names of all values, or how they will begin, and what may be meant; None
        if ``name`` may be one of them, or nobody knows.

    Example:
        >>> from mmlight.evaluator import Evaluator
        >>> class Accuracy(BaseMetric):
        ...     default_prefix = "val"
        ...     value_names = ("accuracy",)
        ...     def process(self, data_batch, data_samples): ...
        ...     def compute_metrics(self, results): ...
        >>> unknown_name("accuracy", [Evaluator(Accuracy())])
        "'val/accuracy'. Did you mean 'val/accuracy'?"
        >>> unknown_name("val/accuracy", [Evaluator(Accuracy())])
        >>> error = Evaluator(dict(type="MeanSquaredError", prefix="error"))
        >>> unknown_name("MeanSquaredError", [error])
        "'error/...'"
    """
    if "loss" in name.lower():
        return None
    known: list[str] = []
    beginnings: list[str] = []
    for evaluator in evaluators:
        # One that overrides it, of a user's own, may call the values otherwise.
        if not _is_of_ours(getattr(type(evaluator), "evaluate", None)):
            return None
        for metric in evaluator.metrics:
            names = _value_names(metric)
            if names is not None:
                known += names
            elif metric.prefix and _keeps_prefix(metric):
                beginnings.append(f"{metric.prefix}/")
            else:
                return None
    if name in known or name.startswith(tuple(beginnings)):
        return None
    said = ", ".join(map(repr, dict.fromkeys([*known, *(f"{one}..." for one in beginnings)])))
    near = did_you_mean(name, known)
    return f"{said}.{near}" if near else said or None


def _is_of_ours(function: Any) -> bool:
    return str(getattr(function, "__module__", "")).split(".")[0] == "mmlight"


def _keeps_prefix(metric: Any) -> bool:
    return isinstance(metric, TorchMetric) or (
        isinstance(metric, BaseMetric) and type(metric).evaluate is BaseMetric.evaluate
    )


def _value_names(metric: Any) -> list[str] | None:
    """Names with the prefix, unless a class gives values without saying what they are called."""
    names = getattr(metric, "value_names", None)
    if names is None or not isinstance(metric, BaseMetric):
        return None
    kinds = type(metric).__mro__
    said, *given = (
        next(index for index, kind in enumerate(kinds) if name in vars(kind))
        for name in ("value_names", "evaluate", "compute_metrics")
    )
    if min(given) < said:
        return None
    return [f"{metric.prefix}/{name}" if metric.prefix else name for name in names]
