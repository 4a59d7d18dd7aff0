"""Validation and test on several datasets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

import torch
from torch.utils.data import DataLoader

from mmlight.engine.runner.average_check import check_averages
from mmlight.engine.runner.loop_utils import generating, is_evaluator
from mmlight.evaluator import BaseMetric, Evaluator
from mmlight.evaluator.names import check_metrics
from mmlight.model.bare_model import bare_model
from mmlight.registry import LOOPS
from mmlight.runner import BaseLoop
from mmlight.runner.amp import autocast
from mmlight.runner.base_loop import refuse_empty, refuse_endless
from mmlight.runner.evaluation_loop import evaluated_samples
from mmlight.utils.checks import flags


class _MultiLoop(BaseLoop):
    """What validation and test share."""

    mode: str

    def __init__(
        self,
        runner: Any,
        dataloader: Sequence[DataLoader[Any] | dict[str, Any]] | DataLoader[Any] | dict[str, Any],
        evaluator: Sequence[Evaluator | dict[str, Any] | list[Any]] | Evaluator | dict[str, Any],
        fp16: bool = False,
    ) -> None:
        loaders: list[Any] = [dataloader]
        several = isinstance(evaluator, (list, tuple)) and is_evaluator(evaluator) and evaluator
        evaluators: Any = several or [evaluator]  # a list for one dataset may be of its metrics
        if isinstance(dataloader, (list, tuple)):
            loaders, evaluators = list(dataloader), evaluator
        if not loaders:
            raise ValueError(f"{type(self).__name__} needs a dataloader, but got {dataloader!r}")
        flags(self, fp16=fp16)
        super().__init__(runner, loaders[0])
        self.dataloaders: list[DataLoader[Any]] = [self.dataloader]
        for loader in loaders[1:]:
            if isinstance(loader, dict):
                loader = runner.build_dataloader(
                    loader, seed=runner.seed, diff_rank_seed=runner.diff_rank_seed
                )
            self.dataloaders.append(loader)
        for loader in self.dataloaders:
            refuse_empty(self, loader)
            refuse_endless(self, loader)
        self.evaluators = self._build_evaluators(evaluators)
        self.evaluator: Any = self.evaluators[0]
        self.fp16 = fp16
        for one in self.evaluators:
            check_averages(runner, one)
        self._lengths = self._count()

    def _build_evaluators(self, evaluator: Any) -> list[Evaluator]:
        given = list(evaluator) if isinstance(evaluator, (list, tuple)) else [evaluator]
        if len(given) != len(self.dataloaders):
            raise ValueError(
                f"{type(self).__name__} has {len(self.dataloaders)} dataloaders but {len(given)} "
                "evaluators; give each dataset its own"
            )
        evaluators = [
            one if isinstance(one, Evaluator) else self.runner.build_evaluator(one) for one in given
        ]
        seen: dict[tuple[Any, ...], int] = {}
        for index, one in enumerate(evaluators):
            check_metrics(one, f"{self.mode}_evaluator {index}")
            for metric in one.metrics:
                name = (type(metric), type(getattr(metric, "metric", None)), metric.prefix)
                if seen.setdefault(name, index) != index:
                    raise ValueError(
                        f"the evaluators of datasets {seen[name]} and {index} both have a "
                        f"{type(metric).__name__} with prefix {metric.prefix!r}, so its values "
                        "would overwrite each other; set a different prefix for each dataset"
                    )
        return evaluators

    def use(self, dataloader: Any) -> None:
        """Evaluate on other data from the next pass on.

        Raises:
            ValueError: If there are not as many dataloaders as evaluators.
        """
        loaders = list(dataloader) if isinstance(dataloader, (list, tuple)) else [dataloader]
        if len(loaders) != len(self.evaluators):
            raise ValueError(
                f"{type(self).__name__} has {len(self.evaluators)} evaluators but got "
                f"{len(loaders)} dataloaders; give each dataset its own"
            )
        self.dataloaders, self.dataloader = loaders, loaders[0]
        self._lengths = self._count()

    @property
    def total_length(self) -> int:
        """int: Number of batches over all datasets, those to be generated included."""
        return sum(self._lengths)

    def lengths(self) -> list[float]:
        """Return the number of batches of each dataset, or of each sampler for it."""
        return list(self._lengths)

    def _count(self) -> list[int]:
        return [
            len(batches)
            for loader, evaluator in zip(self.dataloaders, self.evaluators, strict=True)
            for _, batches in self._groups(loader, evaluator)
        ]

    def _groups(self, loader: DataLoader[Any], evaluator: Any) -> list[tuple[Any, Any]]:
        """What an evaluator is given: batches, and the metrics that they are for."""
        if not _is_generative(evaluator):
            return [(None, loader)]
        result: list[tuple[Any, Any]] = evaluator.prepare_samplers(
            bare_model(self.runner.model), loader
        )
        return result

    def _datasets(self) -> Iterator[None]:
        """Make each dataset and its evaluator the current ones."""
        for loader, evaluator in zip(self.dataloaders, self.evaluators, strict=True):
            self.dataloader, self.evaluator = loader, evaluator
            metainfo = getattr(self.dataloader.dataset, "metainfo", None)
            if metainfo is not None:
                self.evaluator.dataset_meta = metainfo
                self.runner.visualizer.dataset_meta = metainfo
            yield

    def run(self) -> dict[str, float]:
        """Run over all datasets.

        Returns:
            dict[str, float]: Values of all metrics.

        Raises:
            ValueError: If two datasets have values of the same name.
        """
        runner, mode = self.runner, self.mode
        runner.call_hook(f"before_{mode}")
        runner.call_hook(f"before_{mode}_epoch")
        runner.model.eval()
        results: dict[str, float] = {}
        idx = 0
        for _ in self._datasets():
            with self._surroundings():
                for metrics, batches in self._groups(self.dataloader, self.evaluator):
                    limit = runner.limit(mode, len(batches))
                    for data_batch in islice(runner.fetched(iter(batches), mode), limit):
                        self.run_iter(idx, data_batch, metrics)
                        idx += 1
                if _is_generative(self.evaluator):
                    values = self.evaluator.evaluate()
                else:
                    values = self.evaluator.evaluate(evaluated_samples(self.dataloader, limit))
            clash = sorted(results.keys() & values.keys())
            if clash:
                raise ValueError(
                    f"two datasets both have {clash}; set a different prefix for each dataset"
                )
            results.update(values)
        runner.call_hook(f"after_{mode}_epoch", metrics=results)
        runner.call_hook(f"after_{mode}")
        return results

    @contextmanager
    def _surroundings(self) -> Iterator[None]:
        """What generates draws from the run's seed, and its metrics are told of the real images."""
        if not _is_generative(self.evaluator):
            yield
            return
        with generating(self.runner, self.evaluator, self.dataloader):
            yield

    @torch.no_grad()
    def run_iter(
        self,
        idx: int,
        data_batch: Sequence[dict[str, Any]],
        metrics: Sequence[BaseMetric] | None = None,
    ) -> None:
        """Predict on one batch of the current dataset.

        Args:
            idx (int): Index of the batch, counted through all datasets.
            data_batch (Sequence[dict]): The batch.
            metrics (Sequence[BaseMetric], optional): Those that it is for, of an evaluator that
                groups its metrics. Defaults to None, all.
        """
        runner, mode = self.runner, self.mode
        runner.call_hook(f"before_{mode}_iter", batch_idx=idx, data_batch=data_batch)
        step = runner.model.val_step if mode == "val" else runner.model.test_step
        device = runner.trainer.strategy.root_device.type
        with autocast(device) if self.fp16 else runner.evaluation_context(mode):
            outputs = step(data_batch)
        given = () if metrics is None else (metrics,)
        self.evaluator.process(outputs, data_batch, *given)
        runner.call_hook(
            f"after_{mode}_iter", batch_idx=idx, data_batch=data_batch, outputs=outputs
        )


