"""Recognising a wrapped model."""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.nn.parallel import DataParallel, DistributedDataParallel

from mmlight.registry import MODEL_WRAPPERS, Registry

MODEL_WRAPPERS.register_module(module=DataParallel)
MODEL_WRAPPERS.register_module(module=DistributedDataParallel)


def is_model_wrapper(model: nn.Module, registry: Registry = MODEL_WRAPPERS) -> bool:
    """Say whether a model is wrapped by one of the registered wrapper classes.

    Args:
        model (nn.Module): Any module.
        registry (Registry): Registry of wrapper classes; its child registries are asked as well.

    Returns:
        bool: Whether ``model`` is an instance of a registered wrapper.

    Example:
        >>> from torch import nn
        >>> is_model_wrapper(nn.Linear(1, 1)), is_model_wrapper(DataParallel(nn.Linear(1, 1)))
        (False, True)
    """
    if isinstance(model, tuple(registry.module_dict.values())):
        return True
    return any(is_model_wrapper(model, child) for child in registry.children.values())


def run_forward(
    model: nn.Module, data: dict[str, Any] | tuple[Any, ...] | list[Any], mode: str
) -> Any:
    """Call a model with a batch that its data preprocessor has prepared.

    Args:
        model (nn.Module): The model, or a wrapper of it.
        data (dict | tuple | list): Arguments of its ``forward``, by name or in order.
        mode (str): ``loss``, ``predict`` or ``tensor``.

    Returns:
        Any: What the model returns.

    Raises:
        TypeError: If ``data`` is none of these.
    """
    if isinstance(data, dict):
        return model(**data, mode=mode)
    if isinstance(data, (list, tuple)):
        return model(*data, mode=mode)
    raise TypeError(
        f"Output of `data_preprocessor` should be list, tuple or dict, but got {type(data)}"
    )
