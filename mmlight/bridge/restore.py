"""Put a Trainer where a checkpoint was written."""

from __future__ import annotations

from typing import Any

from lightning.pytorch import Trainer
from lightning.pytorch.trainer import call


def restore_progress(runner: Any, checkpoint: dict[str, Any]) -> None:
    """Let ``runner`` count iterations and epochs from where the checkpoint stands.

    mmlight's own checkpoints say it exactly, MMEngine's under ``meta``, Lightning's as
    ``global_step`` and ``epoch``. A loop that counts for itself needs no more than ``meta``.

    Raises:
        ValueError: If the checkpoint has none of them.
    """
    loop = runner.train_loop
    if "mmlight" in checkpoint and hasattr(loop, "stream"):
        position = checkpoint["mmlight"]["position"]
        runner.progress.iter = position["iter"]
        if loop.by_epoch:
            loop._epoch = position["epoch"] + (position["phase"] == "epoch")
        return
    meta = checkpoint.get("meta", {})
    if "iter" in meta:
        loop._iter, loop._epoch = meta["iter"], meta["epoch"]
    elif "global_step" in checkpoint:
        loop._iter, loop._epoch = checkpoint["global_step"], checkpoint["epoch"]
    else:
        raise ValueError(
            "this checkpoint says neither in meta['iter'] nor in global_step how far its run had "
            "come, so it can be loaded (load_from) but not resumed"
        )


def restore_callbacks(trainer: Trainer, checkpoint: dict[str, Any]) -> None:
    """Give the Trainer's callbacks the states that they had saved."""
    # The public way is a whole `Trainer.fit(ckpt_path=...)`, which would read the file again.
    call._call_callbacks_load_state_dict(trainer, checkpoint)
