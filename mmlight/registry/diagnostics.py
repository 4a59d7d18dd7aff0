"""What was wrong with the arguments of a config, and what may have been meant."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

from mmlight.utils.near_names import did_you_mean, nearest

from .place import place_of

__all__ = ["check_arguments", "did_you_mean", "name_class", "nearest"]


_UNEXPECTED = re.compile(r"(.+)\.__init__\(\) got an unexpected keyword argument '(\w+)'")


def check_arguments(obj: Callable[..., Any], args: Mapping[str, Any], cfg: Any) -> None:
    """Refuse arguments that ``obj`` does not take, before it is called.

    Args:
        obj (Callable): Class or function that is about to be called.
        args (Mapping[str, Any]): Its keyword arguments.
        cfg (dict): The config dict that they come from.

    Raises:
        TypeError: If an argument is unknown or a required one is missing.
    """
    try:
        # A wrapper may rename or add arguments, so what it wraps does not count.
        parameters = inspect.signature(obj, follow_wrapped=False).parameters.values()
    except (TypeError, ValueError):
        return
    name = getattr(obj, "__name__", repr(obj))
    taken = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    names = [p.name for p in taken]
    if not any(p.kind is p.VAR_KEYWORD for p in parameters):
        for key in args:
            if key not in names:
                raise TypeError(
                    f"{name} got an unexpected keyword argument {key!r}."
                    f"{did_you_mean(str(key), names) or _listing(names)}{place_of(cfg, str(key))}"
                )
    missing = [repr(p.name) for p in taken if p.default is p.empty and p.name not in args]
    if missing:
        count = f"{len(missing)} required argument{'s' if len(missing) > 1 else ''}"
        raise TypeError(f"{name} is missing {count}: {', '.join(missing)}{place_of(cfg)}")


def name_class(err: Exception, obj: Any, args: Mapping[str, Any]) -> None:
    """Name the class of the config in the error of one above it, which gets its arguments.

    Args:
        err (Exception): What the class raised; any other error stays as it is.
        obj (Any): What was called.
        args (Mapping[str, Any]): Its keyword arguments.

    Example:
        >>> class Base:
        ...     def __init__(self, width=1): ...
        >>> class Net(Base):
        ...     def __init__(self, **kwargs): super().__init__(**kwargs)
        >>> try:
        ...     Net(widht=2)
        ... except TypeError as err:
        ...     name_class(err, Net, dict(widht=2))
        ...     print(err)
        Net got an unexpected keyword argument 'widht'. Did you mean 'width'?
    """
    found = _UNEXPECTED.match(str(err)) if isinstance(err, TypeError) else None
    if not found or found[2] not in args or not inspect.isclass(obj):
        return
    for above in obj.__mro__[1:]:
        if above.__qualname__ == found[1]:
            both = (inspect.signature(kind).parameters.values() for kind in (obj, above))
            names = [p.name for one in both for p in one if p.kind is not p.VAR_KEYWORD]
            hint = did_you_mean(found[2], names) or _listing(names)
            err.args = (f"{obj.__name__} got an unexpected keyword argument {found[2]!r}.{hint}",)
            return


def _listing(names: list[str]) -> str:
    return f" It takes: {', '.join(names)}." if names else " It takes no arguments."
