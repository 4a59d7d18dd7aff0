"""Building optimizer wrappers for parts of a model."""

from __future__ import annotations

import difflib
from typing import Any

from torch import nn

from mmlight.model.bare_model import bare_model
from mmlight.optim import OptimWrapper
from mmlight.registry import OPTIM_WRAPPER_CONSTRUCTORS


def check_configs(optim_wrapper_cfg: dict, paramwise_cfg: dict | None) -> dict[str, dict]:
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
    bare = bare_model(model)
    try:
        return bare.get_submodule(name)
    except AttributeError as error:
        names = [child for child, _ in bare.named_modules() if child]
        near = difflib.get_close_matches(name, names, n=3) or names[:5]
        raise KeyError(
            f"optim_wrapper names the submodule {name!r}, which {type(bare).__name__} does not "
            f"have; nearest: {', '.join(near) or 'none'}"
        ) from error


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
    return constructor(module)
