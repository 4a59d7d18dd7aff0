"""How a Runner hands its documented methods to its parts."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class RunnerPart:
    """A part of a Runner: what it does, on the state that the Runner holds.

    It calls documented methods on the Runner, never on itself or another part, so that those that
    a subclass of Runner overrides are the ones that are called.

    Args:
        runner: The Runner.
    """

    def __init__(self, runner: Any) -> None:
        self.runner = runner


def handed_to(
    part: str, method: Callable[Concatenate[Any, _Arguments], _Result]
) -> Callable[Concatenate[Any, _Arguments], _Result]:
    """Make a method of the Runner that a part of it carries out, documented as it is there.

    Args:
        part: The Runner's attribute that holds the part.
        method: The part's method.
    """

    @wraps(method)
    def hand_over(self: Any, *args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
        result: _Result = getattr(getattr(self, part), method.__name__)(*args, **kwargs)
        return result

    return hand_over
