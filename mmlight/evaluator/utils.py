"""Looking up one value in the results of an evaluation."""

from __future__ import annotations

from typing import Any


def get_metric_value(indicator: str, metrics: dict[str, Any]) -> Any:
    """Find a metric by its name, with or without the prefix of its evaluator.

    Args:
        indicator (str): Full name, such as ``COCO/AP``, or the name alone, such as ``AP``.
        metrics (dict): Results of an evaluator.

    Returns:
        Any: The value.

    Raises:
        ValueError: If no metric, or more than one, has that name.

    Example:
        >>> get_metric_value("AP", {"COCO/AP": 0.5})
        0.5
    """
    if "/" in indicator:
        if indicator not in metrics:
            raise ValueError(
                f'The indicator "{indicator}" can not match any metric in {list(metrics)}'
            )
        return metrics[indicator]
    matched = [key for key in metrics if key.split("/")[-1] == indicator]
    if not matched:
        raise ValueError(f"The indicator {indicator} can not match any metric in {list(metrics)}")
    if len(matched) > 1:
        raise ValueError(f'The indicator "{indicator}" matches multiple metrics {matched}')
    return metrics[matched[0]]
