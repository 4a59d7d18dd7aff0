"""Tensors as a stranger's file may describe them: checked before they are made."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from mmlight.fileio.safe_arrays import RefusedError, is_natural

TENSOR = "torch.Tensor"
PARAMETER = "torch.nn.Parameter"
"""Stand for classes which a file names, but has no need to call."""

# An expanded tensor has more elements than its storage; a file needs no more bytes for it.
_MAX_EXPANDED = 2**24


def _check_view(storage: Any, offset: Any, size: Any, stride: Any, dtype: Any = None) -> None:
    """Refuse a tensor that reaches beyond its storage, which torch would make larger."""
    if not isinstance(storage, torch.storage.TypedStorage):
        raise RefusedError("a tensor without a storage")
    _check_sizes(size, stride)
    if not is_natural(offset):
        raise RefusedError("a tensor at a senseless offset")
    number = math.prod(size)
    end = offset + (1 + sum((n - 1) * step for n, step in zip(size, stride)) if number else 0)
    itemsize = (dtype or storage.dtype).itemsize
    holds = storage._untyped_storage.nbytes() // itemsize
    if end > holds or number > max(holds, _MAX_EXPANDED):
        raise RefusedError(f"a tensor of shape {tuple(size)!r:.60}, with room for {holds}")


def _check_sizes(*sizes: Any) -> None:
    for some in sizes:
        if not isinstance(some, tuple) or not all(is_natural(number) for number in some):
            raise RefusedError("a tensor of no sensible shape")
    if len({len(some) for some in sizes}) != 1:
        raise RefusedError("a tensor with as many strides as it has no dimensions")


def _check_hooks(hooks: Any) -> None:
    if hooks:
        raise RefusedError("a tensor with hooks")


def _rebuild_tensor(storage: Any, offset: Any, size: Any, stride: Any) -> torch.Tensor:
    _check_view(storage, offset, size, stride)
    result: torch.Tensor = torch._utils._rebuild_tensor(storage, offset, size, stride)
    return result


def _rebuild_tensor_v2(
    storage: Any,
    offset: Any,
    size: Any,
    stride: Any,
    requires_grad: Any,
    hooks: Any,
    metadata: Any = None,
) -> torch.Tensor:
    _check_view(storage, offset, size, stride)
    _check_hooks(hooks)
    result: torch.Tensor = torch._utils._rebuild_tensor_v2(
        storage, offset, size, stride, bool(requires_grad), hooks, metadata
    )
    return result


def _rebuild_tensor_v3(
    storage: Any,
    offset: Any,
    size: Any,
    stride: Any,
    requires_grad: Any,
    hooks: Any,
    dtype: Any,
    metadata: Any = None,
) -> torch.Tensor:
    if not isinstance(dtype, torch.dtype):
        raise RefusedError("a tensor of no type")
    _check_view(storage, offset, size, stride, dtype)
    _check_hooks(hooks)
    result: torch.Tensor = torch._utils._rebuild_tensor_v3(
        storage, offset, size, stride, bool(requires_grad), hooks, dtype, metadata
    )
    return result


def _rebuild_qtensor(
    storage: Any, offset: Any, size: Any, stride: Any, quantizer: Any, grad: Any, hooks: Any
) -> torch.Tensor:
    _check_view(storage, offset, size, stride)
    _check_hooks(hooks)
    result: torch.Tensor = torch._utils._rebuild_qtensor(
        storage, offset, size, stride, quantizer, bool(grad), hooks
    )
    return result


def _rebuild_sparse_tensor(layout: Any, data: Any) -> torch.Tensor:
    if layout is torch.sparse_coo:
        indices, values, size, *coalesced = data
        _check_sizes(size)
        tensor = torch.sparse_coo_tensor(indices, values, size, check_invariants=True)
        # A claim that cannot be believed, and that is cheap to make true.
        return tensor.coalesce() if coalesced and coalesced[0] else tensor
    first, second, values, size = data
    _check_sizes(size)
    return torch.sparse_compressed_tensor(
        first, second, values, size, layout=layout, check_invariants=True
    )


def _rebuild_meta_tensor(dtype: Any, size: Any, stride: Any, requires_grad: Any) -> torch.Tensor:
    _check_sizes(size, stride)
    result: torch.Tensor = torch._utils._rebuild_meta_tensor_no_storage(
        dtype, size, stride, bool(requires_grad)
    )
    return result


def _rebuild_from_numpy(data: Any, dtype: Any, device: Any, requires_grad: Any) -> torch.Tensor:
    if not isinstance(data, np.ndarray):
        raise RefusedError("a tensor of an array that is none")
    result: torch.Tensor = torch._utils._rebuild_device_tensor_from_numpy(
        data, dtype, device, bool(requires_grad)
    )
    return result


def _rebuild_from_cpu(data: Any, dtype: Any, device: Any, requires_grad: Any) -> torch.Tensor:
    if not isinstance(data, torch.Tensor):
        raise RefusedError("a tensor of a tensor that is none")
    # This follows `map_location`, as a tensor with a storage does.
    result: torch.Tensor = torch._utils._rebuild_device_tensor_from_cpu_tensor(
        data, dtype, device, bool(requires_grad)
    )
    return result


def _rebuild_parameter(data: Any, requires_grad: Any, hooks: Any, state: Any = None) -> Any:
    _check_hooks(hooks)
    if not isinstance(data, torch.Tensor):
        raise RefusedError("a parameter without a tensor")
    parameter = torch.nn.Parameter(data, bool(requires_grad))
    return _with_attributes(parameter, state)


def _rebuild_from_type(function: Any, kind: Any, args: Any, state: Any) -> torch.Tensor:
    if function not in REBUILD.values() or kind not in (TENSOR, PARAMETER):
        raise RefusedError(f"a tensor of the kind {kind!r:.40}")
    tensor = function(*args)
    if kind is PARAMETER and not isinstance(tensor, torch.nn.Parameter):
        tensor = torch.nn.Parameter(tensor, tensor.requires_grad)
    return _with_attributes(tensor, state)


def _with_attributes(tensor: torch.Tensor, state: Any) -> torch.Tensor:
    """Give a tensor the attributes that its user had given it; no name of torch's is among them."""
    own, slots = state if isinstance(state, tuple) and len(state) == 2 else (state, None)
    if slots:
        raise RefusedError("a tensor with slots")
    for name, value in (own or {}).items():
        if type(name) is not str or hasattr(torch.nn.Parameter, name):
            raise RefusedError(f"a tensor whose attribute {name!r:.40} is replaced")
        setattr(tensor, name, value)
    return tensor


