"""Finds out before a training whether its validations can give a metric that is asked for."""

from __future__ import annotations

from typing import Any

from mmlight.evaluator.names import unknown_name


def why_unknown(runner: Any, metric: str) -> str | None:
    """Say why no validation of a run can give a metric.

    Args:
        runner: The Runner; a Trainer of one's own knows nothing of its metrics.
        metric: Name of the metric.

    Returns:
        str or None: None if one may give it.
    """
    loop = getattr(runner, "val_loop", None)
    evaluators = getattr(loop, "evaluators", None) or [getattr(loop, "evaluator", None)]
    names = unknown_name(metric, evaluators)
    return None if names is None else f"the metrics of this run's validations are {names}"


def refuse_unknown_metric(runner: Any, asker: str, metric: str) -> None:
    """Refuse a metric that no validation can give.

    Args:
        runner: The Runner.
        asker: Who asks for the metric.
        metric: Its name.

    Raises:
        KeyError: If it is known that there is none of the name.
    """
    why = why_unknown(runner, metric)
    if why is not None:
        raise KeyError(f"{asker} names the metric {metric!r}, but {why}")
