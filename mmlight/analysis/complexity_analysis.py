"""Counts parameters, multiply-adds and activations of a model, module by module."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode, flop_registry


@dataclass(frozen=True)
class Complexity:
    """Counts by the dotted name of a module, ``""`` being the whole model.

    A module in which nothing was counted has an entry in ``params`` alone.
    """

    params: dict[str, int]
    flops: dict[str, int]
    activations: dict[str, int]


Operators = dict[str, dict[str, int]]


@dataclass(frozen=True)
class OperatorCounts:
    """Counts by the dotted name of a module, and there by the name of torch's operator."""

    flops: Operators
    activations: Operators


def parameter_count(model: nn.Module) -> dict[str, int]:
    """Count the elements of every parameter and of all parameters below every module.

    Args:
        model (nn.Module): The model; a parameter that it holds twice counts once.

    Returns:
        dict[str, int]: Counts by the dotted name of the parameter or module, ``""`` being the
        whole model.

    Example:
        >>> dict(parameter_count(nn.Sequential(nn.Linear(3, 2))))
        {'': 8, '0': 8, '0.weight': 6, '0.bias': 2}
    """
    counts: Counter[str] = Counter()
    for name, module in model.named_modules():
        counts[name] = sum(parameter.numel() for parameter in module.parameters())
    for name, parameter in model.named_parameters():
        counts[name] = parameter.numel()
    return counts


def measure(model: nn.Module, inputs: tuple[Any, ...]) -> Complexity:
    """Run a model once, without gradients, and count what it does.

    Args:
        model (nn.Module): The model, run in the mode (training or not) it is in.
        inputs (tuple): Arguments of its call.

    Returns:
        Complexity: The counts.

    Example:
        >>> measure(nn.Sequential(nn.Linear(3, 2)), (torch.ones(1, 3),)).flops
        {'': 6, '0': 6}
    """
    counts = count_operators(model, inputs)
    totals = {
        kind: {name: sum(operators.values()) for name, operators in getattr(counts, kind).items()}
        for kind in ("flops", "activations")
    }
    return Complexity(parameter_count(model), **totals)


def count_operators(model: nn.Module, inputs: tuple[Any, ...]) -> OperatorCounts:
    """Like :func:`measure`, with the counts of each module by operator.

    Args:
        model (nn.Module): The model.
        inputs (tuple): Arguments of its call.

    Returns:
        OperatorCounts: The counts.

    Example:
        >>> count_operators(nn.Linear(3, 2), (torch.ones(1, 3),)).flops
        {'': {'addmm': 6}}
    """
    flops = FlopCounterMode(display=False)
    outputs = FlopCounterMode(display=False, custom_mapping=dict.fromkeys(flop_registry, _numel))
    # Attention as plain matrix products: torch has no count for the fused kernel of a CPU.
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), flops, outputs:
        model(*inputs)
    # The counter has two operations for a multiply-add.
    return OperatorCounts(_by_module(model, flops, 2), _by_module(model, outputs, 1))


def _numel(*args: Any, out_shape: torch.Size, **kwargs: Any) -> int:
    return math.prod(out_shape)


def _by_module(model: nn.Module, counter: FlopCounterMode, share: int) -> Operators:
    root = type(model).__name__
    counts: Operators = {"": {}}
    for name, operators in counter.get_flop_counts().items():
        if name == "Global" or name.startswith(f"{root}."):
            below = "" if name == "Global" else name.removeprefix(f"{root}.")
            counts[below] = {_name_of(one): count // share for one, count in operators.items()}
    return counts


def _name_of(operator: Any) -> str:
    return getattr(operator, "__name__", str(operator))
