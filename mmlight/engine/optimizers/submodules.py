"""Building optimizer wrappers for parts of a model."""

from __future__ import annotations

import re
from typing import Any

from torch import nn

from mmlight.model.bare_model import bare_model
from mmlight.optim import OptimWrapper
from mmlight.registry import OPTIM_WRAPPER_CONSTRUCTORS
from mmlight.utils.near_names import nearest


def check_configs(
    optim_wrapper_cfg: dict[str, Any], paramwise_cfg: dict[str, Any] | None
) -> dict[str, dict[str, Any]]:
    """Take a config for several submodules apart.

    Args:
        optim_wrapper_cfg (dict): Optimizer wrapper configs by name of submodule.
        paramwise_cfg (dict, optional): Must be None: it belongs into each of the configs.

    Returns:
        dict[str, dict]: The configs, without the ``constructor`` that asked for this.

    Raises:
        TypeError: If a config is no dict.
        AssertionError: If there is a common ``paramwise_cfg``.

    Example:
        >>> list(check_configs(dict(constructor="X", generator=dict(optimizer=dict())), None))
        ['generator']
    """
    if not isinstance(optim_wrapper_cfg, dict):
        raise TypeError(
            f"optim_wrapper_cfg should be a dict, but got {type(optim_wrapper_cfg).__name__}"
        )
    if paramwise_cfg is not None:
        raise AssertionError(
            "paramwise_cfg should be None; set it in the config of each submodule instead"
        )
    configs = {name: cfg for name, cfg in optim_wrapper_cfg.items() if name != "constructor"}
    for name, cfg in configs.items():
        if not isinstance(cfg, dict):
            raise TypeError(f"the optimizer wrapper of {name!r} should be a dict, but got {cfg!r}")
    return configs


def find_submodule(model: nn.Module, name: str) -> nn.Module:
    """Find a submodule of a model, which may be wrapped.

    Args:
        model (nn.Module): The model.
        name (str): Name of the submodule; a dot leads further down.

    Returns:
        nn.Module: The submodule.

    Raises:
        KeyError: If there is none of this name.

    Example:
        >>> find_submodule(nn.Sequential(nn.ReLU()), "0")
        ReLU()
    """
    found = model
    try:
        for part in name.split("."):  # each may be wrapped by itself
            found = bare_model(found).get_submodule(part)
        return found
    except AttributeError as error:
        raise _unknown(model, name) from error


def find_submodules(model: nn.Module, name: str) -> list[nn.Module]:
    """Find the submodules of a model that a name or a regular expression means.

    Args:
        model (nn.Module): The model, perhaps wrapped.
        name (str): Name of a submodule; else a regular expression that matches whole names.

    Returns:
        list[nn.Module]: The submodules, in the model's order.

    Raises:
        KeyError: If there is none.

    Example:
        >>> net = nn.Sequential(nn.ReLU(), nn.Tanh())
        >>> find_submodules(net, "1"), find_submodules(net, "[0-9]")
        ([Tanh()], [ReLU(), Tanh()])
    """
    found = matching_submodules(model, name)
    if not found:
        raise _unknown(model, name)
    return list(found.values())


def matching_submodules(model: nn.Module, name: str) -> dict[str, nn.Module]:
    """Return what :func:`find_submodules` does, by name; nothing is no error.

    Args:
        model (nn.Module): The model, perhaps wrapped.
        name (str): Name of a submodule, or a regular expression.

    Returns:
        dict[str, nn.Module]: The submodules.

    Example:
        >>> matching_submodules(nn.Sequential(nn.ReLU()), ".*")
        {'0': ReLU()}
    """
    parts = {part: found for part, found in bare_model(model).named_modules() if part}
    if name in parts:
        return {name: parts[name]}
    return {part: found for part, found in parts.items() if re.fullmatch(name, part)}


def _unknown(model: nn.Module, name: str) -> KeyError:
    bare = bare_model(model)
    names = [child for child, _ in bare.named_modules() if child]
    near = nearest(name, names) or names[:5]
    return KeyError(
        f"optim_wrapper names the submodule {name!r}, which {type(bare).__name__} does not "
        f"have; nearest: {', '.join(near) or 'none'}"
    )


def build_common_wrapper(cfg: dict[str, Any], modules: list[nn.Module]) -> OptimWrapper:
    """Build one optimizer wrapper for several submodules.

    Args:
        cfg (dict): Config of the wrapper.
        modules (list[nn.Module]): The submodules; a parameter that two of them have counts once.

    Returns:
        OptimWrapper: The wrapper.

    Raises:
        AssertionError: If there is ``paramwise_cfg``, whose names would mean nothing, for more
            than one submodule.

    Example:
        >>> cfg = dict(optimizer=dict(type="SGD", lr=0.1))
        >>> wrapper = build_common_wrapper(cfg, [nn.Linear(1, 1), nn.Linear(1, 1)])
        >>> len(wrapper.param_groups[0]["params"])
        4
    """
    if len(modules) == 1:
        return build_wrapper(cfg, modules[0])
    if cfg.get("paramwise_cfg") is not None:
        raise AssertionError(
            f"paramwise_cfg is for one submodule, but this optimizer has {len(modules)} of them"
        )
    return build_wrapper(cfg, nn.ModuleList(map(bare_model, modules)))


def build_wrapper(cfg: dict[str, Any], module: nn.Module) -> OptimWrapper:
    """Build the optimizer wrapper of one submodule.

    Args:
        cfg (dict): Config of the wrapper; may have ``constructor`` and ``paramwise_cfg``.
        module (nn.Module): The submodule.

    Returns:
        OptimWrapper: The wrapper.

    Example:
        >>> wrapper = build_wrapper(dict(optimizer=dict(type="SGD", lr=0.1)), nn.Linear(1, 1))
        >>> wrapper.get_lr()
        {'lr': [0.1]}
    """
    kwargs = dict(cfg)
    constructor = OPTIM_WRAPPER_CONSTRUCTORS.build(
        {
            "type": kwargs.pop("constructor", "DefaultOptimWrapperConstructor"),
            "paramwise_cfg": kwargs.pop("paramwise_cfg", None),
            "optim_wrapper_cfg": kwargs,
        }
    )
    result: OptimWrapper = constructor(module)
    return result
