"""Convolution, normalisation and activation as one block, chosen by small config dicts."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

import torch.nn as nn
from torch import Tensor

NORM_LAYERS: dict[str, Callable[..., nn.Module]] = {
    "BN": nn.BatchNorm2d,
    "BN2d": nn.BatchNorm2d,
    "SyncBN": nn.SyncBatchNorm,
    "IN": nn.InstanceNorm2d,
    "IN2d": nn.InstanceNorm2d,
}
ACTIVATION_LAYERS: dict[str, Callable[..., nn.Module]] = {
    name: getattr(nn, name)
    for name in ("ReLU", "LeakyReLU", "PReLU", "ELU", "GELU", "SiLU", "Tanh", "Sigmoid")
}
_IN_PLACE = ("ReLU", "LeakyReLU", "ELU", "SiLU")


def _pick(table: dict[str, Callable[..., nn.Module]], name: str, what: str) -> Callable:
    if name not in table:
        near = difflib.get_close_matches(name, table, n=3) or sorted(table)
        raise KeyError(f"{what} layer {name!r} is not known; nearest: {', '.join(near)}")
    return table[name]


def build_norm(cfg: dict[str, Any], channels: int) -> nn.Module:
    """Build a normalisation layer.

    Args:
        cfg (dict): ``type`` is a key of :data:`NORM_LAYERS`; the rest are its arguments.
        channels (int): Channels of the feature map.

    Returns:
        nn.Module: The layer.

    Raises:
        KeyError: If the type is not known.

    Example:
        >>> build_norm(dict(type="BN", eps=1e-3), 8).eps
        0.001
    """
    kwargs = dict(cfg)
    return _pick(NORM_LAYERS, kwargs.pop("type"), "normalisation")(channels, **kwargs)


def build_activation(cfg: dict[str, Any]) -> nn.Module:
    """Build an activation layer, in place where the layer can be.

    Args:
        cfg (dict): ``type`` is a key of :data:`ACTIVATION_LAYERS`; the rest are its arguments.

    Returns:
        nn.Module: The layer.

    Raises:
        KeyError: If the type is not known.

    Example:
        >>> build_activation(dict(type="LeakyReLU", negative_slope=0.2))
        LeakyReLU(negative_slope=0.2, inplace=True)
    """
    kwargs = dict(cfg)
    name = kwargs.pop("type")
    if name in _IN_PLACE:
        kwargs.setdefault("inplace", True)
    return _pick(ACTIVATION_LAYERS, name, "activation")(**kwargs)


class ConvModule(nn.Module):
    """A convolution, then an optional norm and an optional activation.

    The children are named ``conv``, ``bn`` and ``activate`` as in OpenMMLab models, so that their
    weights load. The convolution has a bias only where no norm follows.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        kernel_size (int): Side of the kernel, pixels.
        stride (int): Stride, pixels. Defaults to 1.
        padding (int): Zero padding, pixels. Defaults to 0.
        transposed (bool): Use a transposed convolution. Defaults to False.
        norm_cfg (dict, optional): See :func:`build_norm`. Defaults to None.
        act_cfg (dict, optional): See :func:`build_activation`. Defaults to None.

    Example:
        >>> import torch
        >>> block = ConvModule(3, 8, 4, stride=2, padding=1, act_cfg=dict(type="ReLU"))
        >>> block(torch.zeros(1, 3, 16, 16)).shape
        torch.Size([1, 8, 8, 8])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        transposed: bool = False,
        norm_cfg: dict[str, Any] | None = None,
        act_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        conv = nn.ConvTranspose2d if transposed else nn.Conv2d
        self.conv = conv(
            in_channels, out_channels, kernel_size, stride, padding, bias=norm_cfg is None
        )
        self.bn = build_norm(norm_cfg, out_channels) if norm_cfg else None
        self.activate = build_activation(act_cfg) if act_cfg else None

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block.

        Args:
            x (Tensor): Feature map ``(N, in_channels, H, W)``.

        Returns:
            Tensor: Feature map ``(N, out_channels, H', W')``.
        """
        x = self.conv(x)
        if self.bn is not None:
            x = self.bn(x)
        return x if self.activate is None else self.activate(x)
