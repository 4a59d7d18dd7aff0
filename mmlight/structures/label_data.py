"""Annotations or predictions of a whole image."""

from __future__ import annotations

import torch

from .base_data_element import BaseDataElement


class LabelData(BaseDataElement):
    """Data of a whole image, such as its class, with conversions of labels.

    Args:
        metainfo (dict, optional): What describes the data. Defaults to None.
        **kwargs: The data.

    Example:
        >>> LabelData(label=torch.tensor([1])).label
        tensor([1])
    """

    @staticmethod
    def label_to_onehot(label: torch.Tensor, num_classes: int) -> torch.Tensor:
        """Return a tensor that is 1 at every label and 0 elsewhere.

        Args:
            label (torch.Tensor): Labels below ``num_classes``, shape (N,) or, for one, ().
            num_classes (int): Number of classes.

        Returns:
            torch.Tensor: Shape (num_classes,), of the type of ``label``.

        Raises:
            AssertionError: If ``label`` is not a tensor, has more dimensions or holds something
                that is no label.
            IndexError: If ``label`` is not of an integer type.
            TypeError: If ``num_classes`` is not an integer.

        Example:
            >>> LabelData.label_to_onehot(torch.tensor([0, 2]), 3)
            tensor([1, 0, 1])
        """
        assert isinstance(label, torch.Tensor), (
            f"label must be a torch.Tensor, but got {type(label).__name__}"
        )
        if not isinstance(num_classes, int):
            raise TypeError(f"num_classes must be an int, but got {num_classes!r}")
        assert label.dim() <= 1, (
            f"label must have the shape (N,), one image's labels, but got {tuple(label.shape)}"
        )
        if label.is_floating_point():
            raise IndexError(f"label must be of an integer type, but got {label.dtype}")
        assert bool(((label >= 0) & (label < num_classes)).all()), (
            f"labels must be at least 0 and below num_classes={num_classes}, but got {label}"
        )
        onehot = label.new_zeros((num_classes,))
        onehot[label.flatten().long()] = 1
        return onehot

    @staticmethod
    def onehot_to_label(onehot: torch.Tensor) -> torch.Tensor:
        """Return the labels at which a tensor is 1.

        Args:
            onehot (torch.Tensor): Zeros and ones, shape (num_classes,).

        Returns:
            torch.Tensor: The labels, int64, shape (N,).

        Raises:
            AssertionError: If ``onehot`` is not a tensor.
            ValueError: If it holds something else than 0 and 1, or has other dimensions.

        Example:
            >>> LabelData.onehot_to_label(torch.tensor([1, 0, 1]))
            tensor([0, 2])
        """
        assert isinstance(onehot, torch.Tensor), (
            f"onehot must be a torch.Tensor, but got {type(onehot).__name__}"
        )
        if onehot.dim() != 1 or not bool(((onehot == 0) | (onehot == 1)).all()):
            raise ValueError(
                "onehot must have one dimension and hold only 0 and 1, "
                f"but got {onehot} of shape {tuple(onehot.shape)}"
            )
        return onehot.nonzero().flatten()
