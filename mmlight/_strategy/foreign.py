"""Strategies whose engines take the place of an optimizer wrapper; none of them can be obeyed."""

from __future__ import annotations

from typing import Any

from mmlight.registry import STRATEGIES

from .base import BaseStrategy


class _Refused(BaseStrategy):
    engine: str

    def __init__(self, **kwargs: Any) -> None:
        raise ValueError(
            f"{type(self).__name__} cannot be obeyed (config key: strategy.type), since "
            f"{self.engine} trains with an engine of its own instead of an optimizer wrapper: use "
            "strategy=dict(type='FSDPStrategy'), which shards model and optimizer with torch alone"
        )


@STRATEGIES.register_module()
class DeepSpeedStrategy(_Refused):
    """Raises a ValueError that says what to use instead."""

    engine = "DeepSpeed"


@STRATEGIES.register_module()
class ColossalAIStrategy(_Refused):
    """Raises a ValueError that says what to use instead."""

    engine = "ColossalAI"
