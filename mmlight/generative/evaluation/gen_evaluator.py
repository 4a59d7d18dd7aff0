"""Several metrics of a generative model."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from torch import nn
from torch.utils.data import DataLoader

from mmlight.evaluator import BaseMetric, Evaluator
from mmlight.registry import EVALUATOR
from mmlight.registry.place import section_of
from mmlight.structures import BaseDataElement


@EVALUATOR.register_module()
class GenEvaluator(Evaluator):
    """Feeds metrics that need generated images, and lets them share these.

    A metric that is no :class:`GenMetric` gets the batches of the dataloader, as in an ordinary
    evaluation.

    Args:
        metrics (dict | BaseMetric | Sequence): The metrics, or their configs.

    Example:
        >>> evaluator = GenEvaluator(dict(type="FrechetDistance", fake_nums=8, prefix="FD"))
        >>> [metric.prefix for metric in evaluator.metrics]
        ['FD']
    """

    def prepare_metrics(self, module: nn.Module, dataloader: DataLoader[Any]) -> None:
        """Let each metric take what it needs of the real images.

        Args:
            module (nn.Module): The model.
            dataloader (DataLoader): The real images.
        """
        for metric in self.metrics:
            if hasattr(metric, "prepare"):
                with section_of(metric):
                    metric.prepare(module, dataloader)

    def prepare_samplers(
        self, module: nn.Module, dataloader: DataLoader[Any]
    ) -> list[tuple[list[BaseMetric], Any]]:
        """Group the metrics by the samples that they need.

        Args:
            module (nn.Module): The model.
            dataloader (DataLoader): The real images.

        Returns:
            list[tuple]: Each group of metrics with its sampler, in the order of the metrics.

        Raises:
            Exception: What a metric says against the model or the real images.
        """
        for metric in self.metrics:
            if hasattr(metric, "check"):
                with section_of(metric):
                    metric.check(module, dataloader)
        groups: dict[Hashable, list[BaseMetric]] = {}
        for metric in self.metrics:
            key = metric.sampler_key() if hasattr(metric, "sampler_key") else "normal"
            groups.setdefault(key, []).append(metric)
        pairs = []
        for metrics in groups.values():
            first = metrics[0]
            if hasattr(first, "get_metric_sampler"):
                pairs.append((metrics, first.get_metric_sampler(module, dataloader, metrics)))
            else:
                pairs.append((metrics, dataloader))
        return pairs

    def process(  # type: ignore[override]
        self,
        data_samples: Sequence[Any],
        data_batch: Any | None = None,
        metrics: Sequence[BaseMetric] | None = None,
    ) -> None:
        """Hand a batch to some of the metrics, data elements as dicts.

        Args:
            data_samples (Sequence[BaseDataElement]): Outputs of the model, one per sample.
            data_batch (Any, optional): What the model was given. Defaults to None.
            metrics (Sequence[BaseMetric], optional): The metrics. Defaults to None, all.
        """
        samples = [
            sample.to_dict() if isinstance(sample, BaseDataElement) else sample
            for sample in data_samples
        ]
        for metric in self.metrics if metrics is None else metrics:
            metric.process(data_batch, samples)

    def evaluate(self, size: int | None = None) -> dict[str, float]:  # type: ignore[override]
        """Compute all metrics.

        Args:
            size (int, optional): Length of the dataset, for metrics that need no generated
                images. Defaults to None, as many as they have.

        Returns:
            dict[str, float]: Values by name.

        Raises:
            ValueError: If two metrics give a value of the same name.
        """
        results: dict[str, float] = {}
        for metric in self.metrics:
            if hasattr(metric, "fake_nums"):
                count = metric.fake_nums
            else:
                count = len(metric.results) if size is None else size
            values = metric.evaluate(count)
            clash = sorted(results.keys() & values.keys())
            if clash:
                raise ValueError(f"two metrics both give {clash}; give each its own prefix")
            results.update(values)
        return results
