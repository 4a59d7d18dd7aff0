"""Initializers that a config names: each visits the layers of a module and fills their weights."""

from __future__ import annotations

from typing import Any

from torch import nn

from mmlight.logging import print_log
from mmlight.model.init_functions import (
    bias_init_with_prob,
    constant_init,
    kaiming_init,
    normal_init,
    trunc_normal_init,
    uniform_init,
    xavier_init,
)
from mmlight.model.init_info import update_init_info
from mmlight.model.state_dict import load_state_dict
from mmlight.registry import FUNCTIONS, WEIGHT_INITIALIZERS


class BaseInit:
    """Visits the layers of a module and fills those of the wanted classes.

    A subclass implements :meth:`fill`, which gets one layer, and may extend ``_get_init_info``.

    Args:
        bias (int | float): Value of the bias.
        bias_prob (float, optional): Probability from which the bias is found instead, see
            :func:`bias_init_with_prob`.
        layer (str | list[str], optional): Names of the classes of layers, or of direct bases of
            them, that are filled. None: no layer, except where an ``override`` asks for a whole
            module.

    Raises:
        TypeError: If an argument has another type.

    Example:
        >>> BaseInit(bias_prob=0.5, layer="Conv2d").layer
        ['Conv2d']
    """

    def __init__(
        self, *, bias: float = 0, bias_prob: float | None = None, layer: Any = None
    ) -> None:
        self.wholemodule = False
        if not isinstance(bias, (int, float)):
            raise TypeError(f"bias must be a number, but got a {type(bias)}")
        if bias_prob is not None and not isinstance(bias_prob, float):
            raise TypeError(f"bias_prob type must be float, but got {type(bias_prob)}")
        layer = [] if layer is None else layer
        if not isinstance(layer, (str, list)):
            raise TypeError(f"layer must be a str or a list of str, but got a {type(layer)}")
        self.bias = bias if bias_prob is None else bias_init_with_prob(bias_prob)
        self.layer = [layer] if isinstance(layer, str) else layer

    def __call__(self, module: nn.Module) -> None:
        """Fill the wanted layers of a module, children before parents.

        Args:
            module (nn.Module): The module.
        """
        module.apply(self._visit)
        if hasattr(module, "_params_init_info"):
            update_init_info(module, init_info=self._get_init_info())

    def fill(self, layer: nn.Module) -> None:
        """Fill the weight and the bias of one layer.

        Args:
            layer (nn.Module): A layer of a wanted class.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how to fill a layer")

    def _visit(self, layer: nn.Module) -> None:
        names = {type(layer).__name__, *(base.__name__ for base in type(layer).__bases__)}
        if self.wholemodule or names & set(self.layer):
            self.fill(layer)

    def _get_init_info(self) -> str:
        return f"{type(self).__name__}, bias={self.bias}"


@WEIGHT_INITIALIZERS.register_module(name="Constant")
class ConstantInit(BaseInit):
    """Fills layers with constant values.

    Args:
        val (int | float): Value of the weights.
        **kwargs: ``bias``, ``bias_prob`` and ``layer`` of :class:`BaseInit`.

    Example:
        >>> layer = nn.Linear(1, 1)
        >>> ConstantInit(val=2.0, layer="Linear")(layer)
        >>> layer.weight.item()
        2.0
    """

    def __init__(self, val: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.val = val

    def fill(self, layer: nn.Module) -> None:
        """Fill one layer, see :func:`constant_init`."""
        constant_init(layer, self.val, self.bias)

    def _get_init_info(self) -> str:
        return f"{type(self).__name__}: val={self.val}, bias={self.bias}"


@WEIGHT_INITIALIZERS.register_module(name="Xavier")
class XavierInit(BaseInit):
    """Fills layers by Xavier initialization (Glorot and Bengio, 2010).

    Args:
        gain (int | float): Factor on the standard deviation.
        distribution (str): ``normal`` or ``uniform``.
        **kwargs: ``bias``, ``bias_prob`` and ``layer`` of :class:`BaseInit`.

    Example:
        >>> layer = nn.Linear(1, 1)
        >>> XavierInit(layer="Linear", bias=1.0)(layer)
        >>> layer.bias.item()
        1.0
    """

    def __init__(self, gain: float = 1, distribution: str = "normal", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.gain = gain
        self.distribution = distribution

    def fill(self, layer: nn.Module) -> None:
        """Fill one layer, see :func:`xavier_init`."""
        xavier_init(layer, self.gain, self.bias, self.distribution)

    def _get_init_info(self) -> str:
        return (
            f"{type(self).__name__}: gain={self.gain}, distribution={self.distribution}, "
            f"bias={self.bias}"
        )


@WEIGHT_INITIALIZERS.register_module(name="Normal")
class NormalInit(BaseInit):
    """Fills layers from a normal distribution.

    Args:
        mean (int | float): Mean of the distribution.
        std (int | float): Standard deviation of the distribution.
        **kwargs: ``bias``, ``bias_prob`` and ``layer`` of :class:`BaseInit`.

    Example:
        >>> layer = nn.Linear(1, 1)
        >>> NormalInit(std=0.01, layer="Linear")(layer)
        >>> layer.bias.item()
        0.0
    """

    def __init__(self, mean: float = 0, std: float = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mean = mean
        self.std = std

    def fill(self, layer: nn.Module) -> None:
        """Fill one layer, see :func:`normal_init`."""
        normal_init(layer, self.mean, self.std, self.bias)

    def _get_init_info(self) -> str:
        return f"{type(self).__name__}: mean={self.mean}, std={self.std}, bias={self.bias}"


@WEIGHT_INITIALIZERS.register_module(name="TruncNormal")
class TruncNormalInit(BaseInit):
    """Fills layers from a normal distribution without its tails.

    Args:
        mean (float): Mean of the distribution.
        std (float): Standard deviation of the distribution.
        a (float): Smallest value.
        b (float): Largest value.
        **kwargs: ``bias``, ``bias_prob`` and ``layer`` of :class:`BaseInit`.

    Example:
        >>> layer = nn.Linear(9, 9)
        >>> TruncNormalInit(a=-1.0, b=1.0, layer="Linear")(layer)
        >>> layer.weight.abs().max().item() <= 1.0
        True
    """

    def __init__(
        self, mean: float = 0, std: float = 1, a: float = -2, b: float = 2, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.mean = mean
        self.std = std
        self.a = a
        self.b = b

    def fill(self, layer: nn.Module) -> None:
        """Fill one layer, see :func:`trunc_normal_init`."""
        trunc_normal_init(layer, self.mean, self.std, self.a, self.b, self.bias)

    def _get_init_info(self) -> str:
        return (
            f"{type(self).__name__}: a={self.a}, b={self.b}, mean={self.mean}, std={self.std}, "
            f"bias={self.bias}"
        )


@WEIGHT_INITIALIZERS.register_module(name="Uniform")
class UniformInit(BaseInit):
    """Fills layers from a uniform distribution.

    Args:
        a (int | float): Lower bound.
        b (int | float): Upper bound.
        **kwargs: ``bias``, ``bias_prob`` and ``layer`` of :class:`BaseInit`.

    Example:
        >>> layer = nn.Linear(9, 9)
        >>> UniformInit(a=1.0, b=2.0, layer="Linear")(layer)
        >>> layer.weight.min().item() >= 1.0
        True
    """

    def __init__(self, a: float = 0, b: float = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.a = a
        self.b = b

    def fill(self, layer: nn.Module) -> None:
        """Fill one layer, see :func:`uniform_init`."""
        uniform_init(layer, self.a, self.b, self.bias)

    def _get_init_info(self) -> str:
        return f"{type(self).__name__}: a={self.a}, b={self.b}, bias={self.bias}"


@WEIGHT_INITIALIZERS.register_module(name="Kaiming")
class KaimingInit(BaseInit):
    """Fills layers by Kaiming initialization (He et al., 2015).

    Args:
        a (int | float): Negative slope of the rectifier behind the layer, for ``leaky_relu``.
        mode (str): ``fan_in`` keeps the variance in the forward pass, ``fan_out`` in the backward.
        nonlinearity (str): Name of the function behind the layer.
        distribution (str): ``normal`` or ``uniform``.
        **kwargs: ``bias``, ``bias_prob`` and ``layer`` of :class:`BaseInit`.

    Example:
        >>> layer = nn.Conv2d(3, 8, 3)
        >>> KaimingInit(layer="Conv2d")(layer)
        >>> layer.bias.abs().sum().item()
        0.0
    """

    def __init__(
        self,
        a: float = 0,
        mode: str = "fan_out",
        nonlinearity: str = "relu",
        distribution: str = "normal",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.a = a
        self.mode = mode
        self.nonlinearity = nonlinearity
        self.distribution = distribution

    def fill(self, layer: nn.Module) -> None:
        """Fill one layer, see :func:`kaiming_init`."""
        kaiming_init(layer, self.a, self.mode, self.nonlinearity, self.bias, self.distribution)

    def _get_init_info(self) -> str:
        return (
            f"{type(self).__name__}: a={self.a}, mode={self.mode}, "
            f"nonlinearity={self.nonlinearity}, distribution ={self.distribution}, "
            f"bias={self.bias}"
        )


@WEIGHT_INITIALIZERS.register_module(name="Caffe2Xavier")
class Caffe2XavierInit(KaimingInit):
    """Fills layers as ``XavierFill`` of Caffe2 does: uniform, by the fan-in alone.

    Args:
        **kwargs: ``bias``, ``bias_prob`` and ``layer`` of :class:`BaseInit`.

    Example:
        >>> Caffe2XavierInit(layer="Conv2d").mode
        'fan_in'
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            a=1, mode="fan_in", nonlinearity="leaky_relu", distribution="uniform", **kwargs
        )


