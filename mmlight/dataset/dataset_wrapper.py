"""Datasets made of other datasets: joined, repeated, or balanced by class."""

from __future__ import annotations

import copy
import logging
import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np
from torch.utils.data import ConcatDataset as TorchConcatDataset
from torch.utils.data import Dataset

from mmlight.dataset.base_dataset import BaseDataset, sample_position
from mmlight.dataset.lazy_init import force_full_init
from mmlight.logging import print_log
from mmlight.registry import DATASETS


def _build(dataset: Any) -> Any:
    if isinstance(dataset, dict):
        return DATASETS.build(dataset)
    if isinstance(dataset, (Dataset, _DatasetWrapper)):
        return dataset
    raise TypeError(
        "elements in datasets sequence should be config or dataset instance, but got "
        f"{type(dataset)}"
    )


def _full_init(dataset: Any) -> None:
    """Load the annotations of a dataset that can be told to; others have theirs."""
    if hasattr(dataset, "full_init"):
        dataset.full_init()


def _cat_ids(dataset: Any, idx: int) -> list[int]:
    if not hasattr(dataset, "get_cat_ids"):
        raise NotImplementedError(f"{type(dataset)} must implement `get_cat_ids` method")
    result: list[int] = dataset.get_cat_ids(idx)
    return result


class _DatasetWrapper:
    """What the wrappers have in common: lazy loading, meta information, no subsets."""

    _fully_initialized = False
    _metainfo: dict[str, Any]

    @property
    def metainfo(self) -> dict[str, Any]:
        """dict: A copy of the meta information of the (first) wrapped dataset."""
        return copy.deepcopy(self._metainfo)

    def full_init(self) -> None:
        raise NotImplementedError

    def _locate(self, idx: int) -> tuple[Any, int]:
        """Find the wrapped dataset of a sample, and the sample's index there."""
        raise NotImplementedError

    @force_full_init
    def get_data_info(self, idx: int) -> dict[str, Any]:
        """Get the annotation of a sample.

        Args:
            idx (int): Index of the sample in this dataset.

        Returns:
            dict: The annotation.
        """
        dataset, inner = self._locate(idx)
        result: dict[str, Any] = dataset.get_data_info(inner)
        return result

    @force_full_init
    def get_cat_ids(self, idx: int) -> list[int]:
        """Get the categories in a sample.

        Args:
            idx (int): Index of the sample in this dataset.

        Returns:
            list[int]: Its categories.

        Raises:
            NotImplementedError: If the wrapped dataset does not tell.
        """
        dataset, inner = self._locate(idx)
        return _cat_ids(dataset, inner)

    def __getitem__(self, idx: int) -> Any:
        if not self._fully_initialized:
            print_log(
                "Please call `full_init` before the dataset is read: each worker loads the "
                "annotations for itself otherwise",
                logger="current",
                level=logging.WARNING,
            )
            self.full_init()
        dataset, inner = self._locate(idx)
        return dataset[inner]

    def get_subset(self, indices: list[int] | int) -> NoReturn:
        """Refuse: which samples a subset would hold is ambiguous.

        Args:
            indices (list[int] | int): Ignored.

        Raises:
            NotImplementedError: Always.
        """
        name = type(self).__name__
        raise NotImplementedError(
            f"`{name}` does not support `get_subset` and `get_subset_`, whose meaning would be "
            f"ambiguous; use them on the wrapped dataset, and then `{name}`"
        )

    def get_subset_(self, indices: list[int] | int) -> NoReturn:
        """Refuse: which samples a subset would hold is ambiguous.

        Args:
            indices (list[int] | int): Ignored.

        Raises:
            NotImplementedError: Always.
        """
        self.get_subset(indices)


