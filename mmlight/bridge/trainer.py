"""Build the Lightning Trainer that a config describes."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.accelerators import CPUAccelerator, CUDAAccelerator, MPSAccelerator
from lightning.pytorch.callbacks import Checkpoint, ProgressBar
from lightning.pytorch.plugins import CheckpointIO, ClusterEnvironment
from lightning.pytorch.strategies import Strategy

from mmlight.bridge.checkpoint_io import AtomicCheckpointIO
from mmlight.bridge.processes import (
    LaunchedProcesses,
    model_wrapper_strategy,
    processes_per_machine,
)
from mmlight.bridge.progress_bar import RunnerProgressBar
from mmlight.bridge.schedule import documented
from mmlight.bridge.sharded_strategies import refuse_deepspeed
from mmlight.bridge.trainer_arguments import check_arguments, check_callbacks
from mmlight.bridge.trainer_parts import listed
from mmlight.dist import get_world_size

_ACCELERATORS = (CPUAccelerator, CUDAAccelerator, MPSAccelerator)


def derived_kwargs(runner: Any) -> dict[str, Any]:
    """Return the Trainer arguments that follow from a config, the user's ``trainer`` aside.

    Args:
        runner: The Runner built from the config.
    """
    kwargs: dict[str, Any] = {
        "default_root_dir": runner.work_dir,
        "callbacks": list(runner.lightning_callbacks),
        "plugins": [AtomicCheckpointIO()],
        "logger": False,
        "enable_checkpointing": False,
        "enable_model_summary": False,
        "num_sanity_val_steps": 0,
        "use_distributed_sampler": False,
        "inference_mode": False,
    }
    kwargs["accelerator"] = "gpu" if torch.cuda.is_available() else "cpu"
    kwargs["devices"] = 1
    if get_world_size() > 1:
        kwargs["devices"] = processes_per_machine()
        kwargs["num_nodes"] = get_world_size() // processes_per_machine()
        kwargs["plugins"].append(LaunchedProcesses())
    kwargs["max_epochs"] = documented(runner.train_cfg).get("max_epochs", 1)
    kwargs["log_every_n_steps"] = runner.log_interval
    return kwargs


def trainer_kwargs(runner: Any) -> dict[str, Any]:
    """Return all arguments of a Trainer that a config describes.

    Args:
        runner: The Runner built from the config.

    Returns:
        dict: What follows from the config, and its ``trainer`` over that.
    """
    return join_arguments(derived_kwargs(runner), runner.trainer_arguments)


def build_trainer(runner: Any) -> Trainer:
    """Build the Runner's Trainer, ``runner.cfg.trainer`` over everything derived.

    Raises:
        TypeError: If ``trainer`` has a key that ``lightning.pytorch.Trainer`` does not take.
        ValueError: If an argument cannot be obeyed, or its strategy would start processes after
            the Runner has built its parts.
    """
    kwargs, given = derived_kwargs(runner), runner.trainer_arguments
    refuse_deepspeed(given.get("strategy"))
    trainer = make_trainer(kwargs, **given)
    strategy = model_wrapper_strategy(trainer, given.get("strategy", "auto"))
    return trainer if strategy is None else make_trainer(kwargs, **{**given, "strategy": strategy})


def make_trainer(kwargs: dict[str, Any], **more: Any) -> Trainer:
    """Build a Trainer from two sets of arguments, joined by :func:`join_arguments`.

    Unless there is a progress bar already, or none is wanted, it has the one that shows what was
    logged last: on a terminal and in a notebook, with ``enable_progress_bar=True`` anywhere.

    Args:
        kwargs: Arguments that follow from a config.
        **more: The user's own.

    Example:
        >>> from lightning.pytorch.callbacks import DeviceStatsMonitor, Timer
        >>> trainer = make_trainer(
        ...     {"callbacks": [Timer()], "logger": False, "accelerator": "cpu"},
        ...     callbacks=[DeviceStatsMonitor()], enable_checkpointing=False)
        >>> [type(callback).__name__ for callback in trainer.callbacks][:3]
        ['Timer', 'DeviceStatsMonitor', 'RunnerProgressBar']
    """
    joined = join_arguments(kwargs, more)
    callbacks = joined["callbacks"]
    asked = joined.get("enable_progress_bar")
    if asked is not False and not _any(callbacks, ProgressBar):
        callbacks.append(RunnerProgressBar(everywhere=asked is True))
    with _quiet():
        return Trainer(**joined)


def join_arguments(kwargs: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Lay the user's arguments of a Trainer over those that follow from a config.

    Lists of callbacks, plugins and loggers are joined. A plugin of the user's takes the place of
    ours of the same kind, and so does what a strategy object brings with it.

    Args:
        kwargs: Arguments that follow from a config.
        more: What the user wrote.

    Raises:
        TypeError: If ``more`` has what no Trainer takes.
        ValueError: If an argument cannot be obeyed, or contradicts another.
    """
    check_arguments(more)
    callbacks = listed(kwargs.get("callbacks")) + listed(more.get("callbacks"))
    check_callbacks(map(type, callbacks), more)
    joined = {**kwargs, **more, "callbacks": callbacks}
    if _any(callbacks, Checkpoint):
        joined["enable_checkpointing"] = True
    joined["logger"] = _join_loggers(kwargs.get("logger"), more.get("logger"))
    ours, own = listed(kwargs.get("plugins")), listed(more.get("plugins"))
    joined["plugins"] = _not_replaced(ours, own) + own
    if isinstance(joined.get("strategy"), Strategy):
        joined.update(_beside(joined["strategy"], joined))
    return joined


def _not_replaced(ours: list[Any], own: list[Any]) -> list[Any]:
    replaceable = {AtomicCheckpointIO: CheckpointIO, LaunchedProcesses: ClusterEnvironment}
    return [plugin for plugin in ours if not _any(own, replaceable.get(type(plugin), ()))]


def _beside(strategy: Any, joined: dict[str, Any]) -> dict[str, Any]:
    """Leave out what a strategy object already has, from its user or from an earlier Trainer.

    Lightning refuses to be told twice, even the same. ``mmlight.from_config`` makes a Trainer
    before the user's own has its turn with the same object.
    """
    # Private: the public properties of these names make a plugin where there is none.
    had = [strategy._checkpoint_io, strategy._precision_plugin]
    had.append(getattr(strategy, "cluster_environment", None))
    new = [plugin for plugin in joined["plugins"] if all(plugin is not one for one in had)]
    beside: dict[str, Any] = {"plugins": _not_replaced(new, had)}
    accelerator = strategy.accelerator
    name = accelerator.name() if type(accelerator) in _ACCELERATORS else "auto"
    if accelerator is not None and joined.get("accelerator", "auto") in ("auto", "gpu", name):
        beside["accelerator"] = name
        if name != "auto":  # told by its name instead: devices beside an object are refused, too
            strategy.accelerator = None
    return beside


def _join_loggers(ours: Any, own: Any) -> Any:
    if own is None or own is False or not ours:
        return ours if own is None else own
    if own is True or ours is True:
        raise ValueError(
            "logger=True, Lightning's default logger, cannot stand beside others: give that "
            "logger as an object (config key: trainer.logger)"
        )
    return listed(ours) + listed(own)


def _any(values: list[Any], kind: Any) -> bool:
    return any(isinstance(value, kind) for value in values)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Leave out Lightning's lines about devices that are not used."""
    logger = logging.getLogger("lightning.pytorch.utilities.rank_zero")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
