"""Telling evaluators from the configs of metrics."""

from __future__ import annotations

from typing import Any

from mmlight.evaluator import Evaluator


def is_evaluator(evaluator: Any) -> bool:
    """Say whether something is an evaluator, the config of one, or a list of such.

    Args:
        evaluator (Any): An evaluator, or the configs of metrics, or anything else.

    Returns:
        bool: False for the config of a metric, which has no ``metrics`` of its own.

    Example:
        >>> is_evaluator(dict(metrics=[dict(type="Accuracy")])), is_evaluator(dict(type="Accuracy"))
        (True, False)
    """
    if isinstance(evaluator, (list, tuple)):
        return all(map(is_evaluator, evaluator))
    if isinstance(evaluator, dict):
        return evaluator.get("metrics") is not None
    return isinstance(evaluator, Evaluator)


def update_and_check_evaluator(evaluator: Evaluator | dict | list) -> Evaluator | dict:
    """Make the config of an evaluator complete.

    Args:
        evaluator (Evaluator | dict | list): An evaluator, its config, or a list of metrics.

    Returns:
        Evaluator | dict: The evaluator, or a config with ``type`` and ``metrics``.

    Raises:
        AssertionError: If it is none of these.

    Example:
        >>> update_and_check_evaluator([dict(type="Accuracy")])
        {'type': 'Evaluator', 'metrics': [{'type': 'Accuracy'}]}
    """
    if isinstance(evaluator, Evaluator):
        return evaluator
    if isinstance(evaluator, (list, tuple)):
        return {"type": "Evaluator", "metrics": list(evaluator)}
    if not isinstance(evaluator, dict):
        raise AssertionError(
            "an evaluator should be an Evaluator, its config or a list of metrics, but got "
            f"{type(evaluator).__name__}"
        )
    evaluator.setdefault("type", "Evaluator")
    evaluator.setdefault("metrics", None)
    return evaluator
