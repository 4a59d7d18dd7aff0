"""Build the Lightning Trainer that a config describes."""

from __future__ import annotations

import contextlib
import inspect
import logging
from collections.abc import Iterator
from typing import Any

import torch
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import ProgressBar

from mmlight.bridge.checkpoint_io import AtomicCheckpointIO
from mmlight.bridge.processes import (
    LaunchedProcesses,
    model_wrapper_strategy,
    processes_per_machine,
)
from mmlight.bridge.progress_bar import RunnerProgressBar
from mmlight.dist import get_world_size
from mmlight.registry.diagnostics import did_you_mean


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
    kwargs.update(_extent(runner.cfg.get("train_cfg")))
    return kwargs


def _extent(train_cfg: Any) -> dict[str, Any]:
    if isinstance(train_cfg, dict) and "max_epochs" in train_cfg:
        return {"max_epochs": train_cfg["max_epochs"]}
    return {"max_epochs": 1}


def build_trainer(runner: Any) -> Trainer:
    """Build the Runner's Trainer, ``runner.cfg.trainer`` over everything derived.

    Raises:
        TypeError: If ``trainer`` has a key that ``lightning.pytorch.Trainer`` does not take.
        ValueError: If its strategy would start processes after the Runner has built its parts.
    """
    kwargs = derived_kwargs(runner)
    given = dict(runner.cfg.get("trainer") or {})
    _check_arguments(given)
    callbacks = kwargs.pop("callbacks") + _listed(given.pop("callbacks", None))
    plugins = kwargs.pop("plugins") + _listed(given.pop("plugins", None))
    kwargs.update(given)
    if kwargs.get("enable_progress_bar", True) and not _has_progress_bar(callbacks):
        callbacks.append(RunnerProgressBar())
    kwargs.update(callbacks=callbacks, plugins=plugins)
    with _quiet():
        trainer = Trainer(**kwargs)
        strategy = model_wrapper_strategy(trainer, kwargs.get("strategy", "auto"))
        return trainer if strategy is None else Trainer(**{**kwargs, "strategy": strategy})


def _has_progress_bar(callbacks: list[Callback]) -> bool:
    return any(isinstance(callback, ProgressBar) for callback in callbacks)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _check_arguments(given: dict[str, Any]) -> None:
    known = inspect.signature(Trainer.__init__).parameters
    for name in given:
        if name not in known:
            raise TypeError(
                f"lightning.pytorch.Trainer has no argument {name!r} (config key: trainer.{name})"
                f"{did_you_mean(name, known)}"
            )


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
