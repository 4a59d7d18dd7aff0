"""Recognising a wrapped model."""

from __future__ import annotations

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