@DATASETS.register_module()
class ConcatDataset(_DatasetWrapper, TorchConcatDataset[Any]):
    """Several datasets, one behind the other.

    Args:
        datasets (Sequence[Dataset | dict]): The datasets, or configs of them.
        lazy_init (bool): Whether annotations are loaded only when they are needed.
        ignore_keys (str | list[str], optional): Keys of the meta information in which the datasets
            may differ; in all others they must be equal.

    Raises:
        TypeError: If ``datasets`` is not a sequence, an element is neither a dataset nor a config,
            or ``ignore_keys`` is neither a string nor a list.
        ValueError: If the meta information of the datasets differs, or there is no dataset.

    Example:
        >>> class Numbers(BaseDataset):
        ...     def load_data_list(self):
        ...         return [{"n": n} for n in range(3)]
        >>> len(ConcatDataset([Numbers(), Numbers(indices=1)]))
        4
    """

    def __init__(
        self,
        datasets: Sequence[Any],
        lazy_init: bool = False,
        ignore_keys: str | list[str] | None = None,
    ) -> None:
        if isinstance(datasets, (Dataset, Mapping, str)) or not isinstance(datasets, Iterable):
            raise TypeError(
                f"datasets should be a sequence of configs or datasets, but got {type(datasets)}"
            )
        self.datasets = [_build(dataset) for dataset in datasets]
        if not self.datasets:
            raise ValueError("ConcatDataset needs at least one dataset, but got none")
        if ignore_keys is None:
            ignore_keys = []
        elif isinstance(ignore_keys, str):
            ignore_keys = [ignore_keys]
        elif not isinstance(ignore_keys, list):
            raise TypeError(f"ignore_keys should be a list or str, but got {type(ignore_keys)}")
        self.ignore_keys = ignore_keys
        metainfos = [copy.deepcopy(getattr(dataset, "metainfo", {})) for dataset in self.datasets]
        self._metainfo = metainfos[0]
        for number, metainfo in enumerate(metainfos[1:], 1):
            _check_same_metainfo(self._metainfo, metainfo, number, ignore_keys)
        self._fully_initialized = False
        if not lazy_init:
            self.full_init()

    def full_init(self) -> None:
        """Load the annotations of all datasets, unless that has happened."""
        if self._fully_initialized:
            return
        for dataset in self.datasets:
            _full_init(dataset)
        self.cumulative_sizes = self.cumsum(self.datasets)
        self._fully_initialized = True

    def _locate(self, idx: int) -> tuple[Any, int]:
        number, inner = self._get_ori_dataset_idx(idx)
        return self.datasets[number], inner

    @force_full_init
    def _get_ori_dataset_idx(self, idx: int) -> tuple[int, int]:
        if idx < 0 and -idx > len(self):
            raise ValueError(
                f"absolute value of index({idx}) should not exceed dataset length({len(self)})."
            )
        idx = sample_position(idx, len(self))
        number = bisect_right(self.cumulative_sizes, idx)
        return number, idx - (self.cumulative_sizes[number - 1] if number else 0)

    @force_full_init
    def __len__(self) -> int:
        return self.cumulative_sizes[-1]


def _check_same_metainfo(
    first: dict[str, Any], other: dict[str, Any], number: int, ignore_keys: list[str]
) -> None:
    """Compare the meta information of dataset ``number`` (from 0) with the first one's."""
    for key in {**first, **other}:
        if key in ignore_keys:
            continue
        if key not in first or key not in other:
            missing, at = (first, 0) if key not in first else (other, number)
            raise ValueError(
                f"{key} is not in the meta information of dataset {at}, which has {list(missing)}; "
                f"add it to `ignore_keys` if the datasets may differ in it"
            )
        if type(first[key]) is not type(other[key]):
            raise TypeError(
                f"The type {type(other[key])} of {key} in dataset {number} should be the same as "
                f"in dataset 0, {type(first[key])}"
            )
        same = first[key] == other[key]
        if isinstance(same, np.ndarray):
            same = np.array_equal(first[key], other[key])
        if not same:
            raise ValueError(
                f"The meta information of dataset {number} differs from that of dataset 0 in "
                f"{key}: {other[key]!r} and {first[key]!r}; add it to `ignore_keys` if it may"
            )


