"""Any metric of ``torchmetrics`` as an entry of an evaluator."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import torch
import torchmetrics
from torch import Tensor

from mmlight.dist import get_comm_device, get_rank, get_world_size, is_distributed
from mmlight.evaluator.metric import BaseMetric
from mmlight.registry import METRICS, resolve_type
from mmlight.registry.place import path_of
from mmlight.structures import BaseDataElement
from mmlight.utils import apply_to

PRED_KEYS = ("pred", "preds", "prediction", "pred_label", "pred_score", "output")
TARGET_KEYS = ("gt", "target", "gt_label", "label")
_OWN_KEYS = ("pred_key", "target_key", "prefix")


@METRICS.register_module()
class TorchMetric(BaseMetric):
    """Feeds a metric of ``torchmetrics`` from data samples.

    An evaluator makes one of each entry that names such a metric, by its path
    (``torchmetrics.classification.MulticlassAccuracy``) or by its name alone
    (``MulticlassAccuracy``); ``pred_key``, ``target_key`` and ``prefix`` of the entry come here,
    the rest goes to the metric.

    From each data sample, a dict or a data element, come a prediction and a target. A field that
    is itself a data element or a dict, such as ``LabelData``, stands for its ``label``, else its
    ``score``, else its only field; a path with dots, such as ``pred_label.score``, says which.
    Tensors, arrays and numbers of a batch are stacked; strings and dicts go to the metric as lists.

    The metric lives on the device of the predictions, where targets are moved to.

    The state of the metric grows with neither batches nor samples unless the metric itself keeps
    them, and several processes are reduced by ``torchmetrics``. Samples that a sampler repeated to
    give each process equally many are left out.

    Args:
        metric (torchmetrics.Metric | MetricCollection | dict): The metric, or its config.
        pred_key (str, optional): Field of the prediction; the first of ``pred``, ``preds``,
            ``prediction``, ``pred_label``, ``pred_score``, ``output`` if left out.
        target_key (str, optional): Field of the target; the first of ``gt``, ``target``,
            ``gt_label``, ``label`` if left out. None of them: the metric gets the prediction alone.
        prefix (str, optional): See :class:`BaseMetric`.

    Raises:
        KeyError: On processing, if a data sample has no such field.

    Example:
        >>> metric = TorchMetric(torchmetrics.MeanAbsoluteError(), pred_key="a", target_key="b")
        >>> metric.process(None, [{"a": 1.0, "b": 2.0}, {"a": 1.0, "b": 4.0}])
        >>> metric.evaluate(size=2)
        {'MeanAbsoluteError': 2.0}
    """

    # Their names say what they are: no prefix is no reason for a warning.
    default_prefix = ""

    def __init__(
        self,
        metric: torchmetrics.Metric | torchmetrics.MetricCollection | dict[str, Any],
        pred_key: str | None = None,
        target_key: str | None = None,
        prefix: str | None = None,
    ) -> None:
        super().__init__(prefix=prefix)
        self.metric = METRICS.build(metric) if isinstance(metric, dict) else metric
        self.pred_key = pred_key
        self.target_key = target_key
        self._seen = 0
        self._last: tuple[Any, ...] | None = None
        self._device: torch.device | None = None

    def process(self, data_batch: Any, data_samples: Sequence[Any]) -> None:
        """Update the metric with a batch."""
        samples = [self._take(sample) for sample in data_samples]
        self._seen += len(samples)
        if get_world_size() > 1 and samples:
            # Only the last sample of a process can be a repetition, and that shows in the end.
            samples = [self._last, *samples] if self._last is not None else samples
            self._last = samples.pop()
        self._update(samples)

    def evaluate(self, size: int) -> dict[str, Any]:
        """Compute the metric over all processes, and reset it.

        Returns:
            dict: A number by the name of the metric's class. A metric with several values gives
            one entry each, named by the metric, by the classes of the dataset or by numbers.
        """
        position = (self._seen - 1) * get_world_size() + get_rank()
        if self._last is not None and position < size:
            self._update([self._last])
        if is_distributed():
            # A process without samples has its state on the CPU, where NCCL cannot reduce it.
            self._move_to(get_comm_device())
        value = self.metric.compute()
        self.metric.reset()
        self._seen, self._last = 0, None
        return self._with_prefix(self.compute_metrics([value]))

    def compute_metrics(self, results: list[Any]) -> dict[str, Any]:
        """Name the values of the metric."""
        (value,) = results
        name = type(self.metric).__name__
        if isinstance(value, Mapping):
            return {str(key): _plain(item) for key, item in value.items()}
        if isinstance(value, Tensor) and value.ndim == 1 and value.numel() > 1:
            classes = (self.dataset_meta or {}).get("classes", ())
            parts = classes if len(classes) == len(value) else range(len(value))
            return {
                f"{name}_{part}": item for part, item in zip(parts, value.tolist(), strict=True)
            }
        return {name: _plain(value)}

    def _take(self, sample: Any) -> tuple[Any, ...]:
        if isinstance(sample, BaseDataElement):
            sample = sample.to_dict()
        pred = _field(sample, self.pred_key, PRED_KEYS)
        if pred is None:
            raise KeyError(
                f"{type(self.metric).__name__} finds no prediction "
                f"({self.pred_key or ' or '.join(PRED_KEYS)}) in a data sample with the fields "
                f"{list(sample)}; name it with `pred_key`"
            )
        target = _field(sample, self.target_key, TARGET_KEYS)
        if target is None and self.target_key is not None:
            raise KeyError(
                f"{type(self.metric).__name__} finds no target {self.target_key} in a data sample "
                f"with the fields {list(sample)}; name it with `target_key`"
            )
        return (pred,) if target is None else (pred, target)

    def _update(self, samples: list[tuple[Any, ...]]) -> None:
        if not samples:
            return
        columns = [_batch(column) for column in zip(*samples, strict=True)]
        device = next(filter(None, map(_device_of, columns)), None)
        if device is not None:
            self._move_to(device)
            columns = apply_to(columns, torch.is_tensor, lambda tensor: tensor.to(device))
        self.metric.update(*columns)

    def _move_to(self, device: torch.device) -> None:
        if device != self._device:
            self.metric.to(device)
            self._device = device


def build_metric(metric: Any) -> Any:
    """Build an entry of an evaluator.

    Args:
        metric (BaseMetric | torchmetrics.Metric | dict): A metric, or a config of one.

    Returns:
        BaseMetric: The metric, as a :class:`TorchMetric` if it is one of ``torchmetrics``.

    Raises:
        TypeError: If ``metric`` is none of these.
        KeyError: If there is no metric of the type in the config.

    Example:
        >>> build_metric(dict(type="torchmetrics.MeanSquaredError", prefix="val")).prefix
        'val'
    """
    if isinstance(metric, (torchmetrics.Metric, torchmetrics.MetricCollection)):
        return TorchMetric(metric)
    if isinstance(metric, dict):
        if not _names_torchmetric(metric):
            result = METRICS.build(metric)
            if isinstance(result, BaseMetric):
                result.config_key = path_of(metric) or ()
            return result
        own = {key: metric[key] for key in _OWN_KEYS if key in metric}
        rest = {key: value for key, value in metric.items() if key not in own}
        return TorchMetric(rest, **own)
    if not (hasattr(metric, "process") and hasattr(metric, "evaluate")):
        raise TypeError(
            "metrics should be configs, or instances of BaseMetric or torchmetrics.Metric, but got "
            f"{type(metric)}"
        )
    return metric


def _names_torchmetric(metric: dict[str, Any]) -> bool:
    """Say whether a type is of ``torchmetrics``, and register it if it is a bare name of it."""
    name, kind = metric.get("type"), resolve_type(metric, METRICS)
    if kind is None and isinstance(name, str) and name.isidentifier():
        kind = _search(name)
        if kind is not None:
            METRICS.register_module(name=name, module=kind)
    return isinstance(kind, type) and issubclass(kind, torchmetrics.Metric)


def _search(name: str) -> type | None:
    """Find a metric by its class name in ``torchmetrics`` and its domains."""
    domains = [info.name for info in pkgutil.iter_modules(torchmetrics.__path__) if info.ispkg]
    # The domains first: the package itself has old names that only tell where the new ones are.
    for module in (*(f"torchmetrics.{domain}" for domain in domains), "torchmetrics"):
        found = getattr(import_module(module), name, None)
        if isinstance(found, type) and issubclass(found, torchmetrics.Metric):
            return found
    return None


def _field(sample: Any, key: str | None, candidates: Sequence[str]) -> Any:
    """Get a field of a data sample by its path, or the first candidate that is there."""
    if key is None:
        key = next((name for name in candidates if name in sample), None)
        if key is None:
            return None
    value = sample
    for part in key.split("."):
        value = value.get(part) if hasattr(value, "get") else None
    if isinstance(value, BaseDataElement):
        value = value.to_dict()
    if isinstance(value, Mapping):
        only = next(iter(value.values())) if len(value) == 1 else value
        return value.get("label", value.get("score", only))
    return value


def _batch(column: Sequence[Any]) -> Any:
    """Stack what can be stacked."""
    first = column[0]
    if isinstance(first, (str, bytes, Mapping)) or first is None:
        return list(column)
    tensors = [item if isinstance(item, Tensor) else torch.as_tensor(item) for item in column]
    if len({tensor.shape for tensor in tensors}) > 1:
        return tensors
    return torch.stack(tensors)


def _device_of(column: Any) -> torch.device | None:
    """Find the device of the first tensor in lists and dicts."""
    if isinstance(column, Tensor):
        return column.device
    if isinstance(column, Mapping):
        column = list(column.values())
    items = column if isinstance(column, (list, tuple)) else ()
    return next(filter(None, map(_device_of, items)), None)


def _plain(value: Any) -> Any:
    """Turn a tensor of one value into a number, any other into one on the CPU."""
    if isinstance(value, Tensor):
        return value.item() if value.numel() == 1 else value.cpu()
    return value
