"""What the loops over generated images share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch.utils.data import DataLoader

from mmlight.engine.samplers import sampling
from mmlight.evaluator import Evaluator
from mmlight.model.bare_model import bare_model


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


def update_and_check_evaluator(
    evaluator: Evaluator | dict[str, Any] | list[Any],
) -> Evaluator | dict[str, Any]:
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


@contextmanager
def generating(runner: Any, evaluator: Any, dataloader: DataLoader[Any]) -> Iterator[None]:
    """Tell an evaluator of the real images; what is generated inside draws from the run's seed.

    Args:
        runner (Runner): The runner.
        evaluator (GenEvaluator): The evaluator.
        dataloader (DataLoader): The real images.
    """
    module, seed = bare_model(runner.model), (runner.seed or 0) + runner.rank
    with sampling(module, seed):
        evaluator.prepare_metrics(module, dataloader)
    # Anew: metrics read the real images in the first evaluation of a process only.
    with sampling(module, seed):
        yield
