"""Lightning's checkpoint plugin on top of the checkpoint files."""

from __future__ import annotations

import os
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.plugins.io import CheckpointIO

from mmlight.fileio import get_file_backend
from mmlight.fileio.checkpoint_file import read_checkpoint, write_checkpoint


class AtomicCheckpointIO(CheckpointIO):
    """Have a Trainer read and write its checkpoints atomically and safely.

    A file appears under its name only when it is complete, reading takes plain data alone unless
    asked otherwise, and checkpoints that MMEngine wrote can be read.

    Example:
        >>> import lightning.pytorch as L
        >>> trainer = L.Trainer(plugins=AtomicCheckpointIO(), logger=False, accelerator="cpu")
        >>> type(trainer.strategy.checkpoint_io).__name__
        'AtomicCheckpointIO'
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | os.PathLike[str], storage_options: Any = None
    ) -> None:
        """Write a checkpoint.

        Args:
            checkpoint: What to write.
            path: Path or URL of the file.
            storage_options: Arguments of the storage backend of a URL.

        Raises:
            OSError: If the file cannot be written; what was there before is untouched.
        """
        write_checkpoint(checkpoint, path, backend_args=storage_options)

    def load_checkpoint(
        self,
        path: str | os.PathLike[str],
        map_location: Any = "cpu",
        weights_only: bool | None = None,
    ) -> dict[str, Any]:
        """Read a checkpoint.

        Args:
            path: Path or URL of the file.
            map_location: Where tensors go, as for :func:`torch.load`.
            weights_only: False also reads types that can run code; only for files you trust.

        Raises:
            FileNotFoundError: If there is no such file.
            CheckpointFileError: If the file is damaged or holds more than plain data.
        """
        checkpoint = read_checkpoint(
            path, map_location=map_location, weights_only=weights_only is not False
        )
        if isinstance(checkpoint, dict) and "state_dict" in checkpoint:
            # One of MMEngine's has no version, and needs no migration.
            checkpoint.setdefault("pytorch-lightning_version", pl.__version__)
        return checkpoint

    def remove_checkpoint(self, path: str | os.PathLike[str]) -> None:
        """Remove a checkpoint, which may be a folder, if it is there."""
        backend = get_file_backend(os.fspath(path))
        if backend.isfile(path):
            backend.remove(path)
        elif backend.isdir(path):
            backend.rmtree(path)
