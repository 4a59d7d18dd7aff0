"""The record of how each parameter got its initial value."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from torch import nn


def record_init_info(module: nn.Module) -> None:
    """Begin a record on a module and all modules in it, in their attribute ``_params_init_info``.

    Args:
        module (nn.Module): The outermost module to be initialised.

    Example:
        >>> module = nn.Linear(1, 1)
        >>> record_init_info(module)
        >>> sorted(module._params_init_info[module.weight])
        ['init_info', 'tmp_mean_value']
    """
    record: defaultdict[nn.Parameter, dict[str, Any]] = defaultdict(dict)
    for param in module.parameters():
        record[param]["init_info"] = (
            "The value is the same before and after calling `init_weights` of "
            f"{type(module).__name__} "
        )
        record[param]["tmp_mean_value"] = param.data.mean()
    for submodule in module.modules():
        vars(submodule)["_params_init_info"] = record


def update_init_info(module: nn.Module, init_info: str) -> None:
    """Note in the record of a module which of its parameters have changed, and what did that.

    Args:
        module (nn.Module): A module with the attribute ``_params_init_info``.
        init_info (str): What initialised the parameters that have another mean than before.

    Raises:
        AssertionError: If there is no record, or a parameter is not in it.

    Example:
        >>> module = nn.Linear(1, 1)
        >>> record_init_info(module)
        >>> _ = nn.init.constant_(module.weight, 3.0)
        >>> update_init_info(module, "set to 3")
        >>> module._params_init_info[module.weight]["init_info"]
        'set to 3'
    """
    assert hasattr(module, "_params_init_info"), f"Can not find `_params_init_info` in {module}"
    record: dict[nn.Parameter, dict[str, Any]] = vars(module)["_params_init_info"]
    for name, param in module.named_parameters():
        assert param in record, (
            f"Find a new `Parameter` named `{name}` during executing the `init_weights` of "
            f"`{type(module).__name__}`. Please do not add or replace parameters during executing "
            "the `init_weights`."
        )
        mean = param.data.mean()
        if record[param]["tmp_mean_value"] != mean:
            record[param]["init_info"] = init_info
            record[param]["tmp_mean_value"] = mean
