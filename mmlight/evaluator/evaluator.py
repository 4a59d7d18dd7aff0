"""Several metrics over one dataset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmlight.dataset import pseudo_collate
from mmlight.evaluator.torchmetrics_adapter import build_metric
from mmlight.registry import EVALUATOR
from mmlight.structures import BaseDataElement


@EVALUATOR.register_module()
class Evaluator:
    """Feeds several metrics and merges their results.

    Args:
        metrics (dict | BaseMetric | Sequence): A metric or several: instances of
            :class:`BaseMetric` or of ``torchmetrics.Metric``, or configs of them (for the latter
            see :class:`TorchMetric`).

    Example:
        >>> import torch
        >>> evaluator = Evaluator(dict(type="MulticlassAccuracy", num_classes=3, average="micro"))
        >>> evaluator.process([{"pred": torch.tensor(2), "gt": torch.tensor(2)}])
        >>> evaluator.evaluate(size=1)
        {'MulticlassAccuracy': 1.0}
    """

    def __init__(self, metrics: dict[str, Any] | Any | Sequence[Any]) -> None:
        self._dataset_meta: dict[str, Any] | None = None
        if not isinstance(metrics, Sequence):
            metrics = [metrics]
        self.metrics = [build_metric(metric) for metric in metrics]

    @property
    def dataset_meta(self) -> dict[str, Any] | None:
        """Optional[dict]: Meta information of the dataset; setting it hands it to each metric."""
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, dataset_meta: dict[str, Any]) -> None:
        self._dataset_meta = dataset_meta
        for metric in self.metrics:
            metric.dataset_meta = dataset_meta

    def process(self, data_samples: Sequence[Any], data_batch: Any | None = None) -> None:
        """Hand a batch to each metric, data elements as dicts.

        Args:
            data_samples (Sequence[BaseDataElement]): Outputs of the model, one per sample.
            data_batch (Any, optional): The batch, as the dataloader gave it.
        """
        samples = [
            sample.to_dict() if isinstance(sample, BaseDataElement) else sample
            for sample in data_samples
        ]
        for metric in self.metrics:
            metric.process(data_batch, samples)

    def evaluate(self, size: int) -> dict[str, Any]:
        """Compute all metrics.

        Args:
            size (int): Length of the dataset; see :meth:`BaseMetric.evaluate`.

        Returns:
            dict: Values by name.

        Raises:
            ValueError: If two metrics give a value of the same name.
        """
        results: dict[str, Any] = {}
        for metric in self.metrics:
            values = metric.evaluate(size)
            for name in values:
                if name in results:
                    raise ValueError(
                        f"There are multiple evaluation results with the same metric name {name}. "
                        "Please make sure all metrics have different prefixes."
                    )
            results.update(values)
        return results

    def offline_evaluate(
        self, data_samples: Sequence[Any], data: Sequence[Any] | None = None, chunk_size: int = 1
    ) -> dict[str, Any]:
        """Compute all metrics from predictions that were made before.

        Args:
            data_samples (Sequence): Predictions and targets on the whole dataset.
            data (Sequence, optional): The dataset, in the same order.
            chunk_size (int): How many samples the metrics get at a time.

        Returns:
            dict: Values by name.

        Raises:
            AssertionError: If both are given and differ in length.
            ValueError: If ``chunk_size`` is not positive.

        Example:
            >>> evaluator = Evaluator(dict(type="MeanSquaredError"))
            >>> evaluator.offline_evaluate([{"pred": 1.0, "gt": 3.0}, {"pred": 1.0, "gt": 1.0}])
            {'MeanSquaredError': 2.0}
        """
        if chunk_size < 1:
            raise ValueError(f"chunk_size must be 1 or more, but got {chunk_size}")
        if data is not None:
            assert len(data_samples) == len(data), (
                "data_samples and data should have the same length, but got data_samples length: "
                f"{len(data_samples)} data length: {len(data)}"
            )
        samples = list(data_samples)
        for start in range(0, len(samples), chunk_size):
            chunk = samples[start : start + chunk_size]
            batch = None
            if data is not None:
                stop = start + len(chunk)
                batch = pseudo_collate([data[index] for index in range(start, stop)])
            self.process(chunk, batch)
        return self.evaluate(len(samples))
