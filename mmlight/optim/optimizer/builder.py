"""Optimizers in the registry, and the way from a config to an optimizer wrapper."""

from __future__ import annotations

import copy
import inspect
import logging
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import torch
from torch import nn

from mmlight.logging import print_log
from mmlight.registry import OPTIM_WRAPPER_CONSTRUCTORS, OPTIMIZERS

from .optimizer_wrapper import OptimWrapper

# Optimizers of other packages: registered name -> (module, class, name to install it by).
_OPTIONAL_OPTIMIZERS = {
    "DAdaptAdaGrad": ("dadaptation", "DAdaptAdaGrad", "dadaptation"),
    "DAdaptAdam": ("dadaptation", "DAdaptAdam", "dadaptation"),
    "DAdaptSGD": ("dadaptation", "DAdaptSGD", "dadaptation"),
    "Lion": ("lion_pytorch", "Lion", "lion-pytorch"),
    "SophiaG": ("Sophia", "SophiaG", "Sophia-Optimizer"),
    "Adafactor": ("transformers.optimization", "Adafactor", "transformers"),
    **{
        name: ("bitsandbytes.optim", name, "bitsandbytes")
        for name in (
            "AdamW8bit",
            "Adam8bit",
            "Adagrad8bit",
            "PagedAdam8bit",
            "PagedAdamW8bit",
            "LAMB8bit",
            "LARS8bit",
            "RMSprop8bit",
            "Lion8bit",
            "PagedLion8bit",
            "SGD8bit",
        )
    },
}


def register_torch_optimizers() -> list[str]:
    """Register every optimizer of ``torch.optim`` under its name.

    Torch's ``Adafactor`` is ``TorchAdafactor``, because configs mean that of ``transformers`` by
    the shorter name, which is torch's where ``transformers`` is not installed.

    Returns:
        list[str]: The registered names.

    Example:
        >>> "AdamW" in TORCH_OPTIMIZERS
        True
    """
    names = []
    for class_name, optimizer in inspect.getmembers(torch.optim, inspect.isclass):
        if issubclass(optimizer, torch.optim.Optimizer):
            name = "TorchAdafactor" if class_name == "Adafactor" else class_name
            OPTIMIZERS.register_module(name=name, module=optimizer, force=True)
            names.append(name)
    return names


def register_optional_optimizers() -> list[str]:
    """Register the optimizers of other packages, which are imported when one is built.

    Returns:
        list[str]: The registered names.

    Example:
        >>> "Lion" in OPTIONAL_OPTIMIZERS
        True
    """
    for name in _OPTIONAL_OPTIMIZERS:
        OPTIMIZERS.register_module(name=name, module=_optional_optimizer(name), force=True)
    return list(_OPTIONAL_OPTIMIZERS)


def _optional_optimizer(name: str) -> Callable[..., torch.optim.Optimizer]:
    module_name, class_name, package = _OPTIONAL_OPTIMIZERS[name]

    def build(params: Any, **kwargs: Any) -> torch.optim.Optimizer:
        try:
            module = import_module(module_name)
        except ImportError as error:
            if name == "Adafactor" and _torch_adafactor_takes(kwargs):
                print_log(
                    "Adafactor is torch's own, since transformers is not installed: its defaults "
                    "are others",
                    logger="current",
                    level=logging.WARNING,
                )
                return torch.optim.Adafactor(params, **kwargs)
            raise ImportError(
                f"The optimizer {name!r} comes with the package {package!r}, which cannot be "
                f"imported: {error}. Install it, for example with `pip install {package}`."
            ) from error
        result: torch.optim.Optimizer = getattr(module, class_name)(params, **kwargs)
        return result

    build.__name__ = build.__qualname__ = name
    build.__doc__ = f"Build ``{module_name}.{class_name}``."
    return build


def _torch_adafactor_takes(arguments: Mapping[str, Any]) -> bool:
    own = getattr(torch.optim, "Adafactor", None)  # since torch 2.5
    return own is not None and arguments.keys() <= inspect.signature(own).parameters.keys()


TORCH_OPTIMIZERS = register_torch_optimizers()
OPTIONAL_OPTIMIZERS = register_optional_optimizers()
BITSANDBYTES_OPTIMIZERS = [
    name for name, (_, _, package) in _OPTIONAL_OPTIMIZERS.items() if package == "bitsandbytes"
]


def build_optim_wrapper(model: nn.Module, cfg: dict[str, Any]) -> OptimWrapper:
    """Build an optimizer wrapper from its config.

    Args:
        model (nn.Module): The model to optimize.
        cfg (dict): ``optimizer`` and, if not the defaults, the wrapper's ``type`` and arguments,
            ``paramwise_cfg`` and the ``constructor``; it is not changed.

    Returns:
        OptimWrapper: The wrapper.

    Raises:
        TypeError: If ``cfg`` is not a dict.

    Example:
        >>> import torch
        >>> cfg = dict(optimizer=dict(type='SGD', lr=0.1))
        >>> build_optim_wrapper(torch.nn.Linear(1, 1), cfg).get_lr()
        {'lr': [0.1]}
    """
    if not isinstance(cfg, dict):
        raise TypeError(f"the config of an optimizer wrapper must be a dict, but got {type(cfg)}")
    optim_wrapper_cfg = copy.deepcopy(cfg)
    constructor = OPTIM_WRAPPER_CONSTRUCTORS.build(
        {
            "type": optim_wrapper_cfg.pop("constructor", "DefaultOptimWrapperConstructor"),
            "paramwise_cfg": optim_wrapper_cfg.pop("paramwise_cfg", None),
            "optim_wrapper_cfg": optim_wrapper_cfg,
        }
    )
    result: OptimWrapper = constructor(model)
    return result
