"""Comparisons; all but the first answer True or False, for an ``assert`` of the test."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

_MISSING = object()


def assert_allclose(
    actual: Any,
    expected: Any,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = True,
    msg: str | Callable[..., Any] | None = "",
) -> None:
    """Compare numbers, arrays or tensors, whatever their dtypes and devices.

    Args:
        actual: What there is.
        expected: What there should be.
        rtol (float, optional): Allowed share; torch's for the dtype without both.
        atol (float, optional): Allowed difference.
        equal_nan (bool): Whether two NaN are equal.
        msg (str or Callable, optional): Message of the error, torch's if empty.

    Raises:
        AssertionError: If they differ by more.

    Example:
        >>> assert_allclose([1.0, 2.0], torch.tensor([1, 2]))
    """
    torch.testing.assert_close(
        torch.as_tensor(actual),
        torch.as_tensor(expected),
        rtol=rtol,
        atol=atol,
        equal_nan=equal_nan,
        check_device=False,
        check_dtype=False,
        msg=msg or None,
    )


def _same(one: Any, other: Any) -> bool:
    return bool(np.all(one == other)) if one is not other else True


def assert_dict_contains_subset(
    dict_obj: Mapping[str, Any], expected_subset: Mapping[str, Any]
) -> bool:
    """Tell whether a dict has all items of another one.

    Example:
        >>> assert_dict_contains_subset(dict(a=1, b=2), dict(a=1))
        True
    """
    return all(_same(dict_obj.get(key, _MISSING), value) for key, value in expected_subset.items())


def assert_attrs_equal(obj: Any, expected_attrs: Mapping[str, Any]) -> bool:
    """Tell whether an object has attributes of these values.

    Example:
        >>> assert_attrs_equal(nn.Linear(2, 3), dict(in_features=2, out_features=3))
        True
    """
    return all(_same(getattr(obj, name, _MISSING), value) for name, value in expected_attrs.items())


def assert_dict_has_keys(obj: Mapping[str, Any], expected_keys: Iterable[Any]) -> bool:
    """Tell whether a dict has all of these keys.

    Example:
        >>> assert_dict_has_keys(dict(a=1), ["a", "b"])
        False
    """
    return set(expected_keys) <= set(obj)


def assert_keys_equal(result_keys: Iterable[Any], target_keys: Iterable[Any]) -> bool:
    """Tell whether two lists hold the same keys, in any order.

    Example:
        >>> assert_keys_equal(["a", "b"], ["b", "a"])
        True
    """
    return set(result_keys) == set(target_keys)


def assert_is_norm_layer(module: nn.Module) -> bool:
    """Tell whether a module normalises.

    Example:
        >>> assert_is_norm_layer(nn.GroupNorm(1, 1)), assert_is_norm_layer(nn.ReLU())
        (True, False)
    """
    batch_or_instance = nn.modules.batchnorm._NormBase
    return isinstance(module, (batch_or_instance, nn.GroupNorm, nn.LayerNorm))


def assert_params_all_zeros(module: nn.Module) -> bool:
    """Tell whether the weight and the bias of a module are zero.

    Example:
        >>> layer = nn.Linear(1, 1)
        >>> _ = nn.init.zeros_(layer.weight), nn.init.zeros_(layer.bias)
        >>> assert_params_all_zeros(layer)
        True
    """
    return not any(parameter.any() for parameter in module.parameters(recurse=False))
