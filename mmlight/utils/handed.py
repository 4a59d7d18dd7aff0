"""Methods of an object that a part of it carries out."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def handed_to(
    part: str, method: Callable[Concatenate[Any, _Arguments], _Result]
) -> Callable[Concatenate[Any, _Arguments], _Result]:
    """Make a method that a part of the object carries out, documented as it is there.

    Args:
        part (str): The attribute that holds the part.
        method (Callable): The method of the part, or one that this overrides.

    Returns:
        Callable: The method.

    Example:
        >>> class Stack:
        ...     def __init__(self):
        ...         self.items = []
        ...
        ...     push = handed_to("items", list.append)
        >>> stack = Stack()
        >>> stack.push(1)
        >>> stack.items
        [1]
    """
    name = method.__name__

    @wraps(method)
    def hand_over(self: Any, *args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
        result: _Result = getattr(getattr(self, part), name)(*args, **kwargs)
        return result

    return hand_over
