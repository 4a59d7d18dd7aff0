"""Weights into and out of modules."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, cast

import torch
from rich.console import Console
from rich.table import Table
from torch import nn
from torch.distributed.fsdp import FullyShardedDataParallel

from mmlight.logging import print_log
from mmlight.model.wrappers import is_model_wrapper


def load_state_dict(
    module: nn.Module,
    state_dict: Mapping[str, torch.Tensor],
    strict: bool = False,
    logger: logging.Logger | str | None = None,
) -> None:
    """Load weights into a module and report what does not fit in a table.

    Wrappers such as ``DistributedDataParallel``, at any depth, are looked through, also those that
    keep shards of the weights. A weight of another shape is left out, unless the module's own
    ``_load_from_state_dict`` takes it.

    Args:
        module: Module that receives the weights.
        state_dict: Weights by name.
        strict: Whether everything has to fit.
        logger: Where the table goes; None prints it, ``'current'`` is the run's logger.

    Raises:
        RuntimeError: If ``strict`` and something does not fit; its message is the table.

    Example:
        >>> layer = nn.Linear(1, 1)
        >>> load_state_dict(layer, {"weight": torch.ones(1, 1), "bias": torch.zeros(1)})
        >>> layer(torch.ones(1)).item()
        1.0
    """
    state = OrderedDict(state_dict)
    for name, own in get_state_dict(module).items() if _is_split(module) else ():
        if name in state:
            state[name] = part_like(own, state[name])
    metadata = getattr(state_dict, "_metadata", {})
    missing: list[str] = []
    unexpected: list[str] = []
    errors: list[str] = []

    def load(part: Any, prefix: str = "") -> None:
        if is_model_wrapper(part):
            part = part.module
        local = metadata.get(prefix[:-1], {})
        part._load_from_state_dict(state, prefix, local, True, missing, unexpected, errors)
        for name, child in part._modules.items():
            if child is not None:
                load(child, f"{prefix}{name}.")
        for hook in part._load_state_dict_post_hooks.values():
            hook(part, nn.modules.module._IncompatibleKeys(missing, unexpected))

    with ExitStack() as stack:
        for part in module.modules():
            if isinstance(part, FullyShardedDataParallel):
                stack.enter_context(part.summon_full_params(part, recurse=False))
        load(module)
    missing = [key for key in missing if not key.endswith("num_batches_tracked")]
    problems = _problems(module, state, missing, unexpected, errors)
    if not problems:
        return
    text = _table(problems)
    if strict:
        raise RuntimeError(text)
    print_log(text, logger, level=logging.WARNING)


def _is_split(module: nn.Module) -> bool:
    return any(hasattr(part, "set_reshard_after_forward") for part in module.modules())


def part_like(like: Any, value: Any) -> Any:
    """Split a tensor over the processes as another one of its shape is.

    Args:
        like: A tensor; if it is no ``DTensor``, nothing is to do.
        value: The whole tensor, which all processes have; anything else is returned as it is.
    """
    if not (hasattr(like, "full_tensor") and isinstance(value, torch.Tensor)):
        return value
    if value.shape != like.shape:
        return value
    from torch.distributed.tensor import distribute_tensor  # torch 2.5

    return distribute_tensor(value.to(like.device), like.device_mesh, like.placements)


def get_state_dict(
    module: nn.Module,
    destination: OrderedDict[str, Any] | None = None,
    prefix: str = "",
    keep_vars: bool = False,
) -> OrderedDict[str, Any]:
    """Return the parameters and persistent buffers of a module without the names of wrappers.

    Args:
        module: A module; wrappers such as ``DistributedDataParallel`` in it, at any depth, leave
            no trace in the names. The shards of a ``FullyShardedDataParallel`` are gathered, for
            which all processes must call this.
        destination: Dictionary to fill; a new one by default.
        prefix: Start of every name.
        keep_vars: Whether to return the parameters themselves; else tensors without gradients.

    Returns:
        Tensors by name.

    Example:
        >>> list(get_state_dict(nn.Linear(1, 1), prefix="layer."))
        ['layer.weight', 'layer.bias']
    """
    if destination is None:
        destination = OrderedDict()
        destination._metadata = OrderedDict()  # type: ignore[attr-defined]
    if isinstance(module, FullyShardedDataParallel):
        return module.state_dict(destination=destination, prefix=prefix, keep_vars=keep_vars)
    if is_model_wrapper(module):
        module = cast(nn.Module, module.module)
    local = {"version": module._version}
    if hasattr(destination, "_metadata"):
        destination._metadata[prefix[:-1]] = local
    for pre_hook in module._state_dict_pre_hooks.values():
        pre_hook(module, prefix, keep_vars)
    module._save_to_state_dict(destination, prefix, keep_vars)
    for name, child in module._modules.items():
        if child is not None:
            get_state_dict(child, destination, f"{prefix}{name}.", keep_vars)
    for hook in module._state_dict_hooks.values():
        result = hook(module, destination, prefix, local)
        destination = destination if result is None else result
    return destination


def weights_to_cpu(state_dict: Mapping[str, Any]) -> OrderedDict[str, Any]:
    """Return a copy of a state dict whose tensors are on the CPU.

    Args:
        state_dict: Tensors by name; anything else is taken over as it is.

    Returns:
        The copy, with the versions of the modules (``_metadata``).

    Example:
        >>> weights_to_cpu({"weight": torch.ones(2)})["weight"].device.type
        'cpu'
    """
    copied: OrderedDict[str, Any] = OrderedDict(
        (name, value.cpu() if isinstance(value, torch.Tensor) else value)
        for name, value in state_dict.items()
    )
    copied._metadata = getattr(state_dict, "_metadata", OrderedDict())  # type: ignore[attr-defined]
    return copied


def _problems(
    module: nn.Module,
    state: Mapping[str, torch.Tensor],
    missing: list[str],
    unexpected: list[str],
    errors: list[str],
) -> list[tuple[str, str, str, str]]:
    """Rows of the table: what is wrong, key, shape in the model, shape in the weights."""
    own = get_state_dict(module)

    def shape(where: Mapping[str, torch.Tensor], key: str) -> str:
        value = where.get(key)
        return str(tuple(value.shape)) if isinstance(value, torch.Tensor) else "-"

    mismatched = [
        key
        for key, value in own.items()
        if isinstance(state.get(key), torch.Tensor)
        and isinstance(value, torch.Tensor)
        and state[key].shape != value.shape
        and any(f" {key}:" in error for error in errors)
    ]
    rows = [("mismatched shape", key, shape(own, key), shape(state, key)) for key in mismatched]
    rows += [("missing", key, shape(own, key), "-") for key in dict.fromkeys(missing)]
    rows += [("unexpected", key, "-", shape(state, key)) for key in dict.fromkeys(unexpected)]
    rows += [
        (error, "", "", "")
        for error in errors
        if not any(f" {key}:" in error for key in mismatched)
    ]
    return rows


_TITLES = ("what", "key", "shape in the model", "shape in the weights")


def _table(problems: list[tuple[str, str, str, str]]) -> str:
    table = Table(title="The weights do not fit the model", title_justify="left")
    for title in _TITLES:
        table.add_column(title)
    for row in problems:
        table.add_row(*row)
    # As wide as its cells, whatever the terminal: a key that is cut helps nobody.
    widths = [max(map(len, column)) for column in zip(_TITLES, *problems, strict=True)]
    console = Console(
        width=sum(widths) + 3 * len(widths) + 1, color_system=None, force_jupyter=False
    )
    with console.capture() as capture:
        console.print(table)
    return capture.get().rstrip()
