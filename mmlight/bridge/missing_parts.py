"""What a run has and the checkpoint that it goes on from does not: these parts begin anew."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lightning.pytorch import Callback

from mmlight.bridge.callbacks import callbacks_of

_OURS_ALONE = (
    "what files of mmlight alone hold: the random states, those of data workers, the gradients of "
    "an accumulation that was not over, the states of callbacks"
)
_HISTORY = "the log history and the best scores so far (message_hub)"
_LIGHT = ("callbacks", "lr_schedulers", "optimizer_states")


def warn_of_missing_parts(
    runner: Any, checkpoint: dict[str, Any], optimizers: bool = True, schedulers: bool = True
) -> None:
    """Name in one warning all parts of a Runner that a checkpoint lacks.

    Args:
        runner: The Runner, resumed.
        checkpoint: The checkpoint.
        optimizers: Whether the optimizers were to be restored.
        schedulers: Whether the schedulers were to be restored.
    """
    missing: list[str] = []
    if optimizers:
        missing += _optimizers(runner.optim_wrapper, checkpoint.get("optimizer"))
    if schedulers and runner.param_schedulers:
        states = checkpoint.get("param_schedulers")
        pairs = paired_with_states(runner.param_schedulers, states)
        missing += [f"{key} ({_kind(one)})" for key, one, state in pairs if state is None]
    missing += _hooks_and_history(runner, checkpoint)
    exact = checkpoint.get("mmlight")
    if exact is None:
        missing.append(_OURS_ALONE)
    else:
        missing += _callbacks(runner, checkpoint)
        stream = getattr(runner.train_loop, "stream", None)
        if exact.get("loader") is None and hasattr(stream, "state_dict"):
            missing.append("the order of the data")
    _warn(runner, missing)


def warn_of_missing_parts_in_trainer(face: Any, outline: dict[str, Any]) -> None:
    """Do the same for a Trainer and a LightningModule that know nothing of mmlight.

    Args:
        face: The face of the Trainer, its training about to begin.
        outline: What :func:`outline` returned.
    """
    trainer = face.trainer
    missing: list[str] = []
    for key, parts in (
        ("optimizer_states", trainer.optimizers),
        ("lr_schedulers", [config.scheduler for config in trainer.lr_scheduler_configs]),
    ):
        saved = len(outline.get(key, ()))
        missing += [f"{key}[{saved + i}] ({_kind(one)})" for i, one in enumerate(parts[saved:])]
    missing += [f"the average {name}" for name in outline["without"]]
    missing += _hooks_and_history(face, outline)
    missing += _callbacks(face, outline)
    _warn(face, missing)


def outline(checkpoint: dict[str, Any], without: list[str]) -> dict[str, Any]:
    """Return what a checkpoint has, and nothing heavy, for a Trainer that is not set up yet.

    Args:
        checkpoint: The checkpoint.
        without: Names of networks of hooks that it has no weights for.
    """
    kept: dict[str, Any] = dict.fromkeys(checkpoint, True)
    kept.update({key: list(checkpoint[key]) for key in _LIGHT if key in checkpoint})
    kept["optimizer_states"] = [True] * len(kept.get("optimizer_states", ()))
    return {**kept, "without": without}


def paired_with_states(schedulers: Any, states: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield the config key of each scheduler, the scheduler, and its saved state or None.

    Args:
        schedulers: The schedulers of a run: a list, or a dict of lists.
        states: What a checkpoint has of them.
    """
    several = isinstance(schedulers, dict) and "type" not in schedulers
    groups = schedulers.items() if several else [(None, schedulers)]
    for name, group in groups:
        key = "param_scheduler" if name is None else f"param_scheduler[{name!r}]"
        if name is not None:
            saved = states.get(name, ()) if isinstance(states, dict) else ()
        else:
            saved = states if isinstance(states, list | tuple) else ()
        for index, scheduler in enumerate(group if isinstance(group, list | tuple) else [group]):
            yield f"{key}[{index}]", scheduler, saved[index] if index < len(saved) else None


def _optimizers(wrapper: Any, saved: Any) -> list[str]:
    if wrapper is None:
        return []
    if saved is None:
        return ["the optimizer (optim_wrapper), with the config's learning rate"]
    names = getattr(wrapper, "optim_wrappers", {})
    return [f"the optimizer optim_wrapper.{name}" for name in names if name not in saved]


def _hooks_and_history(face: Any, checkpoint: dict[str, Any]) -> Iterator[str]:
    for hook in face.hooks:
        if hasattr(hook, "missing_parts"):
            yield from hook.missing_parts(face, checkpoint)
    if "message_hub" not in checkpoint:
        yield _HISTORY


def _callbacks(face: Any, checkpoint: dict[str, Any]) -> Iterator[str]:
    saved = checkpoint.get("callbacks", ())
    for callback in callbacks_of(face.trainer):
        has_state = type(callback).state_dict is not Callback.state_dict
        if has_state and callback.state_key not in saved:
            yield f"the state of {_kind(callback)}"


def _kind(part: Any) -> str:
    return str(part["type"]) if isinstance(part, dict) else type(part).__name__


def _warn(face: Any, missing: list[str]) -> None:
    if missing:
        face.logger.warning(f"The checkpoint lacks, so that it begins anew: {'; '.join(missing)}.")
