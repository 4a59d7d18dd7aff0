"""Convolution, normalisation and activation as one block, chosen by small config dicts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch.nn as nn
from torch import Tensor

from mmlight.model import kaiming_init
from mmlight.utils.near_names import nearest


def _group_norm(channels: int, num_groups: int, **kwargs: Any) -> nn.GroupNorm:
    return nn.GroupNorm(num_groups, channels, **kwargs)


NORM_LAYERS: dict[str, Callable[..., nn.Module]] = {
    "BN": nn.BatchNorm2d,
    "BN2d": nn.BatchNorm2d,
    "SyncBN": nn.SyncBatchNorm,
    "IN": nn.InstanceNorm2d,
    "IN2d": nn.InstanceNorm2d,
    "GN": _group_norm,
}
# What a block of OpenMMLab's calls its norm, for each of the above.
_NORM_NAMES = {"BN": "bn", "BN2d": "bn", "SyncBN": "bn", "IN": "in", "IN2d": "in", "GN": "gn"}
ACTIVATION_LAYERS: dict[str, Callable[..., nn.Module]] = {
    name: getattr(nn, name)
    for name in ("ReLU", "LeakyReLU", "PReLU", "ELU", "GELU", "SiLU", "Tanh", "Sigmoid")
}
_IN_PLACE = ("ReLU", "LeakyReLU", "ELU", "SiLU")


def _pick(table: dict[str, Callable[..., nn.Module]], name: str, what: str) -> Callable[..., Any]:
    if name not in table:
        near = nearest(name, table) or sorted(table)
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
    result: nn.Module = _pick(NORM_LAYERS, kwargs.pop("type"), "normalisation")(channels, **kwargs)
    return result


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
    result: nn.Module = _pick(ACTIVATION_LAYERS, name, "activation")(**kwargs)
    return result


def kaiming_arguments(act_cfg: dict[str, Any] | None) -> dict[str, Any]:
    """Find what Kaiming's rule has to know of the activation after a convolution.

    Args:
        act_cfg (dict, optional): The activation, see :func:`build_activation`; what is no leaky
            rectifier, and none, count as a rectifier.

    Returns:
        dict: ``a`` and ``nonlinearity`` of :func:`~mmlight.model.kaiming_init`.

    Example:
        >>> kaiming_arguments(dict(type="LeakyReLU", negative_slope=0.2))
        {'a': 0.2, 'nonlinearity': 'leaky_relu'}
    """
    if act_cfg and act_cfg["type"] == "LeakyReLU":
        return {"a": act_cfg.get("negative_slope", 0.01), "nonlinearity": "leaky_relu"}
    return {"a": 0, "nonlinearity": "relu"}


class ConvModule(nn.Module):
    """A convolution, then an optional norm and an optional activation.

    The children are named ``conv``, ``activate`` and, after the norm, ``bn``, ``in`` or ``gn`` as
    in OpenMMLab models, so that their weights load; the weights of the convolution start by
    Kaiming's rule for the activation, as there.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        kernel_size (int): Side of the kernel, pixels.
        stride (int): Stride, pixels. Defaults to 1.
        padding (int): Padding, pixels. Defaults to 0.
        transposed (bool): Use a transposed convolution. Defaults to False.
        norm_cfg (dict, optional): See :func:`build_norm`. Defaults to None.
        act_cfg (dict, optional): See :func:`build_activation`. Defaults to None.
        bias (bool, optional): Whether the convolution has a bias. Defaults to None: where no norm
            follows.
        padding_mode (str): What is put there, as ``nn.Conv2d`` has it. Defaults to ``zeros``.
        output_padding (int): Pixels that a transposed convolution adds at the right and below.
            Defaults to 0.
        act_first (bool): Apply the activation to the input, not at the end. Defaults to False.

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
        bias: bool | None = None,
        padding_mode: str = "zeros",
        output_padding: int = 0,
        act_first: bool = False,
    ) -> None:
        super().__init__()
        args = (in_channels, out_channels, kernel_size, stride, padding)
        kwargs: dict[str, Any] = {
            "bias": norm_cfg is None if bias is None else bias,
            "padding_mode": padding_mode,
        }
        if transposed:
            self.conv: nn.ConvTranspose2d | nn.Conv2d = nn.ConvTranspose2d(
                *args, output_padding=output_padding, **kwargs
            )
        else:
            self.conv = nn.Conv2d(*args, **kwargs)
        self._norm_name = ""
        if norm_cfg:
            norm = build_norm(norm_cfg, out_channels)
            self._norm_name = _NORM_NAMES[norm_cfg["type"]]
            self.add_module(self._norm_name, norm)
        self.activate = build_activation(act_cfg) if act_cfg else None
        self.act_first = act_first
        kaiming_init(self.conv, **kaiming_arguments(act_cfg))

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block.

        Args:
            x (Tensor): Feature map ``(N, in_channels, H, W)``.

        Returns:
            Tensor: Feature map ``(N, out_channels, H', W')``.
        """
        if self.act_first and self.activate is not None:
            x = self.activate(x)
        x = self.conv(x)
        if self._norm_name:
            x = getattr(self, self._norm_name)(x)
        return x if self.act_first or self.activate is None else self.activate(x)
