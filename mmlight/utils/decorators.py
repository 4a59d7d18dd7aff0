"""Decorators that check what a function needs and that rename its arguments."""

from __future__ import annotations

import functools
import inspect
import shutil
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

from .package_utils import is_installed

F = TypeVar("F", bound=Callable[..., Any])


class PrerequisiteError(ImportError, RuntimeError):
    """Something that a function needs is not installed."""


def check_prerequisites(
    prerequisites: str | list[str],
    checker: Callable[[str], bool],
    msg_tmpl: str = (
        'Prerequisites "{}" are required in method "{}" but not found, please install them first.'
    ),
) -> Callable[[F], F]:
    """Make a decorator that refuses to call a function whose prerequisites are missing.

    Args:
        prerequisites (str or list of str): What the function needs.
        checker (Callable): Returns True if a prerequisite is met.
        msg_tmpl (str): Message with places for the missing ones and the function.

    Returns:
        Callable: The decorator; the call raises :class:`PrerequisiteError`, which is an
        ImportError and a RuntimeError.

    Example:
        >>> @check_prerequisites(["a", "b"], checker=lambda name: name == "a")
        ... def run(): ...
        >>> run()
        Traceback (most recent call last):
        mmlight.utils.decorators.PrerequisiteError: Prerequisites "b" are required in method \
"run" but not found, please install them first.
    """

    def decorate(func: F) -> F:
        @functools.wraps(func)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            wanted = [prerequisites] if isinstance(prerequisites, str) else prerequisites
            missing = [item for item in wanted if not checker(item)]
            if missing:
                raise PrerequisiteError(msg_tmpl.format(", ".join(missing), func.__name__))
            return func(*args, **kwargs)

        return wrapped  # type: ignore[return-value]

    return decorate


def requires_package(prerequisites: str | list[str]) -> Callable[[F], F]:
    """Make a decorator that refuses to call a function whose packages are not installed.

    Args:
        prerequisites (str or list of str): Names of the packages.

    Returns:
        Callable: The decorator.

    Example:
        >>> @requires_package("numpy")
        ... def run():
        ...     return 1
        >>> run()
        1
    """
    return check_prerequisites(prerequisites, checker=is_installed)


def requires_executable(prerequisites: str | list[str]) -> Callable[[F], F]:
    """Make a decorator that refuses to call a function whose programs are not on the path.

    Args:
        prerequisites (str or list of str): Names of the programs.

    Returns:
        Callable: The decorator.

    Example:
        >>> @requires_executable("no-such-program")
        ... def run(): ...
        >>> run()  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        mmlight.utils.decorators.PrerequisiteError: Prerequisites "no-such-program" are ...
    """
    return check_prerequisites(prerequisites, checker=lambda name: shutil.which(name) is not None)


def deprecated_api_warning(
    name_dict: dict[str, str], cls_name: str | None = None
) -> Callable[[F], F]:
    """Make a decorator that passes arguments given by their old names under the new ones.

    Args:
        name_dict (dict): Old argument names and their new ones.
        cls_name (str, optional): Class to name in the warning.

    Returns:
        Callable: The decorator; a call with an old name gives a DeprecationWarning, one with both
        names an AssertionError.

    Example:
        >>> @deprecated_api_warning({"rate": "lr"})
        ... def step(lr=0.1):
        ...     return lr
        >>> step(lr=0.2)
        0.2
    """

    def decorate(func: F) -> F:
        label = f"{cls_name}.{func.__name__}" if cls_name is not None else func.__name__

        @functools.wraps(func)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            for old in name_dict.keys() & kwargs.keys():
                new = name_dict[old]
                assert new not in kwargs, (
                    f"{label} got both {old!r}, which is deprecated, and its new name {new!r}: "
                    f"give {new!r} alone"
                )
                warnings.warn(
                    f'"{old}" is deprecated in `{label}`, please use "{new}" instead',
                    DeprecationWarning,
                    stacklevel=2,
                )
                kwargs[new] = kwargs.pop(old)
            return func(*args, **kwargs)

        return wrapped  # type: ignore[return-value]

    return decorate


def deprecated_function(since: str, removed_in: str, instructions: str) -> Callable[[F], F]:
    """Make a decorator that warns, once for each function, that it will go.

    Args:
        since (str): Version that deprecated the function.
        removed_in (str): Version that will not have it any more.
        instructions (str): What to do instead.

    Returns:
        Callable: The decorator.

    Example:
        >>> @deprecated_function("0.2", "0.3", "use `run2`")
        ... def run():
        ...     return 1
        >>> with warnings.catch_warnings(record=True) as caught:
        ...     warnings.simplefilter("always")
        ...     results = run(), run()
        >>> results, len(caught)
        ((1, 1), 1)
    """

    def decorate(func: F) -> F:
        message = (
            f"{func.__qualname__} is deprecated since version {since} and will be removed in "
            f"version {removed_in}. Please {instructions}."
        )
        warned = False

        @functools.wraps(func)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            nonlocal warned
            if not warned:
                warned = True
                warnings.warn(message, DeprecationWarning, stacklevel=2)
            return func(*args, **kwargs)

        documented = inspect.cleandoc(func.__doc__ or "")
        wrapped.__doc__ = f".. deprecated:: {since}\n    {message}\n\n{documented}"
        return wrapped  # type: ignore[return-value]

    return decorate
