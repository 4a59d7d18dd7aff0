"""What is registered where, and the scope of a process."""

from __future__ import annotations

import datetime
import inspect
import json
from pathlib import Path
from typing import Any

from . import root
from .default_scope import DefaultScope
from .registry import Registry


def traverse_registry_tree(registry: Registry, verbose: bool = True) -> list[dict[str, Any]]:
    """Collect what is registered in the whole tree that a registry belongs to.

    Args:
        registry (Registry): Any registry of the tree.
        verbose (bool): Whether to log the number of modules of each registry.

    Returns:
        list[dict]: One dict a registry, the root first, with ``num_modules``, ``scope``
        and under each folder that defines members their names.

    Example:
        >>> MODELS = Registry("models", scope="demo")
        >>> @MODELS.register_module()
        ... class ResNet:
        ...     pass
        >>> info, = traverse_registry_tree(MODELS, verbose=False)
        >>> info["num_modules"], info["scope"]
        (1, 'demo')
    """
    collected: list[dict[str, Any]] = []
    waiting = [registry.root]
    while waiting:
        current = waiting.pop()
        collected.append(_describe(current, verbose))
        waiting += reversed(current.children.values())
    return collected


def _describe(registry: Registry, verbose: bool) -> dict[str, Any]:
    registry.import_all()
    info: dict[str, Any] = {"num_modules": len(registry), "scope": registry.scope}
    for name, obj in registry.module_dict.items():
        info.setdefault(_folder_of(obj), []).append(name)
    if verbose:
        _log(f"Find {len(registry)} modules in {registry.scope}'s '{registry.name}' registry")
    return info


def _log(message: str) -> None:
    # Imported late: mmlight.logging needs torch, which a registry does not.
    from mmlight.logging import print_log

    print_log(message, logger="current")


def _folder_of(obj: Any) -> str:
    module = inspect.getmodule(obj)
    return "/".join(module.__name__.split(".")[:-1]) if module else ""


def count_registered_modules(save_path: str | None = None, verbose: bool = True) -> dict[str, Any]:
    """Collect what is registered in all root registries and their children.

    Args:
        save_path (str, optional): Folder to write ``modules_statistic_results.json`` to; it is
            made if need be.
        verbose (bool): Whether to log the number of modules of each registry.

    Returns:
        dict: ``scan_date``, and ``registries``: a list a root registry as
        :func:`traverse_registry_tree` returns it.

    Example:
        >>> counted = count_registered_modules(verbose=False)
        >>> counted["registries"]["DATA_SAMPLERS"][0]["mmlight/dataset"]
        ['DefaultSampler', 'InfiniteSampler']
    """
    registries = {
        name: traverse_registry_tree(registry, verbose)
        for name, registry in sorted(vars(root).items())
        if isinstance(registry, Registry)
    }
    scan_date = datetime.datetime.now().strftime("%Y-%m-%d %H:%M:%S")
    result = {"scan_date": scan_date, "registries": registries}
    if save_path is not None:
        path = Path(save_path) / "modules_statistic_results.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, indent=1), encoding="utf-8")
        _log(f"Result has been saved to {path}")
    return result


def init_default_scope(scope: str) -> None:
    """Make a scope the default of this process.

    Args:
        scope (str): Scope that unprefixed types are looked up in first.

    Example:
        >>> init_default_scope("mmdet")
        >>> DefaultScope.get_current_instance().scope_name
        'mmdet'
    """
    current = DefaultScope.get_current_instance()
    if current is not None and current.scope_name == scope:
        return
    name = scope
    while DefaultScope.check_instance_created(name):
        name += "-again"
    DefaultScope.get_instance(name, scope_name=scope)
