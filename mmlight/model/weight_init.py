"""Initialisation of weights, by function, by class and by config."""

from __future__ import annotations

import copy
from typing import Any

from torch import nn

from mmlight.model.init_functions import (
    bias_init_with_prob,
    caffe2_xavier_init,
    constant_init,
    kaiming_init,
    normal_init,
    trunc_normal_,
    trunc_normal_init,
    uniform_init,
    xavier_init,
)
from mmlight.model.init_info import record_init_info, update_init_info
from mmlight.model.initializers import (
    BaseInit,
    Caffe2XavierInit,
    ConstantInit,
    KaimingInit,
    NormalInit,
    PretrainedInit,
    TruncNormalInit,
    UniformInit,
    XavierInit,
)
from mmlight.registry import WEIGHT_INITIALIZERS

__all__ = [
    "BaseInit",
    "Caffe2XavierInit",
    "ConstantInit",
    "KaimingInit",
    "NormalInit",
    "PretrainedInit",
    "TruncNormalInit",
    "UniformInit",
    "XavierInit",
    "bias_init_with_prob",
    "caffe2_xavier_init",
    "constant_init",
    "initialize",
    "kaiming_init",
    "normal_init",
    "record_init_info",
    "trunc_normal_",
    "trunc_normal_init",
    "uniform_init",
    "update_init_info",
    "xavier_init",
]


def initialize(module: nn.Module, init_cfg: dict[str, Any] | list[dict[str, Any]]) -> None:
    """Initialise a module as a config says.

    An entry names an initializer (``type``) with its arguments and, in ``layer``, the classes of
    the layers it is for. ``override``, a dict or a list of them, names one attribute of the module
    (``name``) that is initialised, as a whole, in another way or, with no other key, in the same.

    Args:
        module (nn.Module): Its submodules are visited, children before parents.
        init_cfg (dict | list[dict]): One entry or several, applied in order.

    Raises:
        TypeError: If ``init_cfg`` or ``override`` is neither a dict nor a list of dicts.
        ValueError: If an ``override`` has no ``name``, or has arguments but no ``type``.
        RuntimeError: If the module has no attribute of the name in ``override``.

    Example:
        >>> layers = nn.Sequential(nn.Conv1d(3, 1, 3), nn.Linear(1, 2))
        >>> initialize(layers, [dict(type="Constant", layer="Conv1d", val=1.0),
        ...                     dict(type="Constant", layer="Linear", val=2.0, bias=3.0)])
        >>> layers[0].weight.mean().item(), layers[1].bias.tolist()
        (1.0, [3.0, 3.0])
    """
    for cfg in _as_dicts("init_cfg", init_cfg):
        cfg = copy.deepcopy(cfg)
        overrides = cfg.pop("override", None)
        WEIGHT_INITIALIZERS.build(cfg)(module)
        if overrides is not None:
            cfg.pop("layer", None)
            for override in _as_dicts("override", overrides):
                _initialize_override(module, override, cfg)


def _initialize_override(
    module: nn.Module, override: dict[str, Any], outer_cfg: dict[str, Any]
) -> None:
    cfg = copy.deepcopy(override)
    name = cfg.pop("name", None)
    if name is None:
        raise ValueError(f'`override` must contain the key "name", but got {override}')
    if not cfg:
        cfg = copy.deepcopy(outer_cfg)
    elif "type" not in cfg:
        raise ValueError(f'`override` of "{name}" needs the key "type", but got {override}')
    if not hasattr(module, name):
        raise RuntimeError(
            f"module did not have attribute {name}, but init_cfg is {cfg}; "
            f"{type(module).__name__} has {[child for child, _ in module.named_children()]}"
        )
    init = WEIGHT_INITIALIZERS.build(cfg)
    init.wholemodule = True
    init(getattr(module, name))


def _as_dicts(argument: str, value: Any) -> list[dict[str, Any]]:
    values = value if isinstance(value, (list, tuple)) else [value]
    for item in values:
        if not isinstance(item, dict):
            raise TypeError(f"{argument} must be a dict or a list of dict, but got {type(item)}")
    return list(values)
