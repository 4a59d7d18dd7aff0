"""The base class of datasets that read an annotation file and run a pipeline on its entries."""

from __future__ import annotations

import copy
import logging
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from torch.utils.data import Dataset

from mmlight.config import Config
from mmlight.dataset.compose import Compose
from mmlight.dataset.lazy_init import force_full_init
from mmlight.dataset.serialized import read, select, serialize
from mmlight.fileio import join_path, list_from_file, load
from mmlight.logging import print_log
from mmlight.utils import is_abs


class BaseDataset(Dataset[Any]):
    """A dataset of the entries of an annotation file, each run through a pipeline when it is read.

    The annotation file, in any format that ``mmlight.fileio.load`` reads, holds a dict of
    ``metainfo`` (dict) and ``data_list`` (list of dicts). Meta information comes, the earlier
    winning, from ``metainfo``, from the class attribute ``METAINFO`` and from the file.

    Args:
        ann_file (str): Annotation file, relative to ``data_root``.
        metainfo (Mapping | Config, optional): Meta information; a string that is the path of a
            text file stands for the list of its lines.
        data_root (str): Root of ``ann_file`` and of the ``data_prefix`` paths that are relative.
        data_prefix (dict): For each key of an entry that holds a path, what goes before it.
        filter_cfg (dict, optional): For :meth:`filter_data` of a subclass.
        indices (int | Sequence[int], optional): Keep the first (positive) or last (negative)
            entries, or the ones at these indices.
        serialize_data (bool): Whether entries are kept as bytes that workers share.
        pipeline (list): Transforms, or configs of them.
        test_mode (bool): Whether an entry for which the pipeline returns None is an error; in
            training another entry is drawn at random instead.
        lazy_init (bool): Whether the annotations are loaded only when :meth:`full_init` is called,
            or when they are first needed.
        max_refetch (int): How many other entries may be drawn.

    Raises:
        TypeError: If ``metainfo``, a prefix or an annotation has another type than documented.
        ValueError: If the annotation file lacks ``metainfo`` or ``data_list``.

    Example:
        >>> class Squares(BaseDataset):
        ...     METAINFO = {"task": "squares"}
        ...     def load_data_list(self):
        ...         return [{"n": n} for n in range(4)]
        >>> squares = Squares(pipeline=[lambda data: data["n"] ** 2])
        >>> squares[3], squares.metainfo
        (9, {'task': 'squares'})
    """

    METAINFO: dict[str, Any] = {}
    _fully_initialized: bool = False

    def __init__(
        self,
        ann_file: str | None = "",
        metainfo: Mapping[str, Any] | Config | None = None,
        data_root: str | None = "",
        data_prefix: dict[str, Any] = {"img_path": ""},  # noqa: B006
        filter_cfg: dict[str, Any] | None = None,
        indices: int | Sequence[int] | None = None,
        serialize_data: bool = True,
        pipeline: list[dict[str, Any] | Callable[..., Any]] = [],  # noqa: B006
        test_mode: bool = False,
        lazy_init: bool = False,
        max_refetch: int = 1000,
    ) -> None:
        self.ann_file = ann_file
        self._metainfo = self._load_metainfo(copy.deepcopy(metainfo))
        self.data_root = data_root
        self.data_prefix = copy.copy(data_prefix)
        self.filter_cfg = copy.deepcopy(filter_cfg)
        self._indices = indices
        self.serialize_data = serialize_data
        self.test_mode = test_mode
        self.max_refetch = max_refetch
        self.data_list: list[dict[str, Any]] = []
        self.data_bytes: np.ndarray
        self.data_address: np.ndarray
        self._join_prefix()
        self.pipeline = Compose(pipeline)
        if not lazy_init:
            self.full_init()

    @property
    def metainfo(self) -> dict[str, Any]:
        """dict: A copy of the meta information."""
        return copy.deepcopy(self._metainfo)

    def full_init(self) -> None:
        """Load, filter, cut down and serialise the annotations, unless that has happened."""
        if self._fully_initialized:
            return
        self.data_list = self.load_data_list()
        self.data_list = self.filter_data()
        if self._indices is not None:
            self.data_list = self._get_unserialized_subset(self._indices)
        if self.serialize_data:
            self.data_bytes, self.data_address = self._serialize_data()
        self._fully_initialized = True

    def load_data_list(self) -> list[dict[str, Any]]:
        """Read the annotation file; a subclass overrides this for another format.

        Returns:
            list[dict]: The entries.

        Raises:
            TypeError: If the file does not hold a dict of a dict and a list, or
                :meth:`parse_data_info` returns neither a dict nor a list of dicts.
            ValueError: If the dict lacks ``metainfo`` or ``data_list``.
        """
        annotations = load(self.ann_file)
        if not isinstance(annotations, dict):
            raise TypeError(
                f"The annotations loaded from annotation file {self.ann_file} should be a dict, "
                f"but got {type(annotations)}!"
            )
        if "data_list" not in annotations or "metainfo" not in annotations:
            raise ValueError(
                f"Annotation must have data_list and metainfo keys, but {self.ann_file} has "
                f"{list(annotations)}"
            )
        for key, kind in (("metainfo", dict), ("data_list", (list, tuple))):
            if not isinstance(annotations[key], kind):
                raise TypeError(
                    f"{key} of annotation file {self.ann_file} should be a "
                    f"{'dict' if kind is dict else 'list'}, but got {type(annotations[key])}"
                )
        for key, value in annotations["metainfo"].items():
            self._metainfo.setdefault(key, value)
        data_list: list[dict[str, Any]] = []
        for raw_data_info in annotations["data_list"]:
            data_info = self.parse_data_info(raw_data_info)
            if isinstance(data_info, dict):
                data_list.append(data_info)
            elif isinstance(data_info, list):
                for item in data_info:
                    if not isinstance(item, dict):
                        raise TypeError(f"data_info must be list of dict, but got {type(item)}")
                data_list.extend(data_info)
            else:
                raise TypeError(
                    f"data_info should be a dict or list of dict, but got {type(data_info)}"
                )
        return data_list

    def parse_data_info(
        self, raw_data_info: dict[str, Any]
    ) -> dict[str, Any] | list[dict[str, Any]]:
        """Turn an entry of the annotation file into samples: here, put the prefixes before paths.

        Args:
            raw_data_info (dict): The entry.

        Returns:
            dict | list[dict]: One sample or several.

        Raises:
            TypeError: If the entry is not a dict.
            AssertionError: If the entry lacks a key of ``data_prefix``.
        """
        if not isinstance(raw_data_info, dict):
            raise TypeError(
                f"an entry of data_list should be a dict, but got {type(raw_data_info)}; other "
                "entries need a `parse_data_info` of their own"
            )
        for key, prefix in self.data_prefix.items():
            assert key in raw_data_info, (
                f"raw_data_info {raw_data_info} does not contain the key {key!r} of data_prefix; "
                "please check your data_prefix."
            )
            raw_data_info[key] = join_path(prefix, raw_data_info[key])
        return raw_data_info

    def filter_data(self) -> list[dict[str, Any]]:
        """Choose the entries to keep; a subclass overrides this and looks at ``filter_cfg``.

        Returns:
            list[dict]: Here, all of ``data_list``.
        """
        return self.data_list

    def get_cat_ids(self, idx: int) -> list[int]:
        """Get the categories in a sample; a subclass implements this for ``ClassBalancedDataset``.

        Args:
            idx (int): Index of the sample.

        Raises:
            NotImplementedError: Here, always.
        """
        raise NotImplementedError(f"{type(self)} must implement `get_cat_ids` method")

    @force_full_init
    def get_data_info(self, idx: int) -> dict[str, Any]:
        """Get an entry, before the pipeline.

        Args:
            idx (int): Index of the entry; negative from the end.

        Returns:
            dict: A copy of the entry, with its index in ``sample_idx``.

        Raises:
            IndexError: If there is no such entry.
            TypeError: If ``idx`` is not an integer.
        """
        position = sample_position(
            idx, len(self.data_address) if self.serialize_data else len(self.data_list)
        )
        if self.serialize_data:
            data_info: dict[str, Any] = read(self.data_bytes, self.data_address, position)
        else:
            data_info = copy.deepcopy(self.data_list[position])
        data_info["sample_idx"] = position
        return data_info

    def __getitem__(self, idx: int) -> Any:
        """Get a sample, after the pipeline.

        Args:
            idx (int): Index of the sample.

        Returns:
            Any: What the pipeline returns.

        Raises:
            Exception: If the pipeline returns None, in test mode at once, else ``max_refetch``
                more times.
        """
        if not self._fully_initialized:
            print_log(
                "Please call `full_init()` before the dataset is read: each worker loads the "
                "annotations for itself otherwise",
                logger="current",
                level=logging.WARNING,
            )
            self.full_init()
        if self.test_mode:
            data = self.prepare_data(idx)
            if data is None:
                raise Exception(f"The pipeline returned None for sample {idx} in test mode")
            return data
        for _ in range(self.max_refetch + 1):
            data = self.prepare_data(idx)
            if data is not None:
                return data
            idx = self._rand_another()
        raise Exception(
            f"Cannot find a valid sample after {self.max_refetch} more tries: the pipeline of "
            f"{type(self).__name__} keeps returning None. Please check your paths and pipeline"
        )

    def prepare_data(self, idx: int) -> Any:
        """Run the pipeline on an entry.

        Args:
            idx (int): Index of the entry.

        Returns:
            Any: What the pipeline returns.
        """
        return self.pipeline(self.get_data_info(idx))

    @force_full_init
    def __len__(self) -> int:
        return len(self.data_address) if self.serialize_data else len(self.data_list)

    @force_full_init
    def get_subset(self, indices: int | Sequence[int]) -> BaseDataset:
        """Make a dataset of some of the samples.

        Args:
            indices (int | Sequence[int]): The first (positive) or last (negative) samples, or the
                ones at these indices.

        Returns:
            BaseDataset: A new dataset; of serialised entries it shares what it can.

        Raises:
            TypeError: If ``indices`` is neither.
            AssertionError: If there are not so many serialised samples.
            IndexError: If there is no sample at one of the indices.
        """
        subset = self._copy_without_annotation()
        if self.serialize_data:
            subset.data_bytes, subset.data_address = self._get_serialized_subset(indices)
            subset.data_list = []
        else:
            subset.data_list = copy.deepcopy(self._get_unserialized_subset(indices))
        return subset

    @force_full_init
    def get_subset_(self, indices: int | Sequence[int]) -> None:
        """Keep only some of the samples.

        Args:
            indices (int | Sequence[int]): As in :meth:`get_subset`.
        """
        if self.serialize_data:
            self.data_bytes, self.data_address = self._get_serialized_subset(indices)
        else:
            self.data_list = self._get_unserialized_subset(indices)

    def _get_serialized_subset(self, indices: int | Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        length = len(self.data_address)
        if isinstance(indices, int):
            assert abs(indices) <= length, (
                f"{indices} samples were asked for, but the dataset has only {length}"
            )
        return select(self.data_bytes, self.data_address, _positions(indices, length))

    def _get_unserialized_subset(self, indices: int | Sequence[int]) -> list[dict[str, Any]]:
        positions = _positions(indices, len(self.data_list))
        if isinstance(positions, slice):
            return self.data_list[positions]
        return [self.data_list[position] for position in positions]

    def _serialize_data(self) -> tuple[np.ndarray, np.ndarray]:
        return serialize(self.data_list)

    def _rand_another(self) -> int:
        return np.random.randint(0, len(self))

    def _copy_without_annotation(self, memo: dict[int, Any] | None = None) -> BaseDataset:
        memo = {} if memo is None else memo
        other = type(self).__new__(type(self))
        memo[id(self)] = other
        for key, value in vars(self).items():
            if key not in ("data_list", "data_address", "data_bytes"):
                setattr(other, key, copy.deepcopy(value, memo))
        return other

    @classmethod
    def _load_metainfo(cls, metainfo: Mapping[str, Any] | Config | None = None) -> dict[str, Any]:
        merged = copy.deepcopy(cls.METAINFO)
        if metainfo is None:
            return merged
        if not isinstance(metainfo, (Mapping, Config)):
            raise TypeError(f"metainfo should be a Mapping or Config, but got {type(metainfo)}")
        for key, value in metainfo.items():
            if isinstance(value, str):
                try:
                    value = list_from_file(value)
                except (TypeError, FileNotFoundError, IsADirectoryError):
                    # A bare word, as a name of the dataset, was hardly meant as a path.
                    if set(value) & set("/\\."):
                        said = f"metainfo {key}={value!r} is no path of a file and taken as it is"
                        print_log(said, logger="current", level=logging.WARNING)
            merged[key] = value
        return merged

    def _join_prefix(self) -> None:
        """Put ``data_root`` before the paths that are relative."""
        if not isinstance(self.data_prefix, dict):
            raise TypeError(
                f"data_prefix should be a dict of key and prefix, but got {type(self.data_prefix)}"
            )
        if self.ann_file and self.data_root and not is_abs(self.ann_file):
            self.ann_file = str(join_path(self.data_root, self.ann_file))
        for key, prefix in self.data_prefix.items():
            if not isinstance(prefix, str):
                raise TypeError(
                    f"prefix should be a string, but got {type(prefix)} for data_prefix[{key!r}]"
                )
            if self.data_root and not is_abs(prefix):
                self.data_prefix[key] = join_path(self.data_root, prefix)


def _positions(indices: Any, length: int) -> slice | list[int]:
    """Turn ``indices`` of a dataset into a slice, or into positions from 0."""
    if isinstance(indices, int):
        return slice(0, indices) if indices >= 0 else slice(max(length + indices, 0), length)
    if not isinstance(indices, Sequence) or isinstance(indices, str):
        raise TypeError(f"indices should be a int or sequence of int, but got {type(indices)}")
    return [sample_position(index, length) for index in indices]


def sample_position(idx: int, length: int) -> int:
    """Return the place of a sample from 0.

    Args:
        idx (int): Index of the sample; negative from the end.
        length (int): How many samples there are.

    Returns:
        int: The place, at least 0 and less than ``length``.

    Raises:
        IndexError: If there is no such sample.
        TypeError: If ``idx`` is not an integer.

    Example:
        >>> sample_position(-1, 10)
        9
    """
    try:
        position = operator.index(idx)
    except TypeError:
        raise TypeError(f"an index of a sample should be an int, but got {type(idx)}") from None
    if position < 0:
        position += length
    if not 0 <= position < length:
        raise IndexError(f"index {idx} is out of range for a dataset of {length} samples")
    return position
