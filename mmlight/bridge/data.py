"""The dataloaders of a Runner as a LightningDataModule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import lightning.pytorch as pl


class RunnerData(pl.LightningDataModule):
    """Hands the loops' dataloaders to a Trainer.

    For training it hands over the loop's stream, which Lightning saves and restores with the
    checkpoint, so that a resumed run continues in the middle of the data.

    Args:
        runner: The Runner that owns the loops.
    """

    def __init__(self, runner: Any) -> None:
        super().__init__()
        self.runner = runner

    def train_dataloader(self) -> Any:
        """Return the training data: one pass, or all iterations of an iteration-based run."""
        loop = self.runner.train_loop
        return loop.stream if loop.by_epoch else _Iterations(loop)

    def val_dataloader(self) -> Any:
        """Return the validation data."""
        return _evaluation_data(self.runner.val_loop)

    def test_dataloader(self) -> Any:
        """Return the test data."""
        return _evaluation_data(self.runner.test_loop)

    def transfer_batch_to_device(self, batch: Any, device: Any, dataloader_idx: int) -> Any:
        """Leave the batch where it is: the model's data preprocessor moves it."""
        return batch


def _evaluation_data(loop: Any) -> Any:
    if loop is None:
        return []
    # A loop that must run as a whole is one step for Lightning.
    return range(1) if loop.drives_itself else loop.dataloader


class _Iterations:
    """The rest of an iteration-based run as one finite pass."""

    def __init__(self, loop: Any) -> None:
        self.loop = loop

    def __len__(self) -> int:
        return self.loop.max_iters

    def __iter__(self) -> Iterator[Any]:
        for _ in range(self.loop.iter, self.loop.max_iters):
            yield next(self.loop.stream)

    def state_dict(self) -> dict[str, Any]:
        return self.loop.stream.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.loop.stream.load_state_dict(state)
