"""Validation and test of generative models."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

import torch
from torch.utils.data import DataLoader

from mmlight.engine.runner.average_check import check_averages
from mmlight.engine.runner.loop_utils import generating
from mmlight.evaluator import BaseMetric, Evaluator
from mmlight.model.bare_model import bare_model
from mmlight.registry import LOOPS
from mmlight.runner import BaseLoop, TestLoop, ValLoop


class _GenerativeLoop:
    """What validation and test share; mixed into the plain loop of the mode."""

    mode: str
    runner: Any
    dataloader: Any
    evaluator: Any
    total_length: int
    _lengths: list[Any]

    def __init__(
        self,
        runner: Any,
        dataloader: DataLoader[Any] | dict[str, Any],
        evaluator: Evaluator | dict[str, Any] | list[Any],
    ) -> None:
        super().__init__(runner, dataloader, evaluator)  # type: ignore[call-arg]  # of the mode's
        missing = [
            name
            for name in ("prepare_metrics", "prepare_samplers")
            if not hasattr(self.evaluator, name)
        ]
        if missing:
            raise TypeError(
                f"{type(self).__name__} needs a GenEvaluator, which groups generative metrics, "
                f"but got {type(self.evaluator).__name__} without {' and '.join(missing)}; write "
                "dict(type='GenEvaluator', metrics=[...])"
            )
        check_averages(self.runner, self.evaluator)
        self._groups()

    def _groups(self) -> list[tuple[list[BaseMetric], Any]]:
        """The metrics with equal needs, and the sampler that serves them."""
        module = bare_model(self.runner.model)
        groups: list[tuple[list[BaseMetric], Any]]
        groups = self.evaluator.prepare_samplers(module, self.dataloader)
        self._lengths = [len(sampler) for _, sampler in groups]
        self.total_length = sum(self._lengths)
        return groups

    check = BaseLoop.check

    def lengths(self) -> list[float]:
        """Return the number of batches of each sampler."""
        return self._lengths

    def run(self) -> dict[str, float]:
        """Run the whole evaluation.

        The metrics first take what they need of the real images; then the metrics are grouped by
        what they need generated; then each group's batches are generated and given to it; then
        the metrics are computed.

        Returns:
            dict[str, float]: Values of the metrics.
        """
        runner, mode = self.runner, self.mode
        runner.call_hook(f"before_{mode}")
        runner.call_hook(f"before_{mode}_epoch")
        with generating(runner, self.evaluator, self.dataloader):
            idx = 0
            for metrics, sampler in self._groups():
                limit = runner.limit(mode, len(sampler))
                for data_batch in islice(runner.fetched(iter(sampler), mode), limit):
                    self.run_iter(idx, data_batch, metrics)
                    idx += 1
            values: dict[str, float] = self.evaluator.evaluate()
        runner.call_hook(f"after_{mode}_epoch", metrics=values)
        runner.call_hook(f"after_{mode}")
        return values

    @torch.no_grad()
    def run_iter(self, idx: int, data_batch: dict[str, Any], metrics: Sequence[BaseMetric]) -> None:
        """Generate one batch for the metrics that share it.

        Args:
            idx (int): Index of the batch in the whole evaluation.
            data_batch (dict): What the sampler gave.
            metrics (Sequence[BaseMetric]): The metrics.
        """
        runner, mode = self.runner, self.mode
        runner.call_hook(f"before_{mode}_iter", batch_idx=idx, data_batch=data_batch)
        step = runner.model.val_step if mode == "val" else runner.model.test_step
        outputs = step(data_batch)
        self.evaluator.process(outputs, data_batch, metrics)
        runner.call_hook(
            f"after_{mode}_iter", batch_idx=idx, data_batch=data_batch, outputs=outputs
        )


@LOOPS.register_module()
class GenValLoop(_GenerativeLoop, ValLoop):  # type: ignore[misc]
    """Validate a generative model: generate what each metric needs, and evaluate.

    Metrics that need the same kind of samples share them: each image is generated once. What is
    drawn at random comes from the run's seed, so that validations are comparable and leave
    the training as it was.

    Args:
        runner (Runner): The runner.
        dataloader (DataLoader | dict): The real images, or config of their dataloader.
        evaluator (GenEvaluator | dict | list): What evaluates, or its config.

    Raises:
        TypeError: If the evaluator is not a generative one.
    """


@LOOPS.register_module()
class GenTestLoop(_GenerativeLoop, TestLoop):  # type: ignore[misc]
    """Test a generative model, as :class:`GenValLoop` validates one.

    Args:
        runner (Runner): The runner.
        dataloader (DataLoader | dict): The real images, or config of their dataloader.
        evaluator (GenEvaluator | dict | list): What evaluates, or its config.

    Raises:
        TypeError: If the evaluator is not a generative one.
    """
