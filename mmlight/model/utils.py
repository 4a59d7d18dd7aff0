"""Small tools that models share."""

from __future__ import annotations

import logging
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from mmlight.logging import print_log
from mmlight.model.sync_batchnorm import convert_sync_batchnorm, revert_sync_batchnorm

__all__ = [
    "convert_sync_batchnorm",
    "detect_anomalous_params",
    "merge_dict",
    "revert_sync_batchnorm",
    "stack_batch",
]


def stack_batch(
    tensor_list: list[torch.Tensor], pad_size_divisor: int = 1, pad_value: int | float = 0
) -> torch.Tensor:
    """Pad tensors at their ends to one common shape and stack them.

    Args:
        tensor_list (list[Tensor]): Tensors of the same number of dimensions. The first dimension,
            the channels, is not padded and must be equal.
        pad_size_divisor (int): Every padded dimension becomes a multiple of it, if positive.
        pad_value (int | float): Value of the padding.

    Returns:
        Tensor: The batch, of one dimension more.

    Raises:
        AssertionError: If ``tensor_list`` is not a list, is empty, or has tensors of different
            numbers of dimensions or of channels.
        TypeError: If it holds something else than tensors.

    Example:
        >>> stack_batch([torch.zeros(3, 2, 5), torch.zeros(3, 3, 4)], pad_size_divisor=4).shape
        torch.Size([2, 3, 4, 8])
    """
    assert isinstance(tensor_list, list), (
        f"Expected input type to be list, but got {type(tensor_list)}"
    )
    assert tensor_list, "`tensor_list` could not be an empty list"
    for tensor in tensor_list:
        if not isinstance(tensor, torch.Tensor):
            raise TypeError(f"`tensor_list` must hold tensors, but got {type(tensor)}")
    dims = {tensor.ndim for tensor in tensor_list}
    assert len(dims) == 1, (
        "Expected the dimensions of all tensors must be the same, but got "
        f"{[tensor.ndim for tensor in tensor_list]}"
    )
    channels = {tensor.shape[0] for tensor in tensor_list}
    assert len(channels) == 1, (
        "Expected the first dimension of all tensors, the channels, to be the same, but got "
        f"{[tensor.shape[0] for tensor in tensor_list]}"
    )
    divisor = max(pad_size_divisor, 1)
    shapes = [tensor.shape[1:] for tensor in tensor_list]
    sizes = [max(side) for side in zip(*shapes, strict=True)]
    sizes = [-(-size // divisor) * divisor for size in sizes]
    return torch.stack([_pad_end(tensor, sizes, pad_value) for tensor in tensor_list])


def _pad_end(tensor: torch.Tensor, sizes: list[int], value: int | float) -> torch.Tensor:
    padding: list[int] = []
    for have, want in zip(reversed(tensor.shape[1:]), reversed(sizes), strict=True):
        padding += [0, want - have]
    return F.pad(tensor, padding, value=value) if any(padding) else tensor


def detect_anomalous_params(loss: torch.Tensor, model: nn.Module) -> None:
    """Log an error for each trainable parameter that the loss does not depend on.

    Args:
        loss (Tensor): What would be differentiated.
        model (nn.Module): Owner of the parameters.

    Example:
        >>> model = nn.ModuleDict({"used": nn.Linear(1, 1), "idle": nn.Linear(1, 1)})
        >>> detect_anomalous_params(model["used"](torch.ones(1)).sum(), model["used"])
    """
    reached = set()
    seen = set()
    waiting = [loss.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        variable = getattr(node, "variable", None)
        if variable is not None:
            reached.add(variable)
        waiting.extend(parent for parent, _ in node.next_functions)
    for name, param in model.named_parameters():
        if param.requires_grad and param not in reached:
            print_log(
                f"{name} with shape {param.size()} is not in the computational graph \n",
                logger="current",
                level=logging.ERROR,
            )


def merge_dict(*args: dict[str, Any]) -> dict[str, Any]:
    """Merge dictionaries, later ones winning; ``torch.fx`` traces it as one call.

    Args:
        *args (dict): Dictionaries.

    Returns:
        dict: A new dictionary.

    Raises:
        AssertionError: If an argument is not a dict.

    Example:
        >>> merge_dict({"a": 1, "b": 2}, {"b": 3})
        {'a': 1, 'b': 3}
    """
    for item in args:
        if isinstance(item, torch.fx.Proxy):
            return item.tracer.create_proxy("call_function", merge_dict, args, {})
    output = {}
    for item in args:
        assert isinstance(item, dict), (
            f"all arguments of merge_dict should be a dict, but got {type(item)}"
        )
        output.update(item)
    return output
