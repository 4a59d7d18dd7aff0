"""The base class of metrics, and one that dumps predictions."""

from __future__ import annotations

import logging
from abc import ABCMeta, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from mmlight.dist import broadcast_object_list, collect_results, is_main_process
from mmlight.fileio import dump
from mmlight.logging import print_log
from mmlight.registry import METRICS
from mmlight.structures import BaseDataElement


class BaseMetric(metaclass=ABCMeta):
    """A metric over a whole dataset, computed from what is kept of each sample.

    A subclass keeps in :meth:`process` one item per sample in ``self.results`` and computes the
    metric from all of them in :meth:`compute_metrics`, which runs on the main process.

    Args:
        collect_device (str): ``cpu`` or ``gpu``: where the results of several processes meet.
        prefix (str, optional): Put before the names of the metrics, with a slash;
            ``default_prefix`` of the class if left out.
        collect_dir (str, optional): Folder shared by the processes, in which their results meet if
            ``collect_device`` is ``cpu``; a temporary one if left out.

    Raises:
        ValueError: If ``collect_device`` is another, or ``collect_dir`` is given together with
            ``collect_device="gpu"``.

    Example:
        >>> class Mean(BaseMetric):
        ...     def process(self, data_batch, data_samples):
        ...         self.results += [sample["value"] for sample in data_samples]
        ...     def compute_metrics(self, results):
        ...         return {"mean": sum(results) / len(results)}
        >>> mean = Mean(prefix="val")
        >>> mean.process(None, [{"value": 1}, {"value": 2}])
        >>> mean.evaluate(size=2)
        {'val/mean': 1.5}
    """

    default_prefix: str | None = None
    value_names: Sequence[str] | None = None
    """Sequence[str], optional: What its values are called, prefix aside, where that is known."""
    config_key: tuple[str, ...] = ()
    """tuple[str, ...]: Where its config stands, for messages; empty where that is not known."""

    def __init__(
        self,
        collect_device: str = "cpu",
        prefix: str | None = None,
        collect_dir: str | None = None,
    ) -> None:
        if collect_device not in ("cpu", "gpu", "npu"):
            raise ValueError(f"collect_device must be 'cpu' or 'gpu', but got {collect_device!r}")
        if collect_dir is not None and collect_device != "cpu":
            raise ValueError(
                f"`collect_dir` could only be configured when `collect_device='cpu'`, but got "
                f"{collect_device!r}"
            )
        self._dataset_meta: dict[str, Any] | None = None
        self.collect_device = collect_device
        self.results: list[Any] = []
        self.prefix = prefix or self.default_prefix
        self.collect_dir = collect_dir
        if self.prefix is None:
            print_log(
                f"The prefix is not set in metric class {type(self).__name__}.",
                logger="current",
                level=logging.WARNING,
            )

    @property
    def dataset_meta(self) -> dict[str, Any] | None:
        """Optional[dict]: Meta information of the dataset."""
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, dataset_meta: dict[str, Any]) -> None:
        self._dataset_meta = dataset_meta

    @abstractmethod
    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep in ``self.results`` what the metric needs of a batch.

        Args:
            data_batch (Any): The batch, as the dataloader gave it.
            data_samples (Sequence[dict]): Outputs of the model, one per sample.
        """

    @abstractmethod
    def compute_metrics(self, results: list[Any]) -> dict[str, Any]:
        """Compute the metric.

        Args:
            results (list): What was kept of the samples of all processes, in their order.

        Returns:
            dict: Values by name.
        """

    def evaluate(self, size: int) -> dict[str, Any]:
        """Gather the results of all processes, compute the metric and forget the results.

        Args:
            size (int): Length of the dataset; results beyond it come from samples that were
                repeated to give each process equally many, and are dropped.

        Returns:
            dict: Values by name, with the prefix; the same in all processes.
        """
        if not self.results:
            print_log(
                f"{type(self).__name__} got empty `self.results`. Please ensure that the processed "
                "results are properly added into `self.results` in `process` method.",
                logger="current",
                level=logging.WARNING,
            )
        if self.collect_device == "cpu":
            results = collect_results(
                self.results, size, self.collect_device, tmpdir=self.collect_dir
            )
        else:
            results = collect_results(self.results, size, self.collect_device)
        metrics: list[dict[str, Any] | None] = [None]
        if is_main_process():
            values = self.compute_metrics(_to_cpu(results))
            metrics = [self._with_prefix(values)]
        broadcast_object_list(metrics)
        self.results.clear()
        return metrics[0]  # type: ignore[return-value]

    def _with_prefix(self, values: dict[str, Any]) -> dict[str, Any]:
        if not self.prefix:
            return values
        return {f"{self.prefix}/{name}": value for name, value in values.items()}


@METRICS.register_module()
class DumpResults(BaseMetric):
    """Writes the predictions to a pickle file, for an evaluation later.

    Args:
        out_file_path (str | Path): The file; must end with ``.pkl`` or ``.pickle``.
        collect_device (str): See :class:`BaseMetric`.
        collect_dir (str, optional): See :class:`BaseMetric`.

    Raises:
        ValueError: If the file has another ending.

    Example:
        >>> import pathlib, pickle, tempfile
        >>> from mmlight.logging import MMLogger
        >>> quiet = MMLogger.get_instance("quiet", log_level="ERROR")
        >>> path = pathlib.Path(tempfile.mkdtemp(), "predictions.pkl")
        >>> metric = DumpResults(str(path))
        >>> metric.process(None, [{"score": 0.5}])
        >>> metric.evaluate(size=1)
        {}
        >>> pickle.loads(path.read_bytes())
        [{'score': 0.5}]
    """

    # It gives no values, so it needs no prefix for them.
    default_prefix = ""
    value_names = ()

    def __init__(
        self,
        out_file_path: str | Path,
        collect_device: str = "cpu",
        collect_dir: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, collect_dir=collect_dir)
        out_file_path = str(out_file_path)
        if not out_file_path.endswith((".pkl", ".pickle")):
            raise ValueError(
                f"The output file must be a pkl file, ending with .pkl or .pickle, but got "
                f"{out_file_path}"
            )
        self.out_file_path = out_file_path

    def process(self, data_batch: Any, predictions: Sequence[dict[str, Any]]) -> None:
        """Keep predictions, with their tensors on the CPU.

        Args:
            data_batch (Any): Not used.
            predictions (Sequence[dict]): Outputs of the model, one per sample.
        """
        self.results.extend(_to_cpu(predictions))

    def compute_metrics(self, results: list[Any]) -> dict[str, Any]:
        """Write the file."""
        dump(results, self.out_file_path)
        print_log(f"Results has been saved to {self.out_file_path}.", logger="current")
        return {}


def _to_cpu(data: Any) -> Any:
    """Copy the tensors in nested containers to the CPU.

    Args:
        data (Any): Tensors, data elements, and lists, tuples and mappings of them.

    Returns:
        Any: The same structure; what is not a tensor is passed on.

    Example:
        >>> _to_cpu([{"score": torch.ones(1)}])
        [{'score': tensor([1.])}]
    """
    if isinstance(data, (torch.Tensor, BaseDataElement)):
        return data.to("cpu")
    if isinstance(data, list):
        return [_to_cpu(item) for item in data]
    if isinstance(data, tuple):
        items = [_to_cpu(item) for item in data]
        return type(data)(*items) if hasattr(data, "_fields") else tuple(items)
    if isinstance(data, Mapping):
        return {key: _to_cpu(value) for key, value in data.items()}
    return data
