"""Learning rate schedulers for generative models."""

from mmlight.engine.schedulers.linear_lr_scheduler_with_interval import LinearLrInterval
from mmlight.engine.schedulers.reduce_lr_scheduler import ReduceLR

__all__ = ["LinearLrInterval", "ReduceLR"]
