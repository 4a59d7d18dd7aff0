"""Tests with test-time augmentation."""

from __future__ import annotations

from typing import Any

from mmlight.hooks.hook import Hook
from mmlight.model import is_model_wrapper
from mmlight.registry import HOOKS, MODELS


@HOOKS.register_module()
class PrepareTTAHook(Hook):
    """Put a test-time augmentation model around the runner's model before a test.

    Args:
        tta_cfg: Config of the model, a subclass of :class:`mmlight.model.BaseTTAModel`, without
            its ``module``, which is the runner's model.

    Example:
        >>> PrepareTTAHook(tta_cfg=dict(type="AverageTTAModel")).tta_cfg["type"]
        'AverageTTAModel'
    """

    def __init__(self, tta_cfg: dict) -> None:
        self.tta_cfg = tta_cfg

    def before_test(self, runner: Any) -> None:
        """Put the model around ``runner.model``, within its wrapper if it has one."""
        holder, name = (
            (runner.model, "module") if is_model_wrapper(runner.model) else (runner, "model")
        )
        setattr(holder, name, MODELS.build({**self.tta_cfg, "module": getattr(holder, name)}))
