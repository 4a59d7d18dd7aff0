"""Training data that change while a Trainer with Lightning's loops trains."""

from __future__ import annotations

from typing import Any

from lightning.pytorch import Trainer
from torch.utils.data import DataLoader


def single_train_dataloader(trainer: Trainer) -> DataLoader[Any]:
    """Return the dataloader that the Trainer trains with.

    Args:
        trainer: The Trainer.

    Raises:
        TypeError: If it is not a single ``DataLoader``.
    """
    loader = trainer.train_dataloader
    if not isinstance(loader, DataLoader):
        raise TypeError(
            "a dataset that changes with the model has to be that of a single DataLoader, but "
            f"the training data are a {type(loader).__name__}"
        )
    return loader


def use_train_dataloader(trainer: Trainer, dataloader: Any) -> None:
    """Take the next batch from the beginning of ``dataloader``; the running epoch ends with it.

    :func:`begin_epoch` has to follow at the start of the next one.

    Args:
        trainer: The Trainer, between two batches of its training.
        dataloader: The dataloader.
    """
    loop = trainer.fit_loop
    # Private: Lightning itself changes dataloaders between epochs alone.
    combined, fetcher = loop._combined_loader, loop._data_fetcher
    assert combined is not None and fetcher is not None
    limit, length = trainer.limit_train_batches, len(dataloader)
    combined.flattened = [dataloader]
    combined.limits = [min(limit, length) if isinstance(limit, int) else int(limit * length)]
    iter(fetcher)
    done = 0 if trainer.is_last_batch else loop.epoch_loop.batch_progress.current.ready
    _expect(trainer, done + len(combined))


def begin_epoch(trainer: Trainer) -> None:
    """Count on as many batches as the dataloader has that was put in place.

    Args:
        trainer: The Trainer.
    """
    _expect(trainer, len(trainer.fit_loop._combined_loader))  # type: ignore[arg-type]


def _expect(trainer: Trainer, batches: int) -> None:
    trainer.fit_loop.max_batches = batches
    if isinstance(trainer.val_check_interval, float):
        trainer.val_check_batch = max(1, int(batches * trainer.val_check_interval))
