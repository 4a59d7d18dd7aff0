"""How a FlexibleRunner spreads a training over devices: names for strategies of Lightning."""

from .base import BaseStrategy
from .foreign import ColossalAIStrategy, DeepSpeedStrategy
from .fsdp import FSDPStrategy
from .replicas import DDPStrategy, SingleDeviceStrategy

__all__ = [
    "BaseStrategy",
    "ColossalAIStrategy",
    "DDPStrategy",
    "DeepSpeedStrategy",
    "FSDPStrategy",
    "SingleDeviceStrategy",
]
