"""Functions that fill the weight and the bias of one layer."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def _parameter(module: nn.Module, name: str) -> Tensor | None:
    value = getattr(module, name, None)
    return value if isinstance(value, Tensor) else None


def _fill_bias(module: nn.Module, bias: float) -> None:
    value = _parameter(module, "bias")
    if value is not None:
        nn.init.constant_(value, bias)


def constant_init(module: nn.Module, val: float, bias: float = 0) -> None:
    """Fill the weight of a layer with one value and its bias with another.

    Args:
        module (nn.Module): The layer; a weight or bias that it lacks is passed over.
        val (float): Value of the weight.
        bias (float): Value of the bias.

    Example:
        >>> layer = nn.Linear(1, 1)
        >>> constant_init(layer, val=2.0, bias=1.0)
        >>> layer.weight.item(), layer.bias.item()
        (2.0, 1.0)
    """
    weight = _parameter(module, "weight")
    if weight is not None:
        nn.init.constant_(weight, val)
    _fill_bias(module, bias)


def xavier_init(
    module: nn.Module, gain: float = 1, bias: float = 0, distribution: str = "normal"
) -> None:
    """Fill the weight of a layer by Xavier initialization (Glorot and Bengio, 2010).

    Args:
        module (nn.Module): The layer; a weight or bias that it lacks is passed over.
        gain (float): Factor on the standard deviation.
        bias (float): Value of the bias.
        distribution (str): ``normal`` or ``uniform``.

    Raises:
        AssertionError: If ``distribution`` is another.

    Example:
        >>> layer = nn.Linear(100, 100)
        >>> xavier_init(layer, distribution="uniform")
        >>> layer.weight.abs().max().item() <= (6 / 200) ** 0.5
        True
    """
    _check_distribution(distribution)
    weight = _parameter(module, "weight")
    if weight is not None:
        fill = nn.init.xavier_uniform_ if distribution == "uniform" else nn.init.xavier_normal_
        fill(weight, gain=gain)
    _fill_bias(module, bias)


def normal_init(module: nn.Module, mean: float = 0, std: float = 1, bias: float = 0) -> None:
    """Fill the weight of a layer from a normal distribution.

    Args:
        module (nn.Module): The layer; a weight or bias that it lacks is passed over.
        mean (float): Mean of the distribution.
        std (float): Standard deviation of the distribution.
        bias (float): Value of the bias.

    Example:
        >>> layer = nn.Linear(100, 100)
        >>> normal_init(layer, std=0.01)
        >>> layer.weight.std().item() < 0.02
        True
    """
    weight = _parameter(module, "weight")
    if weight is not None:
        nn.init.normal_(weight, mean, std)
    _fill_bias(module, bias)


def trunc_normal_init(
    module: nn.Module,
    mean: float = 0,
    std: float = 1,
    a: float = -2,
    b: float = 2,
    bias: float = 0,
) -> None:
    """Fill the weight of a layer from a normal distribution without its tails.

    Args:
        module (nn.Module): The layer; a weight or bias that it lacks is passed over.
        mean (float): Mean of the distribution.
        std (float): Standard deviation of the distribution.
        a (float): Smallest value.
        b (float): Largest value.
        bias (float): Value of the bias.

    Example:
        >>> layer = nn.Linear(100, 100)
        >>> trunc_normal_init(layer, a=-1.0, b=1.0)
        >>> layer.weight.abs().max().item() <= 1.0
        True
    """
    weight = _parameter(module, "weight")
    if weight is not None:
        trunc_normal_(weight, mean, std, a, b)
    _fill_bias(module, bias)


def trunc_normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0
) -> Tensor:
    """Fill a tensor in place from a normal distribution without its tails.

    Args:
        tensor (Tensor): The tensor.
        mean (float): Mean of the distribution.
        std (float): Standard deviation of the distribution.
        a (float): Smallest value.
        b (float): Largest value.

    Returns:
        Tensor: The same tensor.

    Example:
        >>> import torch
        >>> trunc_normal_(torch.empty(100), a=0.0, b=1.0).min().item() >= 0
        True
    """
    low, high = (math.erf((bound - mean) / std / math.sqrt(2.0)) for bound in (a, b))
    with torch.no_grad():
        # By the inverse of the distribution function, from one uniform draw per element; torch's
        # own function draws differently from version to version.
        tensor.uniform_(low, high).erfinv_().mul_(std * math.sqrt(2.0)).add_(mean)
        return tensor.clamp_(min=a, max=b)


def uniform_init(module: nn.Module, a: float = 0, b: float = 1, bias: float = 0) -> None:
    """Fill the weight of a layer from a uniform distribution.

    Args:
        module (nn.Module): The layer; a weight or bias that it lacks is passed over.
        a (float): Lower bound.
        b (float): Upper bound.
        bias (float): Value of the bias.

    Example:
        >>> layer = nn.Linear(10, 10)
        >>> uniform_init(layer, a=1.0, b=2.0)
        >>> layer.weight.min().item() >= 1.0
        True
    """
    weight = _parameter(module, "weight")
    if weight is not None:
        nn.init.uniform_(weight, a, b)
    _fill_bias(module, bias)


def kaiming_init(
    module: nn.Module,
    a: float = 0,
    mode: str = "fan_out",
    nonlinearity: str = "relu",
    bias: float = 0,
    distribution: str = "normal",
) -> None:
    """Fill the weight of a layer by Kaiming initialization (He et al., 2015).

    Args:
        module (nn.Module): The layer; a weight or bias that it lacks is passed over.
        a (float): Negative slope of the rectifier behind the layer, for ``leaky_relu``.
        mode (str): ``fan_in`` keeps the variance in the forward pass, ``fan_out`` in the backward.
        nonlinearity (str): Name of the function behind the layer.
        bias (float): Value of the bias.
        distribution (str): ``normal`` or ``uniform``.

    Raises:
        AssertionError: If ``distribution`` is another.

    Example:
        >>> layer = nn.Conv2d(3, 8, 3)
        >>> kaiming_init(layer)
        >>> layer.bias.abs().sum().item()
        0.0
    """
    _check_distribution(distribution)
    weight = _parameter(module, "weight")
    if weight is not None:
        fill = nn.init.kaiming_uniform_ if distribution == "uniform" else nn.init.kaiming_normal_
        fill(weight, a=a, mode=mode, nonlinearity=nonlinearity)  # type: ignore[arg-type]
    _fill_bias(module, bias)


def caffe2_xavier_init(module: nn.Module, bias: float = 0) -> None:
    """Fill the weight of a layer as ``XavierFill`` of Caffe2 does: uniform, by the fan-in alone.

    Args:
        module (nn.Module): The layer.
        bias (float): Value of the bias.

    Example:
        >>> layer = nn.Linear(3, 4)
        >>> caffe2_xavier_init(layer)
        >>> layer.weight.abs().max().item() <= 1.0
        True
    """
    kaiming_init(
        module,
        a=1,
        mode="fan_in",
        nonlinearity="leaky_relu",
        bias=bias,
        distribution="uniform",
    )


def bias_init_with_prob(prior_prob: float) -> float:
    """Find the bias with which a sigmoid behind a layer begins at a given probability.

    Args:
        prior_prob (float): The probability, in (0, 1).

    Returns:
        float: The bias.

    Raises:
        ValueError: If ``prior_prob`` is not between 0 and 1.

    Example:
        >>> round(bias_init_with_prob(0.01), 4)
        -4.5951
    """
    if not 0 < prior_prob < 1:
        raise ValueError(f"prior_prob must be between 0 and 1, but got {prior_prob}")
    return float(-math.log((1 - prior_prob) / prior_prob))


def _check_distribution(distribution: str) -> None:
    assert distribution in ("uniform", "normal"), (
        f"distribution should be 'uniform' or 'normal', but got {distribution!r}"
    )
