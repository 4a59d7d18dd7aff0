"""Optimizers and the states of them in a checkpoint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch.optim import Optimizer

from mmlight.bridge.sharding import load_optimizers

_WHAT_TO_DO = (
    "Take the optimizer of the run that wrote it, or begin a run with its weights alone: load_from "
    "without resume (Runner.resume goes on without it: resume_optimizer=False, "
    "resume_param_scheduler=False)"
)


def restore_optimizers(runner: Any, state: dict[str, Any]) -> None:
    """Give a run's optimizers their states of a checkpoint.

    Args:
        runner: The Runner, its optimizers built.
        state: What the checkpoint has under ``optimizer``.

    Raises:
        ValueError: If they are those of other optimizers.
    """
    try:
        load_optimizers(runner, state)
    except (KeyError, ValueError) as err:
        _refuse_other_settings(runner.optim_wrapper)
        what = f"no {err.args[0]!r}" if isinstance(err, KeyError) and err.args else str(err)
        kinds = " and ".join(type(one).__name__ for _, one in _each(runner.optim_wrapper))
        raise ValueError(
            f"the optimizer state of the checkpoint does not fit {kinds}: {what}. {_WHAT_TO_DO}"
        ) from err
    _refuse_other_settings(runner.optim_wrapper)


def _refuse_other_settings(wrapper: Any) -> None:
    """Refuse states that have left an optimizer without settings of its own.

    Asked once they are loaded: an optimizer fills in what older versions of it did not have.
    """
    for place, optimizer in _each(wrapper):
        for group in optimizer.param_groups:
            lost = [name for name in optimizer.defaults if name not in group]
            if lost:
                found = [name for name in group if name != "params"]
                raise ValueError(
                    f"the optimizer state of the checkpoint{place} does not fit "
                    f"{type(optimizer).__name__}: it lacks {', '.join(lost)}; it has "
                    f"{', '.join(found)}. {_WHAT_TO_DO}"
                )


def _each(wrapper: Any) -> Iterator[tuple[str, Optimizer]]:
    several = getattr(wrapper, "optim_wrappers", None)
    if several is None:
        yield "", wrapper.optimizer
        return
    for name, one in several.items():
        yield f" for {name!r}", one.optimizer