def _is_generative(evaluator: Any) -> bool:
    """Whether it groups its metrics by what has to be generated for them."""
    return hasattr(evaluator, "prepare_metrics") and hasattr(evaluator, "prepare_samplers")


@LOOPS.register_module()
class MultiValLoop(_MultiLoop):
    """Validate on several datasets, each with its own evaluator.

    In a Trainer of one's own the loop is Lightning's; there
    :class:`~mmlight.hooks.EvaluatorCallback` gives each dataloader its evaluator.

    The hooks see one epoch: the batches of all datasets, numbered through, and the values of all
    metrics. An evaluator that groups its metrics (``prepare_metrics`` and ``prepare_samplers``, as
    GenEvaluator and MMagic's have) is given what its samplers make of a dataset.

    Args:
        runner (Runner): The runner.
        dataloader (list[DataLoader | dict] | DataLoader | dict): The dataloaders, or their
            configs; or a single one.
        evaluator (list[Evaluator | dict | list] | Evaluator | dict): As many evaluators, or their
            configs, in the same order; or that of the single dataloader.
        fp16 (bool): Predict in half precision. Defaults to False.

    Raises:
        ValueError: If there is no dataloader, there are not as many evaluators as dataloaders, or
            two of them have a metric of one type with one prefix, so that their values would clash.
    """

    mode = "val"


@LOOPS.register_module()
class MultiTestLoop(_MultiLoop):
    """Test on several datasets, each with its own evaluator, as :class:`MultiValLoop` validates.

    Args:
        runner (Runner): The runner.
        dataloader (list[DataLoader | dict] | DataLoader | dict): The dataloaders, or their
            configs; or a single one.
        evaluator (list[Evaluator | dict | list] | Evaluator | dict): As many evaluators, or their
            configs, in the same order; or that of the single dataloader.
        fp16 (bool): Predict in half precision. Defaults to False.

    Raises:
        ValueError: If there is no dataloader, there are not as many evaluators as dataloaders, or
            two of them have a metric of one type with one prefix, so that their values would clash.
    """

    mode = "test"
