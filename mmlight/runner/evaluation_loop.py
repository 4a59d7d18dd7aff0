"""What validation and test share: a pass of predictions, and what an evaluator makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import torch
from torch.utils.data import DataLoader

from mmlight.dist import get_world_size
from mmlight.evaluator import Evaluator
from mmlight.evaluator.names import check_metrics
from mmlight.utils.checks import flags

from .amp import autocast
from .base_loop import BaseLoop, refuse_endless, share_metainfo
from .evaluation_losses import EvaluationLosses
from .resumable_loader import ResumableLoader


class EvaluationLoop(BaseLoop):
    """What validation and test share."""

    mode: str

    def __init__(
        self,
        runner: Any,
        dataloader: DataLoader[Any] | dict[str, Any],
        evaluator: Evaluator | dict[str, Any] | list[Any],
        fp16: bool = False,
    ) -> None:
        _refuse_several(self, dataloader)
        flags(self, fp16=fp16)
        super().__init__(runner, dataloader)
        refuse_endless(self, self.dataloader)
        if isinstance(evaluator, dict | list):
            self.evaluator = runner.build_evaluator(evaluator)
        elif isinstance(evaluator, Evaluator):
            self.evaluator = evaluator
        else:
            raise TypeError(
                "evaluator must be a dict, a list or an Evaluator, "
                f"but got {type(evaluator).__name__}"
            )
        check_metrics(self.evaluator, f"{self.mode}_evaluator")
        self._share_metainfo()
        self.stream = ResumableLoader(self.dataloader)
        self.fp16 = fp16
        self._losses = EvaluationLosses(self.mode)

    def use(self, dataloader: DataLoader[Any]) -> None:
        """Evaluate on other data from the next pass on."""
        _refuse_several(self, dataloader)
        self.dataloader = dataloader
        self._share_metainfo()

    def _share_metainfo(self) -> None:
        dataset: Any = getattr(self.dataloader, "dataset", None)
        if hasattr(dataset, "metainfo"):
            self.evaluator.dataset_meta = dataset.metainfo
        share_metainfo(self.runner, self.dataloader)

    def _run(self) -> dict[str, Any]:
        if self.stream.dataloader is not self.dataloader:
            self.stream = ResumableLoader(self.dataloader)
        return self._pass(self.stream.begin)

    def _pass(self, begin: Callable[[], Iterator[Any]]) -> dict[str, Any]:
        mode, runner = self.mode, self.runner
        runner.call_hook(f"before_{mode}")
        runner.call_hook(f"before_{mode}_epoch")
        runner.model.eval()
        limit = runner.limit(mode, self.lengths()[0])
        batches = runner.fetched(begin(), mode)
        for idx, data_batch in enumerate(islice(batches, limit)):
            self.run_iter(idx, data_batch)
        size = evaluated_samples(self.dataloader, limit)
        metrics = {**self.evaluator.evaluate(size), **self._losses.finish()}
        runner.call_hook(f"after_{mode}_epoch", metrics=metrics)
        runner.call_hook(f"after_{mode}")
        return metrics

    def check(self) -> None:
        """Predict and evaluate the first batches, unseen by hooks, before a training."""
        with self.runner.hooks_left_out():
            self._pass(lambda: iter(self.dataloader))  # the stream begins with the first epoch

    @torch.no_grad()
    def run_iter(self, idx: int, data_batch: Sequence[dict[str, Any]]) -> None:
        """Predict one batch and hand the predictions to the evaluator.

        Args:
            idx: Index of the batch in the pass.
            data_batch: What the dataloader yields.
        """
        mode, runner = self.mode, self.runner
        runner.call_hook(f"before_{mode}_iter", batch_idx=idx, data_batch=data_batch)
        step = runner.model.val_step if mode == "val" else runner.model.test_step
        device = runner.trainer.strategy.root_device.type
        with autocast(device) if self.fp16 else runner.evaluation_context(mode):
            outputs = self._losses.take(step(data_batch))
        self.evaluator.process(data_samples=outputs, data_batch=data_batch)
        runner.call_hook(
            f"after_{mode}_iter", batch_idx=idx, data_batch=data_batch, outputs=outputs
        )


def _refuse_several(loop: EvaluationLoop, dataloader: Any) -> None:
    if isinstance(dataloader, list | tuple):
        kind, mode = type(loop).__name__, loop.mode
        raise TypeError(
            f"{kind} takes one dataloader, but got {len(dataloader)}: use {mode}_cfg="
            f"dict(type='Multi{mode.title()}Loop') with an evaluator for each"
        )


def evaluated_samples(dataloader: Any, limit: int | None) -> int:
    """Return how many samples an evaluation saw in all processes, padding left out.

    Args:
        dataloader: The data.
        limit: Batches that each process took; None for all.
    """
    samples = len(dataloader.dataset)
    batch_size = getattr(dataloader, "batch_size", None)
    if limit is None or batch_size is None:
        return samples
    result: int = min(samples, limit * batch_size * get_world_size())
    return result