def make_size(size: Any = ()) -> torch.Size:
    """Make a shape."""
    if type(size) not in (tuple, list) or not all(is_natural(number) for number in size):
        raise RefusedError("a shape that is none")
    return torch.Size(size)


def make_device(kind: Any, index: Any = None) -> torch.device:
    """Make the name of a device."""
    if type(kind) is not str or not (index is None or is_natural(index)):
        raise RefusedError("a device that is none")
    return torch.device(kind) if index is None else torch.device(kind, index)


def get_layout(name: Any) -> torch.layout:
    """Return a layout of tensors by its name."""
    layout = getattr(torch, str(name).removeprefix("torch."), None)
    if not isinstance(layout, torch.layout):
        raise RefusedError(f"a tensor of the layout {name!r:.40}")
    return layout


REBUILD: dict[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor": _rebuild_tensor,
    "torch._utils._rebuild_tensor_v2": _rebuild_tensor_v2,
    "torch._utils._rebuild_tensor_v3": _rebuild_tensor_v3,
    "torch._utils._rebuild_qtensor": _rebuild_qtensor,
    "torch._utils._rebuild_sparse_tensor": _rebuild_sparse_tensor,
    "torch._utils._rebuild_meta_tensor_no_storage": _rebuild_meta_tensor,
    "torch._utils._rebuild_device_tensor_from_numpy": _rebuild_from_numpy,
    "torch._utils._rebuild_xla_tensor": _rebuild_from_numpy,
    "torch._utils._rebuild_device_tensor_from_cpu_tensor": _rebuild_from_cpu,
    "torch._utils._rebuild_parameter": _rebuild_parameter,
    "torch._utils._rebuild_parameter_with_state": _rebuild_parameter,
}
"""What a pickled tensor calls, by the names that are in the file."""

NEEDS_DATA = (_rebuild_sparse_tensor, _rebuild_from_cpu)
"""Functions that look into tensors, which torch's former format fills when all are there."""

TENSOR_TYPES: dict[str, Any] = {
    **REBUILD,
    "torch._tensor._rebuild_from_type_v2": _rebuild_from_type,
    "torch.Tensor": TENSOR,
    "torch.nn.parameter.Parameter": PARAMETER,
    "torch.Size": make_size,
    "torch.device": make_device,
    "torch.serialization._get_layout": get_layout,
    **{
        str(value): value
        for value in vars(torch).values()
        if isinstance(value, (torch.dtype, torch.qscheme))
    },
}
"""Everything of torch's that a file may name."""
