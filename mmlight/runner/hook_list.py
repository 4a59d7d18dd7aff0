"""The part of a Runner that registers hooks and tells of them."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from lightning.pytorch import Callback

from mmlight.hooks import Hook
from mmlight.registry.place import blame, section
from mmlight.utils.near_names import did_you_mean

from .parts import RunnerPart
from .priority import Priority, get_priority

DEFAULT_HOOKS: dict[str, dict[str, Any]] = {
    "runtime_info": {"type": "RuntimeInfoHook"},
    "timer": {"type": "IterTimerHook"},
    "sampler_seed": {"type": "DistSamplerSeedHook"},
    "logger": {"type": "LoggerHook"},
    "param_scheduler": {"type": "ParamSchedulerHook"},
    "checkpoint": {"type": "CheckpointHook", "interval": 1},
}


class HookList(RunnerPart):
    """Registers the hooks of a run, and tells which there are."""

    guard = staticmethod(section)
    """What an error of registering a hook leaves through, given the hook's config key."""

    def register_hooks(
        self,
        default_hooks: dict[str, Hook | dict[str, Any]] | None = None,
        custom_hooks: Sequence[Hook | dict[str, Any] | Callback] | None = None,
    ) -> None:
        """Add the default hooks, changed by ``default_hooks``, then ``custom_hooks``."""
        self.runner.register_default_hooks(default_hooks)
        if custom_hooks is not None:
            self.runner.register_custom_hooks(custom_hooks)

    @section("default_hooks")
    def register_default_hooks(self, hooks: dict[str, Hook | dict[str, Any]] | None = None) -> None:
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
            with self.guard("default_hooks", name):
                if isinstance(hook, dict) and "type" not in hook:
                    raise KeyError(
                        f"default_hooks has no `type` for {name!r}, which is no default hook."
                        f"{did_you_mean(name, DEFAULT_HOOKS)}"
                    )
                self.runner.register_hook(hook)

    @section("custom_hooks")
    def register_custom_hooks(self, hooks: Sequence[Hook | dict[str, Any] | Callback]) -> None:
        """Add hooks or their configs; Lightning callbacks among them go to the Trainer.

        Raises:
            TypeError: If ``hooks`` is no sequence, or one of them is no hook.
        """
        if not isinstance(hooks, list | tuple):
            raise TypeError(
                f"custom_hooks should be a list of hooks or configs, but got {type(hooks).__name__}"
            )
        for index, hook in enumerate(hooks):
            with self.guard("custom_hooks", index):
                self.runner.register_hook(hook)

    def blame(self, error: BaseException) -> None:
        """Let an error of a hook that finds its surroundings wrong name the hook's config key."""
        traceback = error.__traceback__
        while traceback is not None:
            frame = traceback.tb_frame
            owner = frame.f_locals.get("self")
            for hook, key in self.runner.hook_keys:
                if hook is owner and frame.f_code.co_name in ("before_run", "before_train"):
                    with self.runner.root_config():
                        blame(error, *key)
            traceback = traceback.tb_next

    def get_hooks_info(self) -> str:
        """Return which hooks are called at each point, in their order."""
        blocks = []
        acting = [(hook, hook.get_triggered_stages()) for hook in self.runner.hooks]
        for stage in Hook.stages:
            lines = [
                f"({_level(hook.priority):<12}) {type(hook).__name__:<35}"
                for hook, stages in acting
                if stage in stages
            ]
            if lines:
                blocks.append("\n".join([f"{stage}:", *lines, " -------------------- "]))
        return "\n".join(blocks)

    def tell(self) -> None:
        """Log which hooks there are: in short, and which are called at each point."""
        runner = self.runner
        runner.logger.info(
            f"Hooks will be executed in the following order:\n{runner.get_hooks_info()}",
            extra={"brief": f"Hooks by priority:\n{self._by_priority()}", "passing": True},
        )

    def _by_priority(self) -> str:
        lines: dict[str, list[str]] = {}
        for hook in self.runner.hooks:
            lines.setdefault(_level(hook.priority), []).append(type(hook).__name__)
        return "\n".join(f"    {level:<12} {', '.join(names)}" for level, names in lines.items())


def _level(priority: Any) -> str:
    number = get_priority(priority)
    names = {level.value: level.name for level in Priority}
    return names.get(number, str(number))
