"""What registering hooks costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmlight.hooks import Hook
from tests.hooks.toy import runner_of


class Asked(Hook):
    """Counts how often somebody asks at which points it acts."""

    times = 0

    def get_triggered_stages(self) -> list[str]:
        type(self).times += 1
        return super().get_triggered_stages()


def test_a_hook_is_not_asked_again_for_each_hook_that_is_added(tmp_path: Path) -> None:
    hooks: list[Any] = [Asked() for _ in range(40)]
    Asked.times = 0
    runner = runner_of(tmp_path, custom_hooks=hooks)
    runner.call_hook("before_run")
    # Once for the list that is shown, once for the calls that are made.
    assert Asked.times <= 2 * len(hooks)
