"""Reading the options of a request for generated images."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmlight.engine.samplers import SAMPLE_MODELS


def requested_batch_size(inputs: Any, data_samples: Sequence[Any] | None = None) -> int:
    """Find out how many images are asked for.

    Args:
        inputs (Any): A tensor, whose first dimension is the number, or a dict with
            ``num_batches``, or with tensors, or with both in agreement.
        data_samples (Sequence, optional): As many samples, if given. Defaults to None.

    Returns:
        int: The number; 1 if nothing says another.

    Raises:
        ValueError: If two sources disagree.

    Example:
        >>> requested_batch_size(dict(num_batches=4))
        4
    """
    sizes: dict[str, int] = {}
    if isinstance(inputs, Tensor):
        sizes["inputs"] = len(inputs)
    elif isinstance(inputs, Mapping):
        if inputs.get("num_batches") is not None:
            sizes["num_batches"] = inputs["num_batches"]
        for name, value in inputs.items():
            if isinstance(value, Tensor) and value.ndim:
                sizes[name] = len(value)
    if data_samples is not None and len(data_samples):
        sizes["data_samples"] = len(data_samples)
    if len(set(sizes.values())) > 1:
        raise ValueError(f"the number of images is not clear: {sizes}")
    return next(iter(sizes.values()), 1)


def requested_model(inputs: Any, has_ema: bool) -> str:
    """Find out which generator is asked for.

    Args:
        inputs (Any): A dict may have ``sample_model``: ``orig``, ``ema`` or ``ema/orig`` (both).
        has_ema (bool): Whether there is a moving average; it is then the default.

    Returns:
        str: ``orig``, ``ema`` or ``ema/orig``.

    Raises:
        ValueError: If the model is not known, or the average is asked for and there is none.

    Example:
        >>> requested_model(dict(num_batches=4), has_ema=True)
        'ema'
    """
    wanted = inputs.get("sample_model") if isinstance(inputs, Mapping) else None
    if wanted is None:
        return "ema" if has_ema else "orig"
    if wanted not in SAMPLE_MODELS:
        raise ValueError(f"sample_model must be one of {', '.join(SAMPLE_MODELS)}, got {wanted!r}")
    if "ema" in wanted and not has_ema:
        raise ValueError(
            f"sample_model={wanted!r} asks for a moving average, but the model has none: give it "
            "an ema_config or use ExponentialMovingAverageHook(module_keys='generator_ema')"
        )
    return "ema/orig" if "/" in wanted else wanted


def mean_log_vars(steps: Iterable[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Average the values that several steps want logged.

    Args:
        steps (Iterable[Mapping[str, Tensor]]): The values of each step, on any device.

    Returns:
        dict[str, Tensor]: The mean of each value over the steps that have it.

    Example:
        >>> mean_log_vars([dict(loss=torch.tensor(1.0)), dict(loss=torch.tensor(3.0))])
        {'loss': tensor(2.)}
    """
    columns: dict[str, list[Tensor]] = {}
    for step in steps:
        for name, value in step.items():
            columns.setdefault(name, []).append(value)
    return {
        name: column[0] if len(column) == 1 else torch.stack(column).mean(dim=0)
        for name, column in columns.items()
    }


def set_requires_grad(nets: nn.Module | Sequence[nn.Module], requires_grad: bool = False) -> None:
    """Freeze networks, or free them.

    Args:
        nets (nn.Module | Sequence[nn.Module]): The networks.
        requires_grad (bool): Whether their parameters get gradients. Defaults to False.

    Example:
        >>> net = nn.Linear(1, 1)
        >>> set_requires_grad(net)
        >>> net.weight.requires_grad
        False
    """
    for net in [nets] if isinstance(nets, nn.Module) else nets:
        net.requires_grad_(requires_grad)
