"""Which tensor of a model goes into which tensor of its averaged copy."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from operator import is_
from typing import Any

import torch
from torch import Tensor, nn


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


def copy_all(targets: list[Tensor], sources: list[Tensor]) -> None:
    """Copy tensors into others of their shapes, all at once.

    Args:
        targets (list[Tensor]): Written to.
        sources (list[Tensor]): Read from, on any device.

    Example:
        >>> target = torch.zeros(1)
        >>> copy_all([target], [torch.ones(1)])
        >>> target
        tensor([1.])
    """
    if targets:
        torch._foreach_copy_(targets, sources)


_END = (object(),)


class _Tree:
    """A module's tensors and submodules as they were, to see quickly whether one was replaced."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        self.tables: list[dict] = [
            table
            for part in module.modules()
            for table in (part._parameters, part._buffers, part._modules)
            if table
        ]
        self.entries = list(self._now())

    def _now(self) -> Iterator[Any]:
        # The end is an entry too: so are more or fewer entries than before noticed.
        return chain(chain.from_iterable(map(dict.values, self.tables)), _END)

    def holds_for(self, module: nn.Module) -> bool:
        return module is self.module and all(map(is_, self._now(), self.entries))


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
        >>> pairs.sources[0] is b.weight, pairs.holds_for(b)
        (True, True)
    """

    def __init__(
        self, averaged_module: nn.Module, source_module: nn.Module, update_buffers: bool
    ) -> None:
        self._source_tree = _Tree(source_module)
        self.averaged: list[Tensor] = []
        self.sources: list[Tensor] = []
        self.discrete: list[Tensor] = []
        self.discrete_sources: list[Tensor] = []
        sources = averaged_tensors(source_module, update_buffers)
        for name, tensor in averaged_tensors(averaged_module, update_buffers).items():
            if name not in sources:
                raise KeyError(
                    f"{name} is averaged, but {type(source_module).__name__} has no such tensor; "
                    f"it has {list(sources)[:10]}"
                )
            floating = tensor.is_floating_point()
            (self.averaged if floating else self.discrete).append(tensor)
            (self.sources if floating else self.discrete_sources).append(sources[name])
        source_buffers = dict(source_module.named_buffers())
        copied = {
            name: buffer
            for name, buffer in averaged_module.named_buffers()
            if name not in sources and name in source_buffers
        }
        self.buffers = list(copied.values())
        self.buffer_sources = [source_buffers[name] for name in copied]

    def holds_for(self, source_module: nn.Module) -> bool:
        """Say whether these are still the tensors of a model.

        Args:
            source_module (nn.Module): The model.

        Returns:
            bool: False if it is another, or had a tensor or a submodule replaced.
        """
        return self._source_tree.holds_for(source_module)

    def sources_beside_averaged(self) -> list[Tensor]:
        """Get the model's tensors on the device of their averages.

        Returns:
            list[Tensor]: In the order of ``averaged``.
        """
        if self.sources[0].device == self.averaged[0].device:
            return self.sources
        return [source.to(a.device) for source, a in zip(self.sources, self.averaged, strict=True)]