@WEIGHT_INITIALIZERS.register_module(name="Pretrained")
class PretrainedInit:
    """Loads a checkpoint, or a part of one, into a module.

    Args:
        checkpoint (str): The checkpoint file, in any scheme that ``load_checkpoint`` knows.
        prefix (str, optional): Only parameters with this prefix are loaded, without it; with
            ``prefix="backbone."`` a module gets the weights of the backbone of a whole model.
        map_location (str, optional): Device that the tensors are read to.

    Example:
        >>> PretrainedInit("torchvision://resnet50", prefix="layer1.").prefix
        'layer1.'
    """

    def __init__(
        self, checkpoint: str, prefix: str | None = None, map_location: str | None = None
    ) -> None:
        self.checkpoint = checkpoint
        self.prefix = prefix
        self.map_location = map_location

    def __call__(self, module: nn.Module) -> None:
        """Load the checkpoint into a module; keys that do not fit are logged.

        Args:
            module (nn.Module): The module.
        """
        # Checkpoints belong to a higher layer, which is asked for by name.
        name = "mmlight.runner.checkpoint"
        map_location = self.map_location or "cpu"
        if self.prefix is None:
            print_log(f"load model from: {self.checkpoint}", logger="current")
            load_checkpoint = FUNCTIONS.get(f"{name}.load_checkpoint")
            load_checkpoint(module, self.checkpoint, map_location=map_location, logger="current")
        else:
            print_log(f"load {self.prefix} in model from: {self.checkpoint}", logger="current")
            read = FUNCTIONS.get(f"{name}.CheckpointLoader").load_checkpoint
            state_dict = self._part(read(self.checkpoint, map_location=map_location))
            load_state_dict(module, state_dict, strict=False, logger="current")
        if hasattr(module, "_params_init_info"):
            update_init_info(module, init_info=self._get_init_info())

    def _part(self, checkpoint: dict[str, Any]) -> dict[str, Any]:
        """Take what has the prefix out of a checkpoint, and the prefix off."""
        prefix = f"{str(self.prefix).rstrip('.')}."
        state_dict = checkpoint.get("state_dict", checkpoint)
        part = {
            name.removeprefix(prefix): value
            for name, value in state_dict.items()
            if name.startswith(prefix)
        }
        assert part, (
            f"{prefix} is not in the pretrained model {self.checkpoint}, whose prefixes are "
            f"{sorted({name.split('.')[0] for name in state_dict})}"
        )
        return part

    def _get_init_info(self) -> str:
        return f"{type(self).__name__}: load from {self.checkpoint}"
