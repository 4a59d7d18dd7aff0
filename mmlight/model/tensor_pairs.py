"""Which tensor of a model goes into which tensor of its averaged copy."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from operator import is_
from typing import Any

import torch
from torch import Tensor, nn

# Targets with their sources, all targets of one device and dtype, and all sources of one.
TensorGroups = list[tuple[list[Tensor], list[Tensor]]]


def averaged_tensors(module: nn.Module, with_buffers: bool) -> dict[str, Tensor]:
    """Name the tensors of a model that are averaged.

    Args:
        module (nn.Module): The model.
        with_buffers (bool): Whether the buffers that a checkpoint holds are averaged as well.

    Returns:
        dict[str, Tensor]: The tensors themselves by name.

    Example:
        >>> list(averaged_tensors(nn.BatchNorm1d(1), with_buffers=True))[-1]
        'num_batches_tracked'
    """
    named: dict[str, Tensor] = dict(module.named_parameters())
    if with_buffers:
        kept = module.state_dict(keep_vars=True)
        named.update((name, buffer) for name, buffer in module.named_buffers() if name in kept)
    return named


def grouped(pairs: Iterable[tuple[Tensor, Tensor]]) -> TensorGroups:
    """Sort pairs of tensors by device and dtype, as one call can only work on what is alike.

    Args:
        pairs (Iterable[tuple[Tensor, Tensor]]): Targets, each with its source.

    Returns:
        list[tuple[list[Tensor], list[Tensor]]]: Targets and sources of each group.

    Example:
        >>> half, whole = torch.zeros(1), torch.zeros(1, dtype=torch.long)
        >>> [len(targets) for targets, _ in grouped([(half, half), (whole, whole), (half, half)])]
        [2, 1]
    """
    groups: dict[tuple[Any, ...], tuple[list[Tensor], list[Tensor]]] = {}
    for target, source in pairs:
        kind = (target.device, target.dtype, source.device, source.dtype)
        targets, sources = groups.setdefault(kind, ([], []))
        targets.append(target)
        sources.append(source)
    return list(groups.values())


def copy_all(groups: TensorGroups) -> None:
    """Copy tensors into others of their shapes, a group at a time.

    Args:
        groups (list[tuple[list[Tensor], list[Tensor]]]): What :func:`grouped` returned.

    Example:
        >>> target = torch.zeros(1)
        >>> copy_all(grouped([(target, torch.ones(1))]))
        >>> target
        tensor([1.])
    """
    with torch.inference_mode():  # spares autograd's look at each of them
        for targets, sources in groups:
            torch._foreach_copy_(targets, sources)


def lerp_all(groups: TensorGroups, share: float) -> None:
    """Move tensors towards others of their shapes, a group at a time.

    Args:
        groups (list[tuple[list[Tensor], list[Tensor]]]): What :func:`grouped` returned.
        share (float): How far, 0 to 1.

    Example:
        >>> target = torch.zeros(1)
        >>> lerp_all(grouped([(target, torch.ones(1))]), 0.25)
        >>> target
        tensor([0.2500])
    """
    with torch.inference_mode():  # spares autograd's look at each of them
        for targets, sources in groups:
            torch._foreach_lerp_(targets, sources, share)


_END = (object(),)


class TensorTree:
    """A module's tensors and submodules as they were, to see quickly whether one was replaced.

    Args:
        module (nn.Module): The module.

    Example:
        >>> layer = nn.Linear(1, 1)
        >>> tree = TensorTree(layer)
        >>> layer.bias = nn.Parameter(torch.zeros(1))
        >>> tree.holds_for(layer)
        False
    """

    def __init__(self, module: nn.Module) -> None:
        self._module = module
        # Views stay up to date. The end is an entry too: so are more or fewer entries noticed.
        self._entries: list[Iterable[Any]] = [
            table.values()
            for part in module.modules()
            for table in (part._parameters, part._buffers, part._modules)
            if table
        ]
        self._entries.append(_END)
        self._before = list(chain.from_iterable(self._entries))

    def holds_for(self, module: nn.Module) -> bool:
        """Say whether these are still the tensors and submodules of a module.

        Args:
            module (nn.Module): The module.

        Returns:
            bool: False if it is another, or had one of them replaced.
        """
        now = chain.from_iterable(self._entries)
        return module is self._module and all(map(is_, now, self._before))


class TensorPairs:
    """The tensors of a model and of its averaged copy, found once and used at each update.

    Args:
        averaged_module (nn.Module): The averaged copy.
        source_module (nn.Module): The model.
        update_buffers (bool): Whether the buffers that a checkpoint holds are averaged. All other
            buffers are to be copied.

    Raises:
        KeyError: If the model lacks a tensor of the copy.

    Example:
        >>> a, b = nn.Linear(1, 1), nn.Linear(1, 1)
        >>> pairs = TensorPairs(a, b, update_buffers=False)
        >>> (averaged, sources), = pairs.averaged
        >>> sources[0] is b.weight, pairs.holds_for(b)
        (True, True)
    """

    def __init__(
        self, averaged_module: nn.Module, source_module: nn.Module, update_buffers: bool
    ) -> None:
        self.holds_for = TensorTree(source_module).holds_for
        sources = averaged_tensors(source_module, update_buffers)
        averaged = averaged_tensors(averaged_module, update_buffers)
        for name in averaged:
            if name not in sources:
                raise KeyError(
                    f"{name} is averaged, but {type(source_module).__name__} has no such tensor; "
                    f"it has {list(sources)[:10]}"
                )
        pairs = [(tensor, sources[name]) for name, tensor in averaged.items()]
        self.averaged = grouped(pair for pair in pairs if pair[0].is_floating_point())
        self.discrete = grouped(pair for pair in pairs if not pair[0].is_floating_point())
        source_buffers = dict(source_module.named_buffers())
        self.buffers = grouped(
            (buffer, source_buffers[name])
            for name, buffer in averaged_module.named_buffers()
            if name not in sources and name in source_buffers
        )
