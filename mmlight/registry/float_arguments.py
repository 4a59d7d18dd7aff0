"""Optimizers from configs that write 0 where 0.0 is meant, which torch refuses in some places."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

from .build_functions import build_from_cfg, resolve_type
from .registry import Registry


def build_optimizer_from_cfg(cfg: Any, registry: Registry, default_args: Any = None) -> Any:
    """Build an optimizer, with floats for the integers of its config that stand for floats.

    Args:
        cfg (dict or ConfigDict or Config): Config of the optimizer; the settings of its
            parameter groups are changed in the same way.
        registry (Registry): Registry to look the type up in.
        default_args (dict or ConfigDict or Config, optional): Arguments used where ``cfg``
            has none.

    Returns:
        Optimizer: The optimizer.

    Example:
        >>> import torch
        >>> from mmlight.registry import OPTIMIZERS
        >>> cfg = dict(type="Adam", params=[torch.zeros(1)], lr=1, betas=(0, 0.99))
        >>> OPTIMIZERS.build(cfg).defaults["betas"]
        (0.0, 0.99)
    """
    if not isinstance(cfg, dict):
        return build_from_cfg(cfg, registry, default_args)
    optimizer = resolve_type({**(default_args or {}), **cfg}, registry)
    floats = set(_float_arguments(optimizer)) if callable(optimizer) else set()
    args = _with_floats(cfg, floats)
    for name, value in args.items():
        if isinstance(value, list) and all(isinstance(group, dict) for group in value):
            args[name] = [_with_floats(group, floats) for group in value]
    return build_from_cfg(args, registry, default_args)


def _with_floats(settings: dict[str, Any], floats: set[str]) -> dict[str, Any]:
    return {name: _as_float(value) if name in floats else value for name, value in settings.items()}


def _as_float(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)([_as_float(item) for item in value])
    return float(value) if type(value) is int else value


def _float_arguments(optimizer: Any) -> Iterator[str]:
    """Find the arguments that are floats, or tuples of them, by annotation or by default."""
    for call in inspect.getmro(optimizer) if inspect.isclass(optimizer) else [optimizer]:
        try:
            parameters = inspect.signature(call).parameters.values()
        except (TypeError, ValueError):
            return
        for parameter in parameters:
            words = re.findall(r"\w+", str(parameter.annotation))
            default = parameter.default
            defaults = default if isinstance(default, tuple) and default else (default,)
            if ("float" in words and "int" not in words) or all(
                isinstance(one, float) for one in defaults
            ):
                yield parameter.name
        # Any further argument goes to the class above.
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            return
