"""The part of the Runner that registers hooks."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from lightning.pytorch import Callback

from mmlight.hooks import Hook
from mmlight.registry import HOOKS
from mmlight.registry.diagnostics import did_you_mean
from mmlight.registry.place import blame, current_section, section

from .priority import Priority, get_priority
from .state import RunnerState

DEFAULT_HOOKS: dict[str, dict] = {
    "runtime_info": {"type": "RuntimeInfoHook"},
    "timer": {"type": "IterTimerHook"},
    "sampler_seed": {"type": "DistSamplerSeedHook"},
    "logger": {"type": "LoggerHook"},
    "param_scheduler": {"type": "ParamSchedulerHook"},
    "checkpoint": {"type": "CheckpointHook", "interval": 1},
}


class HookList(RunnerState):
    """Hooks of a run; a part of :class:`~mmlight.runner.Runner`."""

    def register_hooks(
        self,
        default_hooks: dict[str, Hook | dict] | None = None,
        custom_hooks: Sequence[Hook | dict | Callback] | None = None,
    ) -> None:
        """Add the default hooks, changed by ``default_hooks``, then ``custom_hooks``."""
        self.register_default_hooks(default_hooks)
        if custom_hooks is not None:
            self.register_custom_hooks(custom_hooks)

    @section("default_hooks")
    def register_default_hooks(self, hooks: dict[str, Hook | dict] | None = None) -> None:
        """Add the default hooks.

        ================  ====================  ==============
        name              hook                  priority
        ================  ====================  ==============
        runtime_info      RuntimeInfoHook       VERY_HIGH (10)
        timer             IterTimerHook         NORMAL (50)
        sampler_seed      DistSamplerSeedHook   NORMAL (50)
        logger            LoggerHook            BELOW_NORMAL (60)
        param_scheduler   ParamSchedulerHook    LOW (70)
        checkpoint        CheckpointHook        VERY_LOW (90)
        ================  ====================  ==============

        Args:
            hooks: Hooks or configs that replace those of the same name, or are added under a new
                one. None removes a default hook. A config without a ``type`` changes arguments.

        Raises:
            TypeError: If ``hooks`` is no dict.
            AssertionError: If there is no default hook of a name that is given with None.
            KeyError: If there is none of a name that is given without a ``type``.
        """
        if hooks is not None and not isinstance(hooks, dict):
            raise TypeError(f"default_hooks should be a dict or None, but got {hooks!r}")
        merged: dict[str, Any] = copy.deepcopy(DEFAULT_HOOKS)
        for name, hook in (hooks or {}).items():
            if hook is None:
                if name not in DEFAULT_HOOKS:
                    raise AssertionError(
                        f"default_hooks has None for {name!r}, which is no default hook"
                        f"{did_you_mean(name, DEFAULT_HOOKS)}"
                    )
                del merged[name]
            elif name in merged and isinstance(hook, dict) and "type" not in hook:
                merged[name].update(hook)
            else:
                merged[name] = hook
        for name, hook in merged.items():
            with self.hook_section("default_hooks", name):
                if isinstance(hook, dict) and "type" not in hook:
                    raise KeyError(
                        f"default_hooks has no `type` for {name!r}, which is no default hook."
                        f"{did_you_mean(name, DEFAULT_HOOKS)}"
                    )
                self.register_hook(hook)

    @section("custom_hooks")
    def register_custom_hooks(self, hooks: Sequence[Hook | dict | Callback]) -> None:
        """Add hooks or their configs; Lightning callbacks among them go to the Trainer.

        Raises:
            TypeError: If ``hooks`` is no sequence, or one of them is no hook.
        """
        if not isinstance(hooks, list | tuple):
            raise TypeError(
                f"custom_hooks should be a list of hooks or configs, but got {type(hooks).__name__}"
            )
        for index, hook in enumerate(hooks):
            with self.hook_section("custom_hooks", index):
                self.register_hook(hook)

    def hook_section(self, *key: Any) -> AbstractContextManager[None]:
        """Let any error of registering a hook name the hook's config key."""
        return section(*key)

    def register_hook(  # type: ignore[override]
        self, hook: Hook | dict | Callback, priority: str | int | Priority | None = None
    ) -> None:
        """Add a hook behind those of the same or a higher priority.

        Args:
            hook: A hook, or the config of one (its ``priority`` key counts before the class's),
                or a Lightning callback, which goes to the Trainer.
            priority: Overrides both.
        """
        if isinstance(hook, dict):
            cfg = {**hook}
            of_config = cfg.pop("priority", None)
            hook = HOOKS.build(cfg)
            priority = of_config if priority is None else priority
            self.hook_keys.append((hook, current_section()))
        if isinstance(hook, Callback) and not isinstance(hook, Hook):
            self.lightning_callbacks.append(hook)
            return
        super().register_hook(hook, priority)

    def blame_hook(self, error: BaseException) -> None:
        """Let an error of a hook that finds its surroundings wrong name the hook's config key."""
        traceback = error.__traceback__
        while traceback is not None:
            frame = traceback.tb_frame
            owner = frame.f_locals.get("self")
            for hook, key in self.hook_keys:
                if hook is owner and frame.f_code.co_name in ("before_run", "before_train"):
                    with self._root_config():
                        blame(error, *key)
            traceback = traceback.tb_next

    def get_hooks_info(self) -> str:
        """Return which hooks are called at each point, in their order."""
        blocks = []
        acting = [(hook, hook.get_triggered_stages()) for hook in self.hooks]
        for stage in Hook.stages:
            lines = [
                f"({_level(hook.priority):<12}) {type(hook).__name__:<35}"
                for hook, stages in acting
                if stage in stages
            ]
            if lines:
                blocks.append("\n".join([f"{stage}:", *lines, " -------------------- "]))
        return "\n".join(blocks)

    def get_hooks_table(self) -> str:
        """Return the hooks in a line for each priority, in their order."""
        lines: dict[str, list[str]] = {}
        for hook in self.hooks:
            lines.setdefault(_level(hook.priority), []).append(type(hook).__name__)
        return "\n".join(f"    {level:<12} {', '.join(names)}" for level, names in lines.items())


def _level(priority: Any) -> str:
    number = get_priority(priority)
    names = {level.value: level.name for level in Priority}
    return names.get(number, str(number))
