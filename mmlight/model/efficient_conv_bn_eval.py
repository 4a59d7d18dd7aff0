"""One convolution instead of two layers, where batch normalization uses its frozen statistics."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import fx, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd
from torch.utils._pytree import tree_map

from mmlight.logging import print_log
from mmlight.utils.near_names import did_you_mean

_CONVOLUTIONS = tuple(kind.forward for kind in (nn.Conv1d, nn.Conv2d, nn.Conv3d))
_NORMS = (_BatchNorm.forward, nn.SyncBatchNorm.forward)


def turn_on_efficient_conv_bn_eval(model: nn.Module, modules: Sequence[str] | str) -> None:
    """Let parts of a model run each convolution and its batch normalization as one convolution.

    That happens while the normalization is in eval mode; gradients reach the weights of both. In
    train mode, and in a compiled model, the two run one after the other. The model keeps its
    modules and the names of its weights.

    Args:
        model (nn.Module): The model.
        modules (str or list[str]): Names of the parts, as in ``model.named_modules()``.

    Raises:
        AttributeError: If the model has no part of a name.
        TypeError: If ``modules`` are not names.

    Example:
        >>> model = nn.ModuleDict({"body": nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))})
        >>> before = model.eval()["body"](torch.ones(1, 3, 2, 2))
        >>> turn_on_efficient_conv_bn_eval(model, "body")
        >>> torch.allclose(model["body"](torch.ones(1, 3, 2, 2)), before, atol=1e-6)
        True
    """
    names = [modules] if isinstance(modules, str) else modules
    if not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
        raise TypeError(f"modules should be a name or a list of names, but got {modules!r}")
    found = {name: module for name, module in model.named_modules() if name}
    for name in names:
        if name not in found:
            hint = did_you_mean(name, found)
            raise AttributeError(f"{type(model).__name__} has no module {name!r}.{hint}")
        turn_on_efficient_conv_bn_eval_for_single_model(found[name])
        if not any(_instead(module, _later) for module in found[name].modules()):
            print_log(
                f"{name!r} has no convolution that a batch normalization follows, so "
                "efficient_conv_bn_eval changes nothing there",
                logger="current",
                level=logging.WARNING,
            )


def turn_on_efficient_conv_bn_eval_for_single_model(model: nn.Module) -> None:
    """Do it for a whole module.

    Where the forward of a module cannot be traced, its children are looked at one by one.

    Args:
        model (nn.Module): The module.

    Example:
        >>> model = nn.Sequential(nn.Conv1d(2, 2, 1), nn.BatchNorm1d(2))
        >>> turn_on_efficient_conv_bn_eval_for_single_model(model)
    """
    try:
        traced = fx.symbolic_trace(model)
    except Exception:  # any code may fail in its own way when it is given symbols for tensors
        for child in model.children():
            turn_on_efficient_conv_bn_eval_for_single_model(child)
    else:
        efficient_conv_bn_eval_graph_transform(traced)


def efficient_conv_bn_eval_graph_transform(fx_model: fx.GraphModule) -> None:
    """Join the convolutions of a traced model to the normalizations that alone use their output.

    The modules themselves change, which the traced model shares with the one it came from.

    Args:
        fx_model (torch.fx.GraphModule): The traced model.
    """
    modules = dict(fx_model.named_modules())
    for node in fx_model.graph.nodes:
        before = node.args[0] if node.op == "call_module" and len(node.args) == 1 else None
        if not isinstance(before, fx.Node) or before.op != "call_module" or len(before.users) > 1:
            continue
        conv, bn = modules[str(before.target)], modules[str(node.target)]
        if _runs(conv, _CONVOLUTIONS, _later) and _runs(bn, _NORMS, _joined):
            conv.forward = partial(_later, conv, bn)  # type: ignore[method-assign]
            bn.forward = partial(_joined, bn)  # type: ignore[method-assign]


def efficient_conv_bn_eval_control(bn: _BatchNorm, conv: _ConvNd, x: torch.Tensor) -> torch.Tensor:
    """Run a convolution and its normalization in whatever way the normalization's mode allows.

    Args:
        bn: The normalization.
        conv: The convolution, not a transposed one.
        x (Tensor): The input of the convolution.

    Returns:
        Tensor: The output of the normalization.
    """
    if _is_frozen(bn):
        return efficient_conv_bn_eval_forward(bn, conv, x)
    result: torch.Tensor = bn(conv(x))
    return result


def efficient_conv_bn_eval_forward(bn: _BatchNorm, conv: _ConvNd, x: torch.Tensor) -> torch.Tensor:
    """Run a convolution and its normalization as one convolution, by the running statistics.

    Args:
        bn: The normalization.
        conv: The convolution, not a transposed one.
        x (Tensor): The input of the convolution.

    Returns:
        Tensor: The output of the normalization.

    Example:
        >>> conv, bn, x = nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4).eval(), torch.ones(1, 3, 2, 2)
        >>> folded = efficient_conv_bn_eval_forward(bn, conv, x)
        >>> torch.allclose(folded, bn(conv(x)), atol=1e-6)
        True
    """
    layer: Any = conv  # _conv_forward, which knows padding modes, is no method of the base class
    mean, variance = bn.running_mean, bn.running_var
    assert mean is not None and variance is not None, "the normalization has no running statistics"
    scale = torch.rsqrt(variance + bn.eps)
    if bn.affine:
        scale = scale * bn.weight
    bias = -mean * scale if conv.bias is None else (conv.bias - mean) * scale
    if bn.affine:
        bias = bias + bn.bias
    weight = conv.weight * scale.reshape(-1, *[1] * (conv.weight.dim() - 1))
    result: torch.Tensor = layer._conv_forward(
        x, weight.to(conv.weight.dtype), bias.to(conv.weight.dtype)
    )
    return result


class _Output(torch.Tensor):
    """What a convolution gives its normalization: an output that is computed if it is used."""

    conv: nn.Module
    bn: nn.Module
    x: torch.Tensor
    grad_enabled: bool
    value: torch.Tensor | None = None

    def computed(self) -> torch.Tensor:
        if self.value is None:
            with torch.set_grad_enabled(self.grad_enabled):
                self.value = type(self.conv).forward(self.conv, self.x)
        return self.value

    @classmethod
    def __torch_function__(
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        args, kwargs = tree_map(_computed, (args, kwargs or {}))
        return func(*args, **kwargs)


def _computed(value: Any) -> Any:
    return value.computed() if isinstance(value, _Output) else value


def _later(conv: nn.Module, bn: _BatchNorm, x: torch.Tensor) -> torch.Tensor:
    if not _is_frozen(bn) or torch.compiler.is_compiling() or torch.jit.is_tracing():
        result: torch.Tensor = type(conv).forward(conv, x)
        return result
    output = torch.empty(0).as_subclass(_Output)
    output.conv, output.bn, output.x = conv, bn, x
    output.grad_enabled = torch.is_grad_enabled()
    return output


def _joined(bn: _BatchNorm, x: torch.Tensor) -> torch.Tensor:
    if not isinstance(x, _Output):
        return type(bn).forward(bn, x)
    used = x.value is not None or x.bn is not bn or x.grad_enabled != torch.is_grad_enabled()
    if used or not _is_frozen(bn):
        return type(bn).forward(bn, x.computed())
    conv: Any = x.conv
    return efficient_conv_bn_eval_forward(bn, conv, x.x)


def _is_frozen(bn: _BatchNorm) -> bool:
    return not bn.training and bn.running_mean is not None


def _instead(module: nn.Module, function: Any) -> bool:
    """Whether a function of here has taken the place of a module's forward."""
    return getattr(vars(module).get("forward"), "func", None) is function


def _runs(module: nn.Module, forwards: tuple[Any, ...], function: Any) -> bool:
    """Whether a module does what torch's layers do, and nothing else replaces its forward."""
    return type(module).forward in forwards and (
        "forward" not in vars(module) or _instead(module, function)
    )
