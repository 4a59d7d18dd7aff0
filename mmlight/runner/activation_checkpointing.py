"""Less memory for more time: some modules compute their forward pass again when going backward."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from torch import nn
from torch.utils.checkpoint import checkpoint

from mmlight.utils.near_names import did_you_mean


def turn_on_activation_checkpointing(model: nn.Module, modules: Sequence[str] | str) -> None:
    """Let modules keep no activations, and compute them again in the backward pass.

    Args:
        model (nn.Module): The model, whose weights keep their names.
        modules (str or list[str]): Names of the modules, as in ``model.named_modules()``.

    Raises:
        KeyError: If the model has no module of a name.

    Example:
        >>> import torch
        >>> model = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
        >>> turn_on_activation_checkpointing(model, "0")
        >>> model(torch.ones(1, 2)).sum().backward()
        >>> model[0].weight.grad is not None
        True
    """
    found = dict(model.named_modules())
    for name in [modules] if isinstance(modules, str) else modules:
        if name not in found:
            raise KeyError(f"the model has no module {name!r}.{did_you_mean(name, found)}")
        module = found[name]
        module.forward = partial(checkpoint, module.forward, use_reentrant=False)  # type: ignore[method-assign]
