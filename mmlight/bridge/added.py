"""Networks that a hook has added to a LightningModule whose class does not know them."""

from __future__ import annotations

from typing import Any

from torch import nn

KEY = "averages"


def mark_as_added(part: Any, copy_of: str) -> None:
    """Note that a hook makes ``part``, a copy of the part with that name, for a model."""
    part._added_copy_of = copy_of


def take_out(checkpoint: dict[str, Any], module: nn.Module) -> None:
    """Give the weights of added parts a key of their own, for the class would not know them.

    Args:
        checkpoint: The checkpoint to be.
        module: The LightningModule.
    """
    weights = checkpoint["state_dict"]
    for name in _added(module):
        of_part = {key: weights.pop(key) for key in list(weights) if key.startswith(f"{name}.")}
        checkpoint.setdefault(KEY, {})[name] = of_part


def put_back(checkpoint: dict[str, Any], module: nn.Module) -> list[str]:
    """Let a checkpoint have weights for all added parts, their originals' if it has none.

    Args:
        checkpoint: The checkpoint that was read.
        module: The LightningModule.

    Returns:
        Names of the parts that it had no weights for.
    """
    weights = checkpoint["state_dict"]
    saved = checkpoint.get(KEY, {})
    without = []
    for name, original in _added(module).items():
        if name not in saved and not any(key.startswith(f"{name}.") for key in weights):
            without.append(name)
        of_part = saved.get(name) or {
            f"{name}.{key[len(original) + 1 :]}": value
            for key, value in weights.items()
            if key.startswith(f"{original}.")
        }
        for key, value in of_part.items():
            weights.setdefault(key, value)
    return without


def _added(module: nn.Module) -> dict[str, str]:
    marks = {name: getattr(part, "_added_copy_of", None) for name, part in module.named_modules()}
    return {name: original for name, original in marks.items() if isinstance(original, str)}
