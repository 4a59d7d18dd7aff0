"""Batch normalization that is synchronised over processes, and back."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


class BatchNormXd(_BatchNorm):
    """Batch normalization of inputs of any number of dimensions.

    Example:
        >>> import torch
        >>> BatchNormXd(3)(torch.zeros(2, 3, 4, 4, 4)).shape
        torch.Size([2, 3, 4, 4, 4])
    """

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() < 2:
            raise ValueError(f"expected at least 2D input (got {input.dim()}D input)")


def revert_sync_batchnorm(module: nn.Module) -> nn.Module:
    """Replace the ``SyncBatchNorm`` layers in a module, those of torch and of mmcv.

    Args:
        module (nn.Module): A module; it is changed in place, unless it is such a layer itself.

    Returns:
        nn.Module: The module, with layers that take inputs of any number of dimensions instead.

    Example:
        >>> net = revert_sync_batchnorm(nn.Sequential(nn.SyncBatchNorm(3)))
        >>> type(net[0]).__name__
        'BatchNormXd'
    """
    kinds: tuple[type, ...] = (nn.SyncBatchNorm,)
    # A model with such a layer has brought the package; elsewhere it may not even import.
    if (ops := sys.modules.get("mmcv.ops")) is not None:
        kinds += (ops.SyncBatchNorm,)
    return _replace_batchnorm(module, kinds, BatchNormXd)


def convert_sync_batchnorm(module: nn.Module, implementation: str = "torch") -> nn.Module:
    """Replace the batch normalization layers in a module by ``SyncBatchNorm``.

    Args:
        module (nn.Module): A module; it is changed in place, unless it is such a layer itself.
        implementation (str): Whose layer, ``torch`` or ``mmcv``.

    Returns:
        nn.Module: The module.

    Raises:
        ValueError: If ``implementation`` is neither.

    Example:
        >>> convert_sync_batchnorm(nn.Sequential(nn.BatchNorm2d(3)))
        Sequential(
          (0): SyncBatchNorm(3, eps=1e-05, momentum=0.1, affine=True, bias=True, \
track_running_stats=True)
        )
    """
    if implementation == "torch":
        result: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(module)
        return result
    if implementation != "mmcv":
        raise ValueError(f'sync_bn should be "torch" or "mmcv", but got {implementation}')
    try:
        layer = import_module("mmcv.ops").SyncBatchNorm
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "implementation='mmcv' needs the package mmcv with its compiled operators; "
            "mmcv-lite does not have them"
        ) from error
    return _replace_batchnorm(module, (_BatchNorm,), layer)


def _replace_batchnorm(
    module: nn.Module, kinds: tuple[type, ...], make: Callable[..., nn.Module]
) -> nn.Module:
    for name, child in module.named_children():
        module.add_module(name, _replace_batchnorm(child, kinds, make))
    if not isinstance(module, kinds):
        return module
    layer = make(
        module.num_features, module.eps, module.momentum, module.affine, module.track_running_stats
    )
    # The tensors themselves, so that an optimizer that has them keeps them.
    for name, param in module.named_parameters(recurse=False):
        layer.register_parameter(name, param)
    for name, buffer in module.named_buffers(recurse=False):
        layer.register_buffer(name, buffer)
    if hasattr(module, "qconfig"):
        layer.qconfig = module.qconfig
    return layer.train(module.training)
