"""The dataloaders of a Runner as a LightningDataModule."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl


class RunnerData(pl.LightningDataModule):
    """The dataloaders of a run, for a Trainer and for whoever asks.

    Args:
        runner: The Runner that owns the loops.
    """

    def __init__(self, runner: Any) -> None:
        super().__init__()
        self.runner = runner

    def train_dataloader(self) -> Any:
        """Return the training data."""
        return self.runner.train_loop.dataloader

    def val_dataloader(self) -> Any:
        """Return the validation data, a list if there are several sets."""
        return _data_of(self.runner.val_loop)

    def test_dataloader(self) -> Any:
        """Return the test data, a list if there are several sets."""
        return _data_of(self.runner.test_loop)

    def predict_dataloader(self) -> Any:
        """Return the test data, or the validation data of a config without a test."""
        return _data_of(self.runner.test_loop or self.runner.val_loop)

    def transfer_batch_to_device(self, batch: Any, device: Any, dataloader_idx: int) -> Any:
        """Leave the batch where it is: the model's data preprocessor moves it."""
        return batch


def _data_of(loop: Any) -> Any:
    return getattr(loop, "dataloaders", None) or getattr(loop, "dataloader", [])
