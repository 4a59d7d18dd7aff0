"""Put a Trainer where a checkpoint was written."""

from __future__ import annotations

import math
from typing import Any

from lightning.pytorch import Trainer
from lightning.pytorch.trainer import call

from mmlight.bridge.rng import rng_state


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


def go_on_among_others(runner: Any, position: dict[str, Any], written_by: int) -> dict[str, Any]:
    """Return where a run of another number of processes stands, for the loop of this one.

    The processes of both together take the same samples in the same order, so the data go on behind
    those that are done, but for the rest of a batch.

    Args:
        runner: The Runner, its training loop built.
        position: What the checkpoint says.
        written_by: Number of processes that wrote it.
    """
    loop = runner.train_loop
    done = position["batch_in_epoch"] if loop.by_epoch else position["iter"]
    done = math.ceil(done * written_by / runner.world_size)
    if loop.by_epoch:
        done = min(done, runner.schedule.batches)
        over = position["phase"] == "epoch"
        runner.schedule.count_on(position["iter"], position["epoch"] + over, 0 if over else done)
        loader = {**loop.stream.state_dict(), "taken": done}
    else:
        loop.stream.seek(done)
        loader = loop.stream.state_dict()
    return {
        "position": {**position, "batch_in_epoch": done},
        "rng": rng_state(),
        "loader": loader,
    }


def restore_callbacks(trainer: Trainer, checkpoint: dict[str, Any]) -> None:
    """Give the Trainer's callbacks the states that they had saved."""
    # The public way is a whole `Trainer.fit(ckpt_path=...)`, which would read the file again.
    call._call_callbacks_load_state_dict(trainer, checkpoint)
