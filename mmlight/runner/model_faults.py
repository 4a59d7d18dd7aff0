"""What is wrong with a model beside what keeps its constructor from ending."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from torch import nn

from mmlight.model.bare_model import bare_model
from mmlight.registry import MODELS, WEIGHT_INITIALIZERS, root
from mmlight.registry.build_functions import check_cfg, resolve_type
from mmlight.registry.place import part
from mmlight.registry.registry import Registry

_REGISTRIES = tuple(one for one in vars(root).values() if isinstance(one, Registry))


def inner_faults(cfg: Any) -> Iterator[Exception]:
    """Check the parts in the config of a model that cannot be built, each by itself.

    What they lack is not told, since the model may add it, nor what stands under keys such as
    ``norm_cfg``, where a model of its own has names of its own.

    Args:
        cfg: The config.

    Yields:
        Exception: What is wrong.
    """
    if not isinstance(cfg, dict | list | tuple):
        return
    for key, value in dict.items(cfg) if isinstance(cfg, dict) else enumerate(cfg):
        if str(key).endswith("_cfg"):
            continue
        if isinstance(value, dict) and isinstance(dict.get(value, "type"), str):
            try:
                with part(value):
                    _check(value)
            except Exception as err:
                yield err
        yield from inner_faults(value)


def _check(cfg: dict[str, Any]) -> None:
    found = next(filter(None, (resolve_type(cfg, one) for one in (MODELS, *_REGISTRIES))), None)
    if found is None or (inspect.isclass(found) and issubclass(found, nn.Module)):
        given = [] if found is None else inspect.signature(found).parameters.values()
        named = (one.name for one in given if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD))
        check_cfg(cfg, MODELS, dict.fromkeys(named))


def init_faults(model: nn.Module) -> Iterator[Exception]:
    """Check the ``init_cfg`` of all parts of a model, which is read only before a training.

    Args:
        model: The model.

    Yields:
        Exception: What is wrong.
    """
    for module in model.modules():
        given = getattr(module, "init_cfg", None)
        for cfg in given if isinstance(given, list | tuple) else [given]:
            if isinstance(cfg, dict):
                yield from _init_faults(cfg)


def _init_faults(cfg: dict[str, Any]) -> Iterator[Exception]:
    try:
        with part(cfg):
            WEIGHT_INITIALIZERS.build({key: one for key, one in cfg.items() if key != "override"})
    except Exception as err:
        yield err
    overrides = cfg.get("override")
    for one in overrides if isinstance(overrides, list | tuple) else [overrides]:
        if isinstance(one, dict) and "type" in one:
            try:
                with part(one):
                    WEIGHT_INITIALIZERS.build({k: v for k, v in one.items() if k != "name"})
            except Exception as err:
                yield err


def need_step(model: nn.Module, mode: str) -> None:
    """Refuse a model that a documented loop cannot call.

    Args:
        model: The model.
        mode: ``train``, ``val`` or ``test``.

    Raises:
        TypeError: If it has no such step.
    """
    if not callable(getattr(bare_model(model), f"{mode}_step", None)):
        raise TypeError(
            f"{type(bare_model(model)).__name__} has no {mode}_step, which the loop of "
            f"{mode}_cfg calls: derive the model from mmlight.model.BaseModel"
        )
