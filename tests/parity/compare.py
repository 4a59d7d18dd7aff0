"""Bit-for-bit comparison that names the first place where two results differ."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch


def assert_same(actual: Any, expected: Any, where: str = "result") -> None:
    """Raise AssertionError at the first difference of two nested results.

    Floats, arrays and tensors must be equal to the last bit (NaN equals NaN) and of one dtype and
    shape; mappings must hold the same keys, sequences the same number of items.

    Example:
        >>> assert_same({"loss": [1.0, float("nan")]}, {"loss": [1.0, float("nan")]})
        >>> assert_same({"loss": [1.0, 2.0]}, {"loss": [1.0, 2.5]})
        Traceback (most recent call last):
        AssertionError: result['loss'][1]: 2.0 is not 2.5
    """
    if isinstance(expected, torch.Tensor):
        assert isinstance(actual, torch.Tensor), f"{where}: {type(actual)} is not a tensor"
        assert actual.dtype == expected.dtype, f"{where}: {actual.dtype} is not {expected.dtype}"
        _same_array(actual.detach().cpu(), expected.detach().cpu(), where)
    elif isinstance(expected, np.ndarray):
        assert isinstance(actual, np.ndarray), f"{where}: {type(actual)} is not an array"
        assert actual.dtype == expected.dtype, f"{where}: {actual.dtype} is not {expected.dtype}"
        _same_array(actual, expected, where)
    elif isinstance(expected, Mapping):
        assert isinstance(actual, Mapping), f"{where}: {type(actual)} is not a mapping"
        missing, more = set(expected) - set(actual), set(actual) - set(expected)
        assert not missing and not more, f"{where}: lacks {missing}, has {more} too much"
        for key, value in expected.items():
            assert_same(actual[key], value, f"{where}[{key!r}]")
    elif isinstance(expected, Sequence) and not isinstance(expected, (str, bytes)):
        assert isinstance(actual, Sequence), f"{where}: {type(actual)} is not a sequence"
        for index, pair in enumerate(zip(actual, expected, strict=False)):
            assert_same(*pair, f"{where}[{index}]")
        assert len(actual) == len(expected), f"{where}: {len(actual)} items, not {len(expected)}"
    elif isinstance(expected, float) and math.isnan(expected):
        assert math.isnan(actual), f"{where}: {actual} is not NaN"
    else:
        assert actual == expected, f"{where}: {actual!r} is not {expected!r}"


def _same_array(actual: Any, expected: Any, where: str) -> None:
    assert actual.shape == expected.shape, f"{where}: {actual.shape} is not {expected.shape}"
    same = (actual == expected) | ((actual != actual) & (expected != expected))
    if not same.all():
        difference = np.abs(np.asarray(actual, float) - np.asarray(expected, float)).max()
        count = int((~same).sum())
        raise AssertionError(f"{where}: {count} elements differ, by up to {difference:.3g}")
