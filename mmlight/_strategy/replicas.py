"""Strategies that leave the whole model on each device."""

from __future__ import annotations

from typing import Any

from mmlight.registry import STRATEGIES

from .base import BaseStrategy


@STRATEGIES.register_module()
class SingleDeviceStrategy(BaseStrategy):
    """One process with one device.

    Example:
        >>> SingleDeviceStrategy().trainer_arguments()
        {'devices': 1}
    """

    def trainer_arguments(self) -> dict[str, Any]:
        """Return the Trainer's ``devices``."""
        return {"devices": 1}


@STRATEGIES.register_module()
class DDPStrategy(BaseStrategy):
    """A copy of the model in each of several processes.

    Args:
        model_wrapper: Config of the wrapper, as the key ``model_wrapper_cfg`` takes it.
        sync_bn: ``"torch"`` or ``"mmcv"`` makes batch normalization one over all processes.
        **kwargs: None.

    Example:
        >>> strategy = DDPStrategy(sync_bn="torch")
        >>> strategy.trainer_arguments(), strategy.config_keys()
        ({'strategy': 'ddp'}, {'sync_bn': 'torch'})
    """

    distributed = True

    def __init__(
        self,
        *,
        model_wrapper: dict[str, Any] | None = None,
        sync_bn: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.model_wrapper = model_wrapper
        self.sync_bn = sync_bn

    def trainer_arguments(self) -> dict[str, Any]:
        """Return the name of Lightning's strategy."""
        return {"strategy": "ddp"}

    def config_keys(self) -> dict[str, Any]:
        """Return ``model_wrapper_cfg`` and ``sync_bn``, those that were given."""
        keys = {"model_wrapper_cfg": self.model_wrapper, "sync_bn": self.sync_bn}
        return {key: value for key, value in keys.items() if value is not None}