@DATASETS.register_module()
class RepeatDataset(_DatasetWrapper):
    """A dataset several times over, for when an epoch of it is too short.

    Args:
        dataset (Dataset | dict): The dataset, or a config of it.
        times (int): How many times, at least 0.
        lazy_init (bool): Whether annotations are loaded only when they are needed.

    Raises:
        TypeError: If ``dataset`` is neither a dataset nor a config, or ``times`` not an int.
        ValueError: If ``times`` is negative.

    Example:
        >>> class Numbers(BaseDataset):
        ...     def load_data_list(self):
        ...         return [{"n": n} for n in range(3)]
        >>> repeated = RepeatDataset(Numbers(), times=2)
        >>> len(repeated), repeated[4]["n"]
        (6, 1)
    """

    def __init__(self, dataset: Any, times: int, lazy_init: bool = False) -> None:
        if not isinstance(times, int):
            raise TypeError(f"times should be an int, but got {type(times)}")
        if times < 0:
            raise ValueError(f"times should not be negative, but got {times}")
        self.dataset = _build(dataset)
        self.times = times
        self._metainfo = copy.deepcopy(getattr(self.dataset, "metainfo", {}))
        self._fully_initialized = False
        if not lazy_init:
            self.full_init()

    def full_init(self) -> None:
        """Load the annotations of the dataset, unless that has happened."""
        if self._fully_initialized:
            return
        _full_init(self.dataset)
        self._ori_len = len(self.dataset)
        self._fully_initialized = True

    def _locate(self, idx: int) -> tuple[Any, int]:
        return self.dataset, self._get_ori_dataset_idx(idx)

    @force_full_init
    def _get_ori_dataset_idx(self, idx: int) -> int:
        return sample_position(idx, len(self)) % self._ori_len

    @force_full_init
    def __len__(self) -> int:
        return self.times * self._ori_len


@DATASETS.register_module()
class ClassBalancedDataset(_DatasetWrapper):
    """A dataset in which samples of rare classes come more often.

    A class in a share ``f`` of the samples has the repeat factor ``max(1, sqrt(t / f))``, a sample
    the largest one of its classes, rounded up.

    Source: Gupta et al., LVIS: A Dataset for Large Vocabulary Instance Segmentation, CVPR 2019,
    https://arxiv.org/abs/1908.03195.

    Args:
        dataset (BaseDataset | dict): A dataset that implements ``get_cat_ids``, or its config.
        oversample_thr (float): The ``t`` above: rarer classes are repeated.
        lazy_init (bool): Whether annotations are loaded only when they are needed.

    Raises:
        TypeError: If ``dataset`` is neither a dataset nor a config, or ``oversample_thr`` not a
            number.
        NotImplementedError: If the dataset does not implement ``get_cat_ids``.

    Example:
        >>> class Numbers(BaseDataset):
        ...     def load_data_list(self):
        ...         return [{"n": n} for n in range(10)]
        ...     def get_cat_ids(self, idx):
        ...         return [int(idx == 0)]
        >>> [item["n"] for item in ClassBalancedDataset(Numbers(), oversample_thr=0.4)][:3]
        [0, 0, 1]
    """

    def __init__(self, dataset: Any, oversample_thr: float, lazy_init: bool = False) -> None:
        if not isinstance(oversample_thr, (int, float)):
            raise TypeError(f"oversample_thr should be a number, but got {type(oversample_thr)}")
        self.dataset = _build(dataset)
        self.oversample_thr = oversample_thr
        self._metainfo = copy.deepcopy(getattr(self.dataset, "metainfo", {}))
        self._fully_initialized = False
        if not lazy_init:
            self.full_init()

    def full_init(self) -> None:
        """Load the annotations and count the classes, unless that has happened."""
        if self._fully_initialized:
            return
        _full_init(self.dataset)
        factors = self._get_repeat_factors(self.dataset, self.oversample_thr)
        self.repeat_indices: list[int] = []
        for idx, factor in enumerate(factors):
            self.repeat_indices += [idx] * math.ceil(factor)
        self._fully_initialized = True

    def _get_repeat_factors(self, dataset: BaseDataset, repeat_thr: float) -> list[float]:
        categories = [set(_cat_ids(dataset, idx)) for idx in range(len(dataset))]
        counts = Counter(category for sample in categories for category in sample)
        factors = {
            category: max(1.0, math.sqrt(repeat_thr / (count / len(dataset))))
            for category, count in counts.items()
        }
        return [max((factors[c] for c in sample), default=1.0) for sample in categories]

    def _locate(self, idx: int) -> tuple[Any, int]:
        return self.dataset, self._get_ori_dataset_idx(idx)

    @force_full_init
    def _get_ori_dataset_idx(self, idx: int) -> int:
        return self.repeat_indices[sample_position(idx, len(self.repeat_indices))]

    @force_full_init
    def __len__(self) -> int:
        return len(self.repeat_indices)
