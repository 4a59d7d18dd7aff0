"""What a LightningModule logs in its training step."""

from __future__ import annotations

from typing import Any

import torch
from lightning.pytorch import Trainer


class StepValues:
    """Finds the values that ``self.log`` and ``self.log_dict`` got since the last look.

    Tensors stay where they are: nothing is read on the host.
    """

    def __init__(self) -> None:
        self._seen: dict[str, Any] = {}

    def new_values(self, trainer: Trainer) -> dict[str, Any]:
        """Return the values of a training step that is over, by the names they were logged under.

        One that is logged for the epoch alone is the mean (or sum, ...) of the epoch so far.

        Args:
            trainer: The Trainer.
        """
        # `Trainer.callback_metrics` is the public way; it reads what a progress bar shows, and
        # does not tell what is new from what an earlier step has logged.
        results = trainer._results
        values: dict[str, Any] = {}
        for key, result in (results or {}).items():
            # Of a torchmetrics metric, which may be costly to compute, only what a step made of it.
            forked = result.meta.on_step or not result.is_tensor
            current = result._forward_cache if forked else result.value
            if current is None or self._seen.get(key) is current:
                continue
            self._seen[key] = current
            mean = not forked and result.meta.is_mean_reduction
            value = current / result.cumulated_batch_size if mean else current
            if isinstance(value, torch.Tensor) and value.numel() == 1:
                values[result.meta.name] = value
        return values
