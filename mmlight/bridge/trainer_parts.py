"""The objects in a config's ``trainer``: callbacks, loggers, plugins, a profiler, a strategy."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

from lightning.pytorch import Callback
from lightning.pytorch.loggers import Logger
from lightning.pytorch.plugins import CheckpointIO, ClusterEnvironment, LayerSync, Precision
from lightning.pytorch.profilers import Profiler
from lightning.pytorch.strategies import Strategy

from mmlight.registry import HOOKS, STRATEGIES, VISBACKENDS, Registry, resolve_type
from mmlight.registry.place import section

_OTHERS = Registry("trainer part", scope="mmlight")  # knows dotted names alone


@dataclass(frozen=True)
class _Part:
    kinds: tuple[type, ...]
    home: str
    registry: Registry = _OTHERS
    several: bool = False
    plain: tuple[type, ...] = ()


_PARTS = {
    "callbacks": _Part((Callback,), "lightning.pytorch.callbacks", HOOKS, several=True),
    "logger": _Part((Logger,), "lightning.pytorch.loggers", VISBACKENDS, True, plain=(bool,)),
    "plugins": _Part(
        (Precision, CheckpointIO, ClusterEnvironment, LayerSync),
        "lightning.pytorch.plugins",
        several=True,
    ),
    "profiler": _Part((Profiler,), "lightning.pytorch.profilers", plain=(str,)),
    "strategy": _Part((Strategy,), "lightning.pytorch.strategies", STRATEGIES, plain=(str,)),
}


def build_parts(given: dict[str, Any]) -> dict[str, Any]:
    """Build what a config describes by ``dict(type=...)`` among the arguments of a Trainer.

    Args:
        given: Arguments of a Trainer. ``callbacks``, ``logger`` and ``plugins`` may be one or a
            list of them; objects stay what they are.

    Returns:
        dict: The arguments, callbacks and plugins as lists.

    Raises:
        KeyError: If a ``type`` is not known.
        TypeError: If something is not what its key is for.

    Example:
        >>> built = build_parts({"callbacks": {"type": "lightning.pytorch.callbacks.Timer"}})
        >>> type(built["callbacks"][0]).__name__
        'Timer'
    """
    built = dict(given)
    for name, part in _PARTS.items():
        value = built.get(name)
        if value is None or isinstance(value, part.plain):
            continue
        if not part.several:
            with section("trainer", name):
                built[name] = _build(name, part, value)
            continue
        built[name] = []
        for index, one in enumerate(listed(value)):
            is_listed = isinstance(value, list | tuple)
            with section("trainer", name, *([index] if is_listed else [])):
                built[name].append(_build(name, part, one))
    return built


def listed(value: Any) -> list[Any]:
    """Return the items of what may be None, one object or several."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _build(name: str, part: _Part, value: Any) -> Any:
    if isinstance(value, dict):
        value = _from_config(name, part, value)
    if not isinstance(value, part.kinds):
        kinds = " or ".join(kind.__name__ for kind in part.kinds)
        raise TypeError(
            f"trainer.{name} takes a {kinds} of lightning.pytorch, or a dict(type=...) of one, "
            f"but found {value!r}"
        )
    return value


def _from_config(name: str, part: _Part, cfg: dict[str, Any]) -> Any:
    kind = cfg.get("type")
    if kind is None:
        raise KeyError(f"trainer.{name} needs a dict with a `type`, but got {cfg!r}")
    found = resolve_type(cfg, part.registry)
    if (
        isinstance(kind, str)
        # A strategy of `mmlight._strategy` may have the name of Lightning's.
        and (found is None or (isinstance(found, type) and not issubclass(found, part.kinds)))
        and isinstance(getattr(importlib.import_module(part.home), kind, None), type)
    ):
        raise KeyError(
            f"Lightning's {kind} is not registered: give its import path, "
            f"type='{part.home}.{kind}' (config key: trainer.{name})"
        )
    if found is None and str in part.plain and "." not in str(kind):
        raise KeyError(
            f"trainer.{name} knows no class {kind!r}: what Lightning has a name for stands there "
            f"without a dict, {name}={kind!r}, and a class under its import path"
        )
    args = {**cfg}
    priority = args.pop("priority", None)
    built = part.registry.build(args)
    if priority is not None:
        if not hasattr(built, "priority"):
            raise TypeError(f"{kind} is no hook and has no priority (config key: trainer.{name})")
        built.priority = priority
    return built
