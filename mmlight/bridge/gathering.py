"""The hooks among the callbacks of a Trainer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from lightning.pytorch import Callback, Trainer

from mmlight.bridge.callbacks import callbacks_of
from mmlight.registry import HOOKS


def gather_hooks(trainer: Trainer, before: Callback) -> list[Any]:
    """Find the hooks of a Trainer; those that they read from are added where they are missing.

    Args:
        trainer: The Trainer.
        before: The callback in front of which the new ones have their place.

    Returns:
        list: All hooks, in the order of the callbacks.
    """
    callbacks = callbacks_of(trainer)
    hooks: list[Any] = list(filter(_is_hook, callbacks))
    for name in dict.fromkeys(name for hook in hooks for name in hook.companions):
        companion = HOOKS.build({"type": name})
        if not any(isinstance(hook, type(companion)) for hook in hooks):
            hooks.append(companion)
            callbacks.insert(callbacks.index(before), companion)
    number_states(callbacks)
    return hooks


def number_states(callbacks: Iterable[Any]) -> None:
    """Tell hooks of one class apart, by whose keys a checkpoint keeps their states.

    Args:
        callbacks: All callbacks of a Trainer, in the same order whenever it is built.
    """
    seen: Counter[str] = Counter()
    for callback in filter(_is_hook, callbacks):
        name = type(callback).__qualname__
        callback.state_number = seen[name]
        seen[name] += 1


def _is_hook(callback: Any) -> bool:
    return hasattr(callback, "get_triggered_stages")
