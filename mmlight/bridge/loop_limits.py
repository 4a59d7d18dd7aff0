"""Limits of a Trainer that a loop of the user's cannot obey, since it decides for itself."""

from __future__ import annotations

from typing import Any

from mmlight.registry import LOOPS, DefaultScope, root_config

_IN_EPOCH = ("fast_dev_run", "overfit_batches", "limit_train_batches", "max_steps")
_IN_RUN = (
    "min_steps",
    "min_epochs",
    "check_val_every_n_epoch",
    "reload_dataloaders_every_n_epochs",
)
_NOTHING_ASKED: dict[str, tuple[Any, ...]] = {
    "fast_dev_run": (False, 0),
    "limit_train_batches": (1.0,),
    "limit_val_batches": (1.0,),
    "limit_test_batches": (1.0,),
    "overfit_batches": (0.0, 0),
    "max_steps": (-1,),
    "min_steps": (None,),
    "min_epochs": (None,),
    "val_check_interval": (1.0,),
    "check_val_every_n_epoch": (1,),
    "reload_dataloaders_every_n_epochs": (0,),
}
"""Lightning's defaults."""


def refuse_limits(trainer: Any, runner: Any) -> None:
    """Refuse limits that a loop of the user's would not look at.

    Such a loop has a ``run`` of its own, or a ``run_epoch``. One that calls ``super()`` there only
    adds to ours, which obeys.

    Args:
        trainer: A Trainer as its user made it.
        runner: The Runner, whose loops may be configs.

    Raises:
        ValueError: If the Trainer has such a limit.
    """
    for mode in ("train", "val", "test"):
        loop = getattr(runner, f"_{mode}_loop")
        kind = _kind_of(loop, runner)
        if kind is None:
            continue
        method, names = _own_method(kind, mode)
        for name in names:
            # A Trainer that was given an interval in time has no `val_check_interval`.
            value = getattr(trainer, name, "a time")
            # 1 and 1.0 are not the same limit.
            if (type(value), value) not in [(type(one), one) for one in _NOTHING_ASKED[name]]:
                raise ValueError(
                    f"Trainer({name}={value!r}) (config key: trainer.{name}) cannot be obeyed, "
                    f"since {kind.__name__}.{method} decides by itself what it runs: leave it out, "
                    f"or let {kind.__name__} override run_iter alone"
                )
        if mode == "train" and method == "run":
            _refuse_other_extent(trainer, kind, loop)


def _refuse_other_extent(trainer: Any, kind: type, loop: Any) -> None:
    own = loop.get("max_epochs", 1) if isinstance(loop, dict) else getattr(loop, "max_epochs", 1)
    if trainer.max_epochs not in (None, own):
        raise ValueError(
            f"Trainer(max_epochs={trainer.max_epochs!r}) (config key: trainer.max_epochs) cannot "
            f"be obeyed, since {kind.__name__}.run decides by itself how long it trains: set it in "
            "train_cfg"
        )


def _kind_of(loop: Any, runner: Any) -> type | None:
    """Return the class of a loop that is named by its type; None for the documented ones."""
    if not isinstance(loop, dict):
        return None if loop is None else type(loop)
    kind = loop.get("type")
    if isinstance(kind, str):
        with (
            root_config(runner.cfg),
            DefaultScope.overwrite_default_scope(runner.cfg.get("default_scope")),
        ):
            kind = LOOPS.get(kind)
    return kind if isinstance(kind, type) else None


def _own_method(kind: type, mode: str) -> tuple[str, tuple[str, ...]]:
    """Return the method in which a loop decides for itself, and the limits that it passes over."""
    if mode != "train":
        limits = ("fast_dev_run", f"limit_{mode}_batches")
        return ("run", limits) if _replaces(kind, "run") else ("", ())
    if _replaces(kind, "run"):
        return "run", (*_IN_EPOCH, "val_check_interval", *_IN_RUN)
    if _replaces(kind, "run_epoch"):
        return "run_epoch", (*_IN_EPOCH, "val_check_interval")
    return "", ()


def _replaces(kind: type, method: str) -> bool:
    owner = next((one for one in kind.__mro__ if method in vars(one)), None)
    if owner is None or owner.__module__.split(".")[0] == __name__.split(".")[0]:
        return False
    code = getattr(vars(owner)[method], "__code__", None)
    return code is None or "__class__" not in code.co_freevars  # which `super()` needs
