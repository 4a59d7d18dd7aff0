"""Loading annotations when they are first needed."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

from mmlight.logging import print_log


def force_full_init(old_func: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a method of a dataset so that the annotations are loaded before it runs.

    Args:
        old_func (Callable): A method that needs the annotations.

    Returns:
        Callable: The method, which calls ``full_init`` first where that has not happened.

    Raises:
        AttributeError: On a call, if the object has no ``full_init``.

    Example:
        >>> from mmlight.logging import MMLogger
        >>> quiet = MMLogger.get_instance("quiet", log_level="ERROR")
        >>> class Lazy:
        ...     _fully_initialized = False
        ...     def full_init(self):
        ...         self.data = [1, 2]
        ...     @force_full_init
        ...     def __len__(self):
        ...         return len(self.data)
        >>> len(Lazy())
        2
    """

    @functools.wraps(old_func)
    def wrapper(obj: Any, *args: Any, **kwargs: Any) -> Any:
        if not getattr(obj, "_fully_initialized", False):
            if not hasattr(obj, "full_init"):
                raise AttributeError(f"{type(obj)} does not have full_init method.")
            print_log(
                f"{type(obj).__name__} has not loaded its annotations yet; "
                f"`{old_func.__name__}` does that now by calling `full_init`",
                logger="current",
                level=logging.WARNING,
            )
            obj.full_init()
            obj._fully_initialized = True
        return old_func(obj, *args, **kwargs)

    return wrapper
