"""What the parts of a Runner have in common."""

from __future__ import annotations

from typing import Any


class RunnerPart:
    """A part of a Runner: what it does, on the state that the Runner holds.

    It calls documented methods on the Runner, never on itself or another part, so that those that
    a subclass of Runner overrides are the ones that are called.

    Args:
        runner: The Runner.
    """

    def __init__(self, runner: Any) -> None:
        self.runner = runner
