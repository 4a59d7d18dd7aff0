"""Initializers of translation networks: one gain for all layers, the kind in small letters."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor, nn

from mmlight.model import BaseInit
from mmlight.registry import WEIGHT_INITIALIZERS

# How the networks of pix2pix and CycleGAN start unless told otherwise; nobody changes it.
NORMAL_INIT = {"type": "normal", "gain": 0.02}


class GainInit(BaseInit):
    """Fills all convolutions and linear layers, with zero biases, and all batch norms.

    The scale of a batch norm is drawn from N(1, gain), its shift is zero, as the authors of
    pix2pix and CycleGAN do.

    Args:
        gain (float): How far the values spread. Defaults to 0.02.
    """

    def __init__(self, gain: float = 0.02) -> None:
        super().__init__()
        self.gain = gain

    @abstractmethod
    def fill_weight(self, weight: Tensor) -> None:
        """Fill the weight of a convolution or a linear layer."""

    def _visit(self, layer: nn.Module) -> None:
        if isinstance(layer, (nn.modules.conv._ConvNd, nn.Linear)):
            self.fill_weight(layer.weight)
        elif isinstance(layer, nn.modules.batchnorm._BatchNorm) and layer.affine:
            nn.init.normal_(layer.weight, 1.0, self.gain)
        else:
            return
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)

    def _get_init_info(self) -> str:
        return f"{type(self).__name__}: gain={self.gain}"


@WEIGHT_INITIALIZERS.register_module(name="normal")
class NormalGainInit(GainInit):
    """Weights from N(0, gain).

    Example:
        >>> layer = nn.Linear(100, 100)
        >>> NormalGainInit(gain=0.02)(layer)
        >>> round(layer.weight.std().item(), 2), layer.bias.abs().max().item()
        (0.02, 0.0)
    """

    def fill_weight(self, weight: Tensor) -> None:
        """Draw from N(0, gain)."""
        nn.init.normal_(weight, 0.0, self.gain)


@WEIGHT_INITIALIZERS.register_module(name="xavier")
class XavierGainInit(GainInit):
    """Weights by Xavier initialization (Glorot and Bengio, 2010), normal, times the gain."""

    def fill_weight(self, weight: Tensor) -> None:
        """Draw from a normal distribution as wide as fan-in and fan-out say."""
        nn.init.xavier_normal_(weight, gain=self.gain)


@WEIGHT_INITIALIZERS.register_module(name="kaiming")
class KaimingGainInit(GainInit):
    """Weights by Kaiming initialization (He et al., 2015), by the fan-in.

    The gain is that of the batch norms alone.
    """

    def fill_weight(self, weight: Tensor) -> None:
        """Draw from a normal distribution as wide as the fan-in says."""
        nn.init.kaiming_normal_(weight)


@WEIGHT_INITIALIZERS.register_module(name="orthogonal")
class OrthogonalGainInit(GainInit):
    """Orthogonal weights (Saxe et al., 2014) times the gain."""

    def fill_weight(self, weight: Tensor) -> None:
        """Draw an orthogonal matrix."""
        nn.init.orthogonal_(weight, gain=self.gain)
