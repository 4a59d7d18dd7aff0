"""Annotations or predictions of the instances in one image, one row each."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from .base_data_element import BaseDataElement


class InstanceData(BaseDataElement):
    """Data of which every value has one entry per instance; it can be indexed and joined.

    Values are tensors, numpy arrays, lists, tuples, strings, or objects with ``__len__``,
    ``__getitem__`` and a static method ``cat``.

    Args:
        metainfo (dict, optional): What describes the data. Defaults to None.
        **kwargs: The data.

    Raises:
        AssertionError: If a value has no length, or another length than the others.

    Example:
        >>> instances = InstanceData(labels=torch.tensor([2, 3]), names=["cat", "dog"])
        >>> len(instances)
        2
        >>> instances[torch.tensor([False, True])].names
        ['dog']
        >>> InstanceData.cat([instances, instances]).labels
        tensor([2, 3, 2, 3])
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in ("_metainfo_fields", "_data_fields"):
            assert hasattr(value, "__len__"), (
                f"{name} of {type(self).__name__} must have a length, "
                f"but got {type(value).__name__}"
            )
            if self._data_fields:
                assert len(value) == len(self), (
                    f"{name} has the length {len(value)}, but this {type(self).__name__} has "
                    f"{len(self)} instances"
                )
        super().__setattr__(name, value)

    def __setitem__(self, name: str, value: Any) -> None:
        setattr(self, name, value)

    def __len__(self) -> int:
        return len(getattr(self, next(iter(self._data_fields)))) if self._data_fields else 0

    def __getitem__(self, item: Any) -> Any:
        """Return some of the instances, or, given a name, the value of that name.

        Args:
            item (int | slice | list | np.ndarray | torch.Tensor | str): Which instances: an
                integer, a slice, or integers or booleans in one dimension.

        Returns:
            InstanceData | Any: The instances, also for a single integer; or the value.

        Raises:
            IndexError: If an integer is out of range.
            AssertionError: If ``item`` is of another type or has other dimensions.
        """
        if isinstance(item, str):
            return getattr(self, item)
        if isinstance(item, (list, np.ndarray)):
            item = _as_index(item)
        if isinstance(item, (int, np.integer)):
            if not -len(self) <= item < len(self):
                raise IndexError(f"index {item} is out of range for {len(self)} instances")
            item = slice(int(item), None, len(self))
        assert isinstance(item, (slice, torch.Tensor)), (
            f"{type(self).__name__} is indexed with an int, a slice, a str, or a list, array or "
            f"tensor of integers or booleans, but got {type(item).__name__}"
        )
        new = self.__class__(metainfo=self.metainfo)
        if isinstance(item, slice):
            new.set_data({name: value[item] for name, value in self.items()})
        else:
            self._check_index(item)
            new.set_data({name: _take(name, value, item) for name, value in self.items()})
        return new

    def _check_index(self, item: torch.Tensor) -> None:
        assert item.dtype in (torch.int64, torch.bool), (
            f"the index must be of type int64 or bool, but got {item.dtype}"
        )
        assert item.dim() == 1, (
            f"only the first dimension can be indexed, but the index has {item.dim()} dimensions"
        )
        if item.dtype == torch.bool:
            assert len(item) == len(self), (
                f"the boolean index has the length {len(item)}, but there are {len(self)} instances"
            )

    @staticmethod
    def cat(instances_list: Sequence[InstanceData]) -> InstanceData:
        """Join instances.

        Args:
            instances_list (list[InstanceData]): At least one, all with the same names.

        Returns:
            InstanceData: All instances, with the metainfo of the first.

        Raises:
            AssertionError: If the list is empty, holds something else, or names differ.
            ValueError: If values of one name cannot be joined.

        Example:
            >>> InstanceData.cat([InstanceData(names=["a"]), InstanceData(names=["b"])]).names
            ['a', 'b']
        """
        assert len(instances_list) > 0, "instances_list must not be empty"
        for instances in instances_list:
            assert isinstance(instances, InstanceData), (
                f"instances_list must hold InstanceData, but got {type(instances).__name__}"
            )
        first = instances_list[0]
        if len(instances_list) == 1:
            return first
        for instances in instances_list:
            assert set(instances.all_keys()) == set(first.all_keys()), (
                "all elements of instances_list must have the same keys, "
                f"but got {first.all_keys()} and {instances.all_keys()}"
            )
        new = first.__class__(metainfo=first.metainfo)
        new.set_data(
            {
                name: _join(name, [instances[name] for instances in instances_list])
                for name, _ in first.items()
            }
        )
        return new


def _as_index(item: list[Any] | np.ndarray) -> torch.Tensor:
    array = np.asarray(item)
    if array.size == 0:
        array = array.astype(np.int64)
    assert array.dtype.kind in "iub", (
        f"the index must hold integers or booleans, but got {array.dtype}"
    )
    return torch.from_numpy(array if array.dtype.kind == "b" else array.astype(np.int64))


def _take(name: str, value: Any, index: torch.Tensor) -> Any:
    """Return the entries of one value that a tensor of integers or booleans selects."""
    if isinstance(value, torch.Tensor):
        return value[index.to(value.device)]
    if isinstance(value, np.ndarray):
        return value[index.cpu().numpy()]
    positions = (index.nonzero().flatten() if index.dtype == torch.bool else index).tolist()
    if isinstance(value, str):
        return "".join(value[position] for position in positions)
    if isinstance(value, (list, tuple)):
        return type(value)(value[position] for position in positions)
    if not hasattr(value, "cat"):
        raise ValueError(
            f"{name} is a {type(value).__name__} without `cat`: it cannot be indexed with a tensor"
        )
    return value.cat([value[position] for position in positions]) if positions else value[0:0]


def _join(name: str, values: list[Any]) -> Any:
    first = values[0]
    if isinstance(first, torch.Tensor):
        return torch.cat(values, dim=0)
    if isinstance(first, np.ndarray):
        return np.concatenate(values, axis=0)
    if isinstance(first, str):
        return "".join(values)
    if isinstance(first, (list, tuple)):
        return type(first)(itertools.chain(*values))
    if not hasattr(first, "cat"):
        raise ValueError(
            f"{name} is a {type(first).__name__} without `cat`: its instances cannot be joined"
        )
    return first.cat(values)
