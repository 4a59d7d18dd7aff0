"""Optimizer wrappers and parameter schedulers."""

from .optimizer import *  # noqa: F403
from .optimizer import __all__ as _optimizer_names
from .scheduler import *  # noqa: F403
from .scheduler import __all__ as _scheduler_names

__all__ = [*_optimizer_names, *_scheduler_names]
