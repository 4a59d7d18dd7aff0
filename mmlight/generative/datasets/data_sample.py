"""The data element that generative datasets give and generative models return."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from mmlight.structures import BaseDataElement, LabelData


class DataSample(BaseDataElement):
    """What is known of one image, or of a batch of images: ground truth, generated images, noise.

    Any field may be set. A *batched* sample holds batched tensors and lists as fields;
    :meth:`split` takes it apart and :meth:`stack` puts it together.

    Example:
        >>> batch = DataSample(fake_img=torch.zeros(2, 1, 4, 4))
        >>> [sample.fake_img.shape for sample in batch.split()]
        [torch.Size([1, 4, 4]), torch.Size([1, 4, 4])]
    """

    def set_gt_label(self, value: int | Sequence[int] | Tensor) -> DataSample:
        """Set the class label.

        Args:
            value (int | Sequence[int] | Tensor): The label, or labels.

        Returns:
            DataSample: This sample.

        Example:
            >>> DataSample().set_gt_label(3).gt_label.label
            tensor([3])
        """
        label = torch.atleast_1d(torch.as_tensor(value))
        self.set_field(LabelData(label=label), "gt_label", dtype=LabelData)
        return self

    def split(self, allow_nonseq_value: bool = False) -> list[DataSample]:
        """Take a batched sample apart.

        Args:
            allow_nonseq_value (bool): Give a field that is no batch (a number, a string, a dict)
                to every sample, instead of refusing it. Defaults to False.

        Returns:
            list[DataSample]: One sample for each item of the batch; none for an empty sample.
            Meta information that :meth:`stack` made a list is taken apart as well.

        Raises:
            TypeError: If a field is no batch and ``allow_nonseq_value`` is False.
            ValueError: If two fields have batches of different sizes.

        Example:
            >>> batch = DataSample(noise=torch.zeros(2, 8), sample_model="ema")
            >>> [sample.sample_model for sample in batch.split(allow_nonseq_value=True)]
            ['ema', 'ema']
        """
        columns: dict[str, Any] = {}
        shared: dict[str, Any] = {}
        for name, value in self.items():
            if isinstance(value, LabelData):
                columns[name] = [LabelData(label=item) for item in value.get("label").split(1)]
            elif isinstance(value, DataSample):
                columns[name] = value.split(allow_nonseq_value)
            elif (isinstance(value, Sequence) and not isinstance(value, str)) or (
                isinstance(value, Tensor) and value.ndim
            ):
                columns[name] = value
            elif allow_nonseq_value:
                shared[name] = value
            else:
                raise TypeError(
                    f"field {name!r} of type {type(value).__name__} has no items to split; "
                    "pass allow_nonseq_value=True to give it to every sample"
                )
        sizes = {name: len(column) for name, column in columns.items()}
        if len(set(sizes.values())) > 1:
            raise ValueError(f"fields have batches of different sizes: {sizes}")
        lists = [len(value) for value in self.metainfo.values() if isinstance(value, list)]
        size = next(iter(sizes.values()), lists[0] if lists else 0)
        meta = {key: _column(value, size) for key, value in self.metainfo.items()}
        return [
            DataSample(
                metainfo={key: column[i] for key, column in meta.items()},
                **shared,
                **{name: column[i] for name, column in columns.items()},
            )
            for i in range(size)
        ]

    @classmethod
    def stack(cls, data_samples: Sequence[DataSample]) -> DataSample:
        """Put samples together as one batched sample.

        Args:
            data_samples (Sequence[DataSample]): Samples with the same fields.

        Returns:
            DataSample: Tensors are stacked along a new first dimension, labels concatenated, and
            nested samples stacked; other values become lists. Meta information, too, becomes
            lists.

        Raises:
            KeyError: If the samples have different fields.

        Example:
            >>> samples = [DataSample().set_gt_label(i) for i in range(3)]
            >>> DataSample.stack(samples).gt_label.label
            tensor([0, 1, 2])
        """
        if not data_samples:
            return cls()
        names, meta = data_samples[0].keys(), data_samples[0].metainfo_keys()
        for other in data_samples:
            if set(other.keys()) != set(names):
                raise KeyError(
                    f"samples to stack have different fields: {sorted(names)} and "
                    f"{sorted(other.keys())}"
                )
        fields = {name: cls._stack_field([s.get(name) for s in data_samples]) for name in names}
        return cls(
            metainfo={key: [s.metainfo.get(key) for s in data_samples] for key in meta}, **fields
        )

    @classmethod
    def _stack_field(cls, values: list[Any]) -> Any:
        first = values[0]
        if isinstance(first, LabelData):
            return LabelData(label=torch.cat([value.get("label") for value in values]))
        if isinstance(first, DataSample):
            return cls.stack(values)
        if isinstance(first, Tensor):
            return torch.stack(values)
        return values


def _column(value: Any, size: int) -> list[Any]:
    """Meta information of each sample: of its own where there is a list, else the same."""
    return value if isinstance(value, list) and len(value) == size else [value] * size
