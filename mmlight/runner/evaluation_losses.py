"""Losses that a model returns beside its predictions in a validation or test."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from mmlight.dist import all_gather_object, get_world_size
from mmlight.logging import HistoryBuffer
from mmlight.structures import BaseDataElement


class EvaluationLosses:
    """Averages the losses of a validation or test over its batches, and over all processes.

    A model hands them over as one more data sample behind those of the batch: a
    :class:`~mmlight.structures.BaseDataElement` with nothing but ``loss``, a dict of numbers,
    tensors of one element, or lists of these. No value is read from the device before the end.

    Args:
        mode: ``'val'`` or ``'test'``; ``<mode>_loss`` is the name of the sum.

    Example:
        >>> losses = EvaluationLosses("val")
        >>> for value in (1.0, 3.0):
        ...     outputs = ["sample", BaseDataElement(loss={"loss_cls": torch.tensor(value)})]
        ...     print(losses.take(outputs))
        ['sample']
        ['sample']
        >>> losses.finish()
        {'loss_cls': 2.0, 'val_loss': 2.0}
    """

    def __init__(self, mode: str) -> None:
        self._mode = mode
        self._values: dict[str, HistoryBuffer] = {}

    def take(self, outputs: Any) -> Any:
        """Return ``outputs`` of a batch without the losses, which are kept.

        Raises:
            TypeError: If the losses are no dict, or one of them is no number.
        """
        if not isinstance(outputs, list | tuple) or not outputs:
            return outputs
        last = outputs[-1]
        if not isinstance(last, BaseDataElement) or last.keys() != ["loss"]:
            return outputs
        losses = last.get("loss")
        if not isinstance(losses, dict):
            raise TypeError(
                f"the losses that {self._mode}_step returns behind its data samples must be a "
                f"dict, but got {type(losses).__name__}"
            )
        for name, loss in losses.items():
            for value in loss if isinstance(loss, list | tuple) else [loss]:
                self._keep(name, value)
        return outputs[:-1]

    def _keep(self, name: str, value: Any) -> None:
        if not isinstance(value, int | float) and not (
            isinstance(value, torch.Tensor) and value.numel() == 1
        ):
            shape = f" of shape {tuple(value.shape)}" if hasattr(value, "shape") else ""
            raise TypeError(
                f"the loss {name!r} that {self._mode}_step returns must be a number, a tensor of "
                f"one element or a list of these, but got {type(value).__name__}{shape}"
            )
        self._values.setdefault(name, HistoryBuffer()).update(value)

    def finish(self) -> dict[str, float]:
        """Return the averages and their sum over all names with "loss", and begin anew."""
        values = {name: buffer.data[0] for name, buffer in self._values.items()}
        self._values = {}
        if get_world_size() > 1:
            ranks = all_gather_object(values)
            names = dict.fromkeys(name for rank in ranks for name in rank)
            values = {
                name: np.concatenate([rank[name] for rank in ranks if name in rank])
                for name in names
            }
        means = {name: float(np.mean(history)) for name, history in values.items()}
        if means:
            means[f"{self._mode}_loss"] = sum(means[name] for name in means if "loss" in name)
        return means
