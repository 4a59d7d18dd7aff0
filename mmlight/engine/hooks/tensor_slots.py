"""The tensors of two networks of one architecture, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

# A slot is where a module keeps a tensor. Holding the place and not the tensor itself stays right
# when a module replaces the tensor (a move to a device does that to buffers).
Slot = tuple[dict[str, Tensor | None], str]
# The slots in the original and, in the same order, those in the average.
Pairs = tuple[list[Slot], list[Slot]]


class TensorSlots:
    """Pairs each tensor of an original network with the same tensor of its average.

    The walk over both networks is done once; an update is a few calls over lists of tensors,
    however many there are.

    Args:
        original (nn.Module): The network that trains.
        average (nn.Module): A network with the same tensors.

    Raises:
        ValueError: If the networks' tensors differ in name or shape.

    Example:
        >>> original, average = nn.Linear(1, 1), nn.Linear(1, 1).requires_grad_(False)
        >>> TensorSlots(original, average).copy()
        >>> torch.equal(original.weight, average.weight)
        True
    """

    def __init__(self, original: nn.Module, average: nn.Module) -> None:
        ours, theirs = dict(_slots(average)), dict(_slots(original))
        _check_same(theirs, ours)
        floating = [name for name in ours if _at(ours[name]).is_floating_point()]
        weights = [name for name in floating if isinstance(_at(theirs[name]), nn.Parameter)]
        buffers = [name for name in floating if not isinstance(_at(theirs[name]), nn.Parameter)]
        counters = [name for name in ours if not _at(ours[name]).is_floating_point()]
        self._weights, self._buffers, self._counters = (
            ([theirs[name] for name in names], [ours[name] for name in names])
            for names in (weights, buffers, counters)
        )

    def copy(self) -> None:
        """Make every tensor of the average equal the original's."""
        for pairs in (self._weights, self._buffers, self._counters):
            _copy(*_tensors(pairs))

    def lerp(self, momentum: float, momentum_nontrainable: float) -> None:
        """Move the averages towards the originals.

        Args:
            momentum (float): Share of the original for trainable weights, 0 to 1.
            momentum_nontrainable (float): Share for frozen weights and for buffers, 0 to 1.
                Tensors of whole numbers, such as counters, are always copied.
        """
        sources, targets = _tensors(self._weights)
        frozen = [i for i, source in enumerate(sources) if not source.requires_grad]
        other_sources, other_targets = _tensors(self._buffers)
        for i in reversed(frozen):
            other_sources.append(sources.pop(i))
            other_targets.append(targets.pop(i))
        _lerp(sources, targets, momentum)
        _lerp(other_sources, other_targets, momentum_nontrainable)
        _copy(*_tensors(self._counters))

    def apply(self, func: Callable[..., Tensor]) -> None:
        """Compute each average with a function.

        Args:
            func (Callable): Called with the original, the average and the keyword ``trainable``;
                returns the new average.
        """
        for pairs in (self._weights, self._buffers, self._counters):
            for source, target in zip(*_tensors(pairs), strict=True):
                target.copy_(func(source, target, trainable=source.requires_grad))


def _slots(module: nn.Module) -> Iterator[tuple[str, Slot]]:
    """Everything that the module's state dict holds, each shared tensor once."""
    seen: set[int] = set()
    for prefix, child in module.named_modules():
        kept = {name for name in child._buffers if name not in child._non_persistent_buffers_set}
        for table, names in ((child._parameters, set(child._parameters)), (child._buffers, kept)):
            for name, tensor in table.items():
                if name in names and tensor is not None and id(tensor) not in seen:
                    seen.add(id(tensor))
                    yield f"{prefix}.{name}".lstrip("."), (table, name)


def _at(slot: Slot) -> Tensor:
    table, name = slot
    return table[name]  # type: ignore[return-value]


def _check_same(original: dict[str, Slot], average: dict[str, Slot]) -> None:
    missing = sorted(original.keys() - average.keys())
    unexpected = sorted(average.keys() - original.keys())
    resized = [
        f"{name} {tuple(_at(original[name]).shape)} and {tuple(_at(average[name]).shape)}"
        for name in original.keys() & average.keys()
        if _at(original[name]).shape != _at(average[name]).shape
    ]
    if missing or unexpected or resized:
        raise ValueError(
            f"missing in the average: {missing}; only in the average: {unexpected}; "
            f"of different shapes: {sorted(resized)}"
        )


def _tensors(pairs: Pairs) -> tuple[list[Tensor], list[Tensor]]:
    originals, averages = pairs
    sources = [table[name] for table, name in originals]
    targets = [table[name] for table, name in averages]
    return sources, targets  # type: ignore[return-value]


def _lerp(sources: list[Tensor], targets: list[Tensor], share: float) -> None:
    if share == 1.0:
        _copy(sources, targets)
    elif targets:
        torch._foreach_lerp_(targets, sources, share)


def _copy(sources: list[Tensor], targets: list[Tensor]) -> None:
    if targets:
        torch._foreach_copy_(targets, sources)
