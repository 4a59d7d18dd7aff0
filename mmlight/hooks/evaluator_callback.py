"""Evaluators for the validation and test of a plain LightningModule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from mmlight.dist import all_reduce
from mmlight.evaluator import Evaluator


class EvaluatorCallback(Callback):
    """Evaluate what ``validation_step`` and ``test_step`` return, one evaluator a dataloader.

    The step returns the data samples of its batch: a list of dicts or of data elements, or a dict
    of what is stacked over the batch, such as ``{"pred": scores.argmax(1), "gt": labels}``. The
    values are logged as ``self.log`` does it, so that ModelCheckpoint and EarlyStopping can
    monitor them and hooks get them in ``after_val_epoch``. This is the place of ``ValLoop`` and
    ``TestLoop`` of a config and, with several dataloaders, of ``MultiValLoop`` and
    ``MultiTestLoop``.

    Args:
        val: For validation: an evaluator, or the metrics of one (a metric, its config or a list
            of them). With several dataloaders a dict of them by a name for each, in the order of
            the dataloaders; the name is put before the values' names.
        test: The same for a test; left out, that of the validation.

    Raises:
        TypeError: At the end of a batch, if the step has returned no data samples.
        ValueError: At the start of a pass, if there are not as many evaluators as dataloaders.

    Example:
        >>> accuracy = dict(type="MulticlassAccuracy", num_classes=3)
        >>> callback = EvaluatorCallback(val=dict(type="MeanSquaredError"))
        >>> several = EvaluatorCallback(val=dict(near=accuracy, far=[accuracy]))
    """

    def __init__(self, val: Any, test: Any = None) -> None:
        self._evaluators = {"val": _evaluators(val)}
        self._evaluators["test"] = self._evaluators["val"] if test is None else _evaluators(test)
        self._seen: list[int] = []

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Match evaluators and dataloaders."""
        self._start("val", trainer.val_dataloaders)

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Match evaluators and dataloaders."""
        self._start("test", trainer.test_dataloaders)

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Give a batch to the evaluator of its dataloader."""
        self._process("val", outputs, batch, dataloader_idx)

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Give a batch to the evaluator of its dataloader."""
        self._process("test", outputs, batch, dataloader_idx)

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Compute the metrics and log them."""
        self._finish("val", _as_list(trainer.val_dataloaders), pl_module)

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Compute the metrics and log them."""
        self._finish("test", _as_list(trainer.test_dataloaders), pl_module)

    def _start(self, mode: str, dataloaders: Any) -> None:
        loaders, evaluators = _as_list(dataloaders), self._evaluators[mode]
        if len(loaders) != len(evaluators):
            raise ValueError(
                f"EvaluatorCallback has {len(evaluators)} evaluators for {mode}, but there are "
                f"{len(loaders)} dataloaders; give a dict with one for each: "
                f"{mode}=dict(first=..., second=...)"
            )
        self._seen = [0] * len(loaders)
        for loader, evaluator in zip(loaders, evaluators.values(), strict=True):
            metainfo = getattr(getattr(loader, "dataset", None), "metainfo", None)
            if metainfo is not None:
                evaluator.dataset_meta = metainfo

    def _process(self, mode: str, outputs: Any, batch: Any, index: int) -> None:
        samples = _samples(outputs, mode)
        list(self._evaluators[mode].values())[index].process(samples, batch)
        self._seen[index] += len(samples)

    def _finish(self, mode: str, loaders: list[Any], module: LightningModule) -> None:
        values: dict[str, float] = {}
        of_all = zip(self._evaluators[mode].items(), loaders, self._seen, strict=True)
        for (name, evaluator), loader, seen in of_all:
            size = torch.tensor(seen)
            all_reduce(size)
            length = _length(loader)
            results = evaluator.evaluate(int(size) if length is None else min(length, int(size)))
            values.update({f"{name}/{key}" if name else key: results[key] for key in results})
        # Every process has the same values already. Lightning is told that they are reduced, and by
        # rank_zero_only that nothing is to be sent for it; as of one sample they are not rounded.
        module.log_dict(
            {name: torch.as_tensor(value, dtype=torch.float64) for name, value in values.items()},
            batch_size=1,
            sync_dist=True,
            rank_zero_only=True,
        )


def _evaluators(given: Any) -> dict[str, Evaluator]:
    several = isinstance(given, Mapping) and "type" not in given
    entries = dict(given) if several else {"": given}
    return {
        name: one if isinstance(one, Evaluator) else Evaluator(one) for name, one in entries.items()
    }


def _as_list(dataloaders: Any) -> list[Any]:
    if isinstance(dataloaders, Mapping):
        return list(dataloaders.values())
    return list(dataloaders) if isinstance(dataloaders, list | tuple) else [dataloaders]


def _length(loader: Any) -> int | None:
    dataset = getattr(loader, "dataset", None)
    return len(dataset) if isinstance(dataset, Sized) else None


def _samples(outputs: Any, mode: str) -> Sequence[Any]:
    if isinstance(outputs, Mapping):
        rows = zip(*outputs.values(), strict=True)
        return [dict(zip(outputs, row, strict=True)) for row in rows]
    if isinstance(outputs, list | tuple):
        return outputs
    step = "validation_step" if mode == "val" else "test_step"
    raise TypeError(
        f"EvaluatorCallback evaluates the data samples that {step} returns, a list or a dict of "
        f"what is stacked over the batch, but it returned {type(outputs).__name__}"
    )
