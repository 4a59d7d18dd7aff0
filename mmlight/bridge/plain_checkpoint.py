"""Checkpoints of a Trainer and a LightningModule that know nothing of mmlight.

They are what Lightning itself would have written, with the documented keys beside Lightning's own:
those that :class:`~mmlight.hooks.CheckpointHook` writes, and those of a ``ModelCheckpoint`` too. A
hook goes on from either kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.trainer.states import TrainerFn

from mmlight.bridge.added import put_back, take_out
from mmlight.bridge.checkpoint import (
    check_meta,
    exact_state,
    make_meta,
    on_host,
    progress_state,
    states_of_training,
)
from mmlight.bridge.missing_parts import outline
from mmlight.bridge.progress import LoopProgress
from mmlight.fileio.checkpoint_file import write_checkpoint


@dataclass
class Wanted:
    """What a checkpoint shall hold; the defaults are those of a file of the Trainer's."""

    save_optimizer: bool = True
    save_param_scheduler: bool = True
    meta: dict[str, Any] | None = None
    by_epoch: bool = False

    def __post_init__(self) -> None:
        check_meta(self.meta)


def save_plain_checkpoint(
    face: Any, path: str | Path, wanted: Wanted, backend_args: dict[str, Any] | None = None
) -> None:
    """Write a checkpoint.

    Args:
        face: The face of the Trainer.
        path: Path or URL.
        wanted: What to write.
        backend_args: Arguments of the storage backend.
    """
    trainer: Trainer = face.trainer
    face.wanted = wanted
    try:
        # Private: `Trainer.save_checkpoint` writes at once, and always everything.
        checkpoint = trainer._checkpoint_connector.dump_checkpoint(weights_only=False)
    finally:
        face.wanted = Wanted()
    on_host(checkpoint["state_dict"], face.rank)
    state = checkpoint["loops"]["fit_loop"]
    state.update(progress_state(checkpoint["mmlight"]["position"]))
    _settle_steps(state, trainer, face.progress)
    if not wanted.save_optimizer:
        del checkpoint["optimizer_states"]
    if not wanted.save_param_scheduler:
        checkpoint["lr_schedulers"] = []
    if face.rank == 0:
        write_checkpoint(checkpoint, path, backend_args=backend_args)
    trainer.strategy.barrier("save_checkpoint")


def _settle_steps(state: dict[str, Any], trainer: Trainer, progress: LoopProgress) -> None:
    """Count the step of a batch that is over for the hooks, but not yet for Lightning's loop."""
    in_validation = trainer.state.fn == TrainerFn.FITTING and trainer.validating
    if progress.in_batch or progress.batch_is_over or in_validation:
        epoch_loop = trainer.fit_loop.epoch_loop
        # Private: Lightning adds this one when it reads a file that was written in mid-batch.
        stepped = epoch_loop._batches_that_stepped + (not epoch_loop._should_accumulate())
        state["epoch_loop.state_dict"] = {"_batches_that_stepped": stepped}


def share_checkpoints(module: LightningModule, face: Any) -> None:
    """Let hooks take part when ``module`` is saved and before it takes weights from a checkpoint.

    Args:
        module: The module.
        face: The face of its Trainer.
    """
    # Of a module that was trained before, what an earlier run has put there goes.
    save = getattr(module.on_save_checkpoint, "own", module.on_save_checkpoint)
    load = getattr(module.on_load_checkpoint, "own", module.on_load_checkpoint)

    def save_with_hooks(checkpoint: dict[str, Any]) -> None:
        # After a training, or an error in it, as long as the module stays with its Trainer.
        if face.current_run.is_executing or module.trainer is face.trainer:
            if "callbacks" in checkpoint:  # a file of weights alone stays one
                _complete(checkpoint, face)
            face.call_hook("before_save_checkpoint", checkpoint=checkpoint)
            take_out(checkpoint, module)
        save(checkpoint)

    def load_with_hooks(checkpoint: dict[str, Any]) -> None:
        if face.current_run.is_executing:
            without = put_back(checkpoint, module)
            if face.trainer.state.fn == TrainerFn.FITTING:
                face.resumed_from = outline(checkpoint, without)
                if "message_hub" in checkpoint:
                    face.message_hub.load_state_dict(checkpoint["message_hub"])
            face.call_hook("after_load_checkpoint", checkpoint=checkpoint)
        load(checkpoint)

    save_with_hooks.own = save  # type: ignore[attr-defined]
    load_with_hooks.own = load  # type: ignore[attr-defined]
    # A callback is asked before a module has its say, not at all for a file of weights alone, and
    # is shown a checkpoint only after the weights are loaded.
    module.on_save_checkpoint = save_with_hooks  # type: ignore[method-assign]
    module.on_load_checkpoint = load_with_hooks  # type: ignore[method-assign]


def _complete(checkpoint: dict[str, Any], face: Any) -> None:
    """Add the documented keys to what Lightning has collected."""
    wanted: Wanted = face.wanted
    checkpoint.update(states_of_training(face, wanted.save_optimizer, wanted.save_param_scheduler))
    checkpoint["mmlight"] = exact_state(face)
    position = checkpoint["mmlight"]["position"]
    checkpoint["meta"] = {**make_meta(face, position, wanted.by_epoch), **(wanted.meta or {})}
