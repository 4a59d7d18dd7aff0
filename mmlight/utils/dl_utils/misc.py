"""Questions about layers, and images out of tensors."""

from __future__ import annotations

from importlib.machinery import PathFinder

import numpy as np
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.instancenorm import _InstanceNorm

_NORMS = (_BatchNorm, _InstanceNorm, nn.GroupNorm, nn.LayerNorm)


def is_norm(layer: nn.Module, exclude: type | tuple[type, ...] | None = None) -> bool:
    """Tell whether a layer is a batch, instance, group or layer normalization.

    Args:
        layer (nn.Module): The layer.
        exclude (type or tuple of type, optional): Layers that do not count.

    Returns:
        bool: Whether it is one.

    Raises:
        TypeError: If ``exclude`` has another type.

    Example:
        >>> is_norm(nn.BatchNorm2d(2)), is_norm(nn.BatchNorm2d(2), exclude=nn.BatchNorm2d)
        (True, False)
    """
    excluded = () if exclude is None else exclude if isinstance(exclude, tuple) else (exclude,)
    if not all(isinstance(item, type) for item in excluded):
        raise TypeError(f'"exclude" must be None, a type or a tuple of types, but got {exclude!r}')
    return isinstance(layer, _NORMS) and not isinstance(layer, excluded)


def has_batch_norm(model: nn.Module) -> bool:
    """Tell whether a model has a batch normalization.

    Args:
        model (nn.Module): The model.

    Returns:
        bool: Whether it has.

    Example:
        >>> has_batch_norm(nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)))
        True
    """
    return any(isinstance(module, _BatchNorm) for module in model.modules())


def mmcv_full_available() -> bool:
    """Tell whether mmcv with its compiled operators is installed.

    Returns:
        bool: Whether it is.

    Example:
        >>> mmcv_full_available() in (True, False)
        True
    """
    # Not `importlib.util.find_spec("mmcv._ext")`, which imports mmcv, and with it MMEngine.
    package = PathFinder.find_spec("mmcv")
    if package is None or package.submodule_search_locations is None:
        return False
    return PathFinder.find_spec("mmcv._ext", package.submodule_search_locations) is not None


def tensor2imgs(
    tensor: Tensor,
    mean: tuple[float, ...] | None = None,
    std: tuple[float, ...] | None = None,
    to_bgr: bool = True,
) -> list[np.ndarray]:
    """Turn a batch of normalized images into arrays.

    Args:
        tensor (Tensor): RGB or gray images, shape (N, 3 or 1, H, W).
        mean (tuple of float, optional): Mean of each channel, added back; None is 0.
        std (tuple of float, optional): Deviation of each channel, multiplied back; None is 1.
        to_bgr (bool): Change RGB to BGR; must be False for gray images.

    Returns:
        list of np.ndarray: Images of the tensor's type, shape (H, W, C).

    Raises:
        AssertionError: If a shape does not fit, or ``to_bgr`` is True for gray images.

    Example:
        >>> import torch
        >>> image = tensor2imgs(torch.tensor([[[[1.0]], [[2.0]], [[3.0]]]]), mean=(1, 1, 1))[0]
        >>> image.tolist()
        [[[4.0, 3.0, 2.0]]]
    """
    assert isinstance(tensor, Tensor) and tensor.ndim == 4 and tensor.shape[1] in (1, 3), (
        "tensor should be a torch.Tensor of shape (N, 3 or 1, H, W), but got "
        f"{tuple(tensor.shape) if isinstance(tensor, Tensor) else type(tensor)}"
    )
    channels = tensor.shape[1]
    mean = (0.0,) * channels if mean is None else mean
    std = (1.0,) * channels if std is None else std
    for name, values in (("mean", mean), ("std", std)):
        assert len(values) == channels, (
            f"{name} should have a value for each of {channels} channels, but has {len(values)}"
        )
    assert channels == 3 or not to_bgr, "to_bgr should be False for images of one channel"
    images = tensor.detach().cpu().permute(0, 2, 3, 1)
    images = images * images.new_tensor(std) + images.new_tensor(mean)
    if to_bgr:
        images = images.flip(-1)
    return list(images.contiguous().numpy())
