"""The parameter schedulers that a LightningModule's ``configure_optimizers`` returns."""

from __future__ import annotations

import warnings
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.core import optimizer as configuration

from mmlight.optim.optimizer.base import BaseOptimWrapper
from mmlight.optim.scheduler.base_scheduler import _ParamScheduler


def follow_by_epoch() -> None:
    """Have Lightning step schedulers of ours when their own ``by_epoch`` says so.

    Without an ``interval`` Lightning steps a scheduler after each epoch, whatever it is. It asks
    the scheduler for nothing, so what a module returned is completed on its way in.
    """
    # Private, but the one place that sees all that configure_optimizers may return about
    # schedulers before defaults are filled in; schedulers of others pass through unchanged.
    configuration._configure_schedulers_automatic_opt = _of_automatic_optimization
    configuration._configure_schedulers_manual_opt = _of_manual_optimization


_automatic = configuration._configure_schedulers_automatic_opt
_manual = configuration._configure_schedulers_manual_opt


def _of_automatic_optimization(schedulers: list[Any], monitor: str | None) -> list[Any]:
    return _automatic([_with_metric(_with_interval(one), monitor) for one in schedulers], monitor)


def _of_manual_optimization(schedulers: list[Any]) -> list[Any]:
    return _manual([_with_interval(one) for one in schedulers])


def _with_interval(entry: Any) -> Any:
    config = dict(entry) if isinstance(entry, dict) else {"scheduler": entry}
    scheduler = config.get("scheduler")
    if not isinstance(scheduler, _ParamScheduler):
        return entry
    if not _waits_for_metric(scheduler):
        natural = "epoch" if scheduler.by_epoch else "step"
        if config.setdefault("interval", natural) == "epoch" and natural == "step":
            warnings.warn(
                f"{type(scheduler).__name__}(by_epoch=False) counts iterations, but steps once an "
                "epoch because of the interval='epoch' beside it: leave interval out",
                stacklevel=2,
            )
    return config


def _with_metric(entry: Any, monitor: str | None) -> Any:
    scheduler = entry.get("scheduler") if isinstance(entry, dict) else None
    if not isinstance(scheduler, _ParamScheduler) or not _waits_for_metric(scheduler):
        return entry
    monitor = entry.get("monitor") or monitor or scheduler.monitor  # type: ignore[attr-defined]
    if monitor is None:
        name = type(scheduler).__name__
        raise ValueError(
            f"{name} has no metric to watch: give it one that the module logs, as in "
            f"{name}(optimizer, monitor='val_loss'), or put a monitor beside it in the dict that "
            "configure_optimizers returns"
        )
    if not scheduler.by_epoch:
        # The metric comes once an epoch; `begin` and `end` count iterations.
        optimizer = scheduler.optimizer
        bare = optimizer.optimizer if isinstance(optimizer, BaseOptimWrapper) else optimizer
        bare.register_step_post_hook(lambda *_: scheduler.step())
    return {"reduce_on_plateau": True, **entry, "monitor": monitor}


def _waits_for_metric(scheduler: _ParamScheduler) -> bool:
    return hasattr(scheduler, "need_val_args")


def left_to_hooks(trainer: Trainer) -> list[Any] | None:
    """Return the schedulers that Lightning keeps but leaves to others to step; None for none.

    Args:
        trainer: The Trainer.
    """
    if trainer.lightning_module.automatic_optimization:
        return None
    found = [config.scheduler for config in trainer.lr_scheduler_configs]
    return [one for one in found if isinstance(one, _ParamScheduler)] or None


def why_none_is_left(trainer: Trainer) -> str | None:
    """Tell why there is no scheduler that a hook could step; None where Lightning steps some.

    Args:
        trainer: The Trainer.
    """
    module = trainer.lightning_module
    if module.automatic_optimization and trainer.lr_scheduler_configs:
        return None
    kept = _kept_aside(module)
    if kept:
        return f"{type(module).__name__} keeps {', '.join(kept)} without returning it"
    return f"{type(module).__name__}.configure_optimizers returns no parameter scheduler of mmlight"


def _kept_aside(module: LightningModule) -> list[str]:
    """Names of the module's own attributes that hold schedulers."""
    names = []
    for name, value in vars(module).items():
        values = value.values() if isinstance(value, dict) else value
        several = isinstance(values, list | tuple | type({}.values()))
        if any(isinstance(one, _ParamScheduler) for one in (values if several else [value])):
            names.append(f"self.{name}")
    return names
