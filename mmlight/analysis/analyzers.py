"""What a model costs, by module and by operator."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import torch
from torch import nn

from .complexity_analysis import Operators, count_operators


class _Analyzer:
    """Runs a model once, at the first question, and counts.

    Args:
        model (nn.Module): The model, run in the mode (training or not) it is in.
        inputs (Tensor or tuple): Arguments of its call.
    """

    _kind: str

    def __init__(self, model: nn.Module, inputs: torch.Tensor | tuple[Any, ...]) -> None:
        self._model = model
        self._inputs = inputs if isinstance(inputs, tuple) else (inputs,)
        self._counts: Operators | None = None

    def by_module_and_operator(self) -> dict[str, Counter[str]]:
        """Return the counts of each module, ``""`` being the model, by operator of torch."""
        if self._counts is None:
            self._counts = getattr(count_operators(self._model, self._inputs), self._kind)
        names = (name for name, _ in self._model.named_modules())
        return {name: Counter(self._counts.get(name)) for name in names}

    def by_module(self) -> Counter[str]:
        """Return the count of each module, ``""`` being the model."""
        counts = self.by_module_and_operator()
        return Counter({name: sum(operators.values()) for name, operators in counts.items()})

    def by_operator(self, module_name: str = "") -> Counter[str]:
        """Return the counts of one module by operator of torch."""
        return self.by_module_and_operator()[module_name]

    def total(self, module_name: str = "") -> int:
        """Return the count of one module."""
        return sum(self.by_operator(module_name).values())


class FlopAnalyzer(_Analyzer):
    """Counts multiply-adds; see :func:`~mmlight.analysis.get_model_complexity_info`.

    Args:
        model (nn.Module): The model, run once in the mode (training or not) it is in.
        inputs (Tensor or tuple): Arguments of its call.

    Example:
        >>> analyzer = FlopAnalyzer(nn.Sequential(nn.Linear(3, 2), nn.ReLU()), torch.ones(1, 3))
        >>> analyzer.total(), analyzer.by_module()["0"], analyzer.by_operator()
        (6, 6, Counter({'addmm': 6}))
    """

    _kind = "flops"


class ActivationAnalyzer(_Analyzer):
    """Counts the numbers that matrix products and convolutions put out.

    Args:
        model (nn.Module): The model, run once in the mode (training or not) it is in.
        inputs (Tensor or tuple): Arguments of its call.

    Example:
        >>> ActivationAnalyzer(nn.Sequential(nn.Linear(3, 2)), torch.ones(1, 3)).total()
        2
    """

    _kind = "activations"


def flop_count(
    model: nn.Module, inputs: tuple[Any, ...]
) -> tuple[defaultdict[str, float], Counter[str]]:
    """Count multiply-adds by operator of torch, in thousands of millions.

    Args:
        model (nn.Module): The model.
        inputs (tuple): Arguments of its call.

    Returns:
        tuple: Counts by operator, and an empty counter: torch skips no operator that it knows.

    Example:
        >>> dict(flop_count(nn.Linear(30, 20), (torch.ones(1, 30),))[0])
        {'addmm': 6e-07}
    """
    return _scaled(FlopAnalyzer(model, inputs), 1e9)


def activation_count(
    model: nn.Module, inputs: tuple[Any, ...]
) -> tuple[defaultdict[str, float], Counter[str]]:
    """Count activations by operator of torch, in millions.

    Args:
        model (nn.Module): The model.
        inputs (tuple): Arguments of its call.

    Returns:
        tuple: Counts by operator, and an empty counter: torch skips no operator that it knows.

    Example:
        >>> dict(activation_count(nn.Linear(30, 20), (torch.ones(1, 30),))[0])
        {'addmm': 2e-05}
    """
    return _scaled(ActivationAnalyzer(model, inputs), 1e6)


def _scaled(analyzer: _Analyzer, unit: float) -> tuple[defaultdict[str, float], Counter[str]]:
    counts = {name: count / unit for name, count in analyzer.by_operator().items()}
    return defaultdict(float, counts), Counter()
