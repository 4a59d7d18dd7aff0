"""The tensors of two networks of one architecture, side by side."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter

from torch import Tensor, nn

from mmlight.model.tensor_pairs import (
    TensorTree,
    averaged_tensors,
    copy_all,
    grouped,
    lerp_all,
)

_requires_grad = attrgetter("requires_grad")


class NetworkPair:
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
        >>> NetworkPair(original, average).copy()
        >>> original.weight.equal(average.weight)
        True
    """

    def __init__(self, original: nn.Module, average: nn.Module) -> None:
        self._tree, self._average = TensorTree(original), average
        sources, targets = averaged_tensors(original, True), averaged_tensors(average, True)
        _check_same(sources, targets)
        pairs = [(target, sources[name]) for name, target in targets.items()]
        self._pairs = pairs
        floating = [pair for pair in pairs if pair[0].is_floating_point()]
        self._weights = [pair for pair in floating if isinstance(pair[1], nn.Parameter)]
        self._buffers = [pair for pair in floating if not isinstance(pair[1], nn.Parameter)]
        self._counters = grouped(pair for pair in pairs if not pair[0].is_floating_point())
        self._originals = [source for _, source in self._weights]
        self._sort()

    def _sort(self) -> None:
        """Part the weights that train from those that do not, which change like the buffers."""
        self._trains = list(map(_requires_grad, self._originals))
        frozen = [pair for pair in self._weights if not pair[1].requires_grad]
        self._trained = grouped(pair for pair in self._weights if pair[1].requires_grad)
        self._rest = grouped([*self._buffers, *frozen])

    def holds_for(self, original: nn.Module, average: nn.Module) -> bool:
        """Say whether these are still the tensors of two networks, as far as training goes.

        Args:
            original (nn.Module): The network that trains.
            average (nn.Module): Its average.

        Returns:
            bool: False if one is another network, or the original had a tensor or a submodule
            replaced.
        """
        return average is self._average and self._tree.holds_for(original)

    def copy(self) -> None:
        """Make every tensor of the average equal the original's."""
        for groups in (self._trained, self._rest, self._counters):
            copy_all(groups)

    def lerp(self, momentum: float, momentum_nontrainable: float) -> None:
        """Move the averages towards the originals.

        Args:
            momentum (float): Share of the original for trainable weights, 0 to 1.
            momentum_nontrainable (float): Share for frozen weights and for buffers, 0 to 1.
                Tensors of whole numbers, such as counters, are always copied.
        """
        if list(map(_requires_grad, self._originals)) != self._trains:
            self._sort()
        lerp_all(self._trained, momentum)
        if momentum_nontrainable == 1.0:
            copy_all(self._rest)
        else:
            lerp_all(self._rest, momentum_nontrainable)
        copy_all(self._counters)

    def apply(self, func: Callable[..., Tensor]) -> None:
        """Compute each average with a function.

        Args:
            func (Callable): Called with the original, the average and the keyword ``trainable``;
                returns the new average.
        """
        for target, source in self._pairs:
            target.copy_(func(source, target, trainable=source.requires_grad))


def _check_same(original: dict[str, Tensor], average: dict[str, Tensor]) -> None:
    missing = sorted(original.keys() - average.keys())
    unexpected = sorted(average.keys() - original.keys())
    resized = [
        f"{name} {tuple(original[name].shape)} and {tuple(average[name].shape)}"
        for name in original.keys() & average.keys()
        if original[name].shape != average[name].shape
    ]
    if missing or unexpected or resized:
        raise ValueError(
            f"missing in the average: {missing}; only in the average: {unexpected}; "
            f"of different shapes: {sorted(resized)}"
        )
