"""Annotations or predictions of every pixel of an image."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from .base_data_element import BaseDataElement

if TYPE_CHECKING:
    from typing_extensions import Self


class PixelData(BaseDataElement):
    """Data of which every value has the dimensions (channel, height, width), all of one size.

    A value of shape (height, width) gets a channel dimension.

    Args:
        metainfo (dict, optional): What describes the data. Defaults to None.
        **kwargs: The data, tensors or numpy arrays.

    Raises:
        AssertionError: If a value is of another type, or has other dimensions or another size.

    Example:
        >>> pixels = PixelData(image=np.zeros((3, 20, 40)), heat=torch.zeros(1, 20, 40))
        >>> pixels.shape
        (20, 40)
        >>> pixels[10:20, 20:40].shape, pixels[10, 20].shape
        ((10, 20), (1, 1))
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("_metainfo_fields", "_data_fields"):
            super().__setattr__(name, value)
            return
        assert isinstance(value, (torch.Tensor, np.ndarray)), (
            f"{name} of PixelData must be a torch.Tensor or a np.ndarray, "
            f"but got {type(value).__name__}"
        )
        assert value.ndim in (2, 3), (
            f"{name} of PixelData must have 2 or 3 dimensions, but got the shape "
            f"{tuple(value.shape)}"
        )
        if self.shape is not None:
            assert tuple(value.shape[-2:]) == self.shape, (
                f"{name} has height and width {tuple(value.shape[-2:])}, "
                f"but this PixelData has {self.shape}"
            )
        if value.ndim == 2:
            value = value[None]
            warnings.warn(
                f"{name} gets a channel dimension: its shape is now {tuple(value.shape)}",
                stacklevel=2,
            )
        super().__setattr__(name, value)

    def __getitem__(self, item: tuple[int | slice, int | slice]) -> Self:
        """Return a part of the pixels.

        Args:
            item (tuple[int | slice, int | slice]): Which rows and columns; an integer selects one
                and keeps the dimension.

        Returns:
            PixelData: That part of every value.

        Raises:
            TypeError: If ``item`` is not a tuple of integers and slices.
            AssertionError: If it does not have two elements.
        """
        if not isinstance(item, tuple):
            raise TypeError(f"PixelData is indexed with a tuple, but got {type(item).__name__}")
        assert len(item) == 2, f"PixelData is indexed by height and width, but got {item}"
        rows, columns = (_as_slice(index) for index in item)
        new = self.__class__(metainfo=self.metainfo)
        new.set_data({name: value[:, rows, columns] for name, value in self.items()})
        return new

    @property
    def shape(self) -> tuple[int, int] | None:
        """tuple[int, int] | None: Height and width, None if there is no data."""
        if not self._data_fields:
            return None
        height, width = getattr(self, next(iter(self._data_fields))).shape[-2:]
        return int(height), int(width)


def _as_slice(index: int | slice) -> slice:
    if isinstance(index, slice):
        return index
    if isinstance(index, int):
        return slice(index, index + 1 or None)
    raise TypeError(
        f"PixelData is indexed with integers and slices, but got {type(index).__name__}"
    )
