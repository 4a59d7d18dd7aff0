"""What the metrics of translated images ask of a model."""

from __future__ import annotations

from torch import nn

from mmlight.generative.evaluation.gen_metric import GenMetric
from mmlight.registry.diagnostics import did_you_mean


def check_translates(metric: GenMetric, module: nn.Module) -> None:
    """Refuse a model that does not make the images of which a metric is.

    Args:
        metric (GenMetric): The metric.
        module (nn.Module): The model.

    Raises:
        TypeError: If the model does not translate.
        ValueError: If it does not translate to the domain of ``fake_key``.
    """
    name, model = type(metric).__name__, type(module).__name__
    domains = getattr(module, "reachable_domains", None)
    if domains is None:
        raise TypeError(
            f"{name} is a metric of translated images, but {model} translates to no domain: take "
            f"{name.removeprefix('Trans')} for it"
        )
    made = [f"fake_{domain}" for domain in domains]
    if metric.fake_key not in made:
        raise ValueError(
            f"fake_key of {name} is {metric.fake_key!r}, but {model} makes {', '.join(made)}."
            f"{did_you_mean(metric.fake_key, made)}"
        )
