"""Which keys of a config somebody reads, and which must be there."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from mmlight.registry.account import Account
from mmlight.registry.place import same_settings, section
from mmlight.utils.near_names import did_you_mean, nearest

from .hook_list import DEFAULT_HOOKS

# Keys of a config that are no arguments of the Runner.
_BESIDE = (
    "_scope_",
    "compile",
    "custom_imports",
    "efficient_conv_bn_eval",
    "find_unused_parameters",
    "model_wrapper_cfg",
    "runner_type",
    "sync_bn",
    "trainer",
    "tta_model",
    "tta_pipeline",
)
_INSIDE = {
    "env_cfg": ("cudnn_benchmark", "dist_cfg", "mp_cfg", "resource_limit", "weights_only"),
    "auto_scale_lr": ("base_batch_size", "enable"),
}
_OF_ANOTHER_RUNNER = {
    "strategy": "it is a key of the FlexibleRunner, so use runner_type='FlexibleRunner' or, for a "
    "strategy of Lightning's, trainer=dict(strategy=...)"
}
# What configs call the pipelines of their datasets is like `tta_pipeline`.
_USUAL_VARIABLES = ("train_pipeline", "val_pipeline", "test_pipeline")
_LIKE_A_SLIP = 0.85
_Path = tuple[str, ...]


def find_unread(cfg: Any, runner_class: type, strict: bool = False) -> Account:
    """Find the keys of a config that have no effect and were meant to have one.

    Variables of a config may have any name; one that is like a known key is a slip, unless the
    config's files refer to it or its value is found elsewhere in the config.

    Args:
        cfg (Config): The config.
        runner_class (type): The class that it is for.
        strict (bool): Whether the account takes such a key for an error.

    Returns:
        Account: What was found.
    """
    account = Account(cfg, strict)
    settings = cfg if isinstance(cfg, dict) else cfg._cfg_dict
    known = known_keys(runner_class)
    for key in settings:
        if key in known or key in _USUAL_VARIABLES:
            continue
        near = nearest(str(key), known, _LIKE_A_SLIP) or _of_the_same_letters(str(key), known)
        if key in _OF_ANOTHER_RUNNER:
            account.add([key], _OF_ANOTHER_RUNNER[key])
        elif near and not _is_variable(key, settings, known, account):
            account.add([key], f"did you mean {near[0]!r}?")
    for path, why in _unread_inside(settings):
        account.add(path, why)
    return account


def _of_the_same_letters(key: str, known: set[str]) -> list[str]:
    return [name for name in sorted(known) if sorted(name) == sorted(key)]


def known_keys(runner_class: type) -> set[str]:
    """Return the keys that a config for a class of runners may have.

    Args:
        runner_class (type): The class.

    Example:
        >>> from mmlight.runner import Runner
        >>> "train_cfg" in known_keys(Runner), "strategy" in known_keys(Runner)
        (True, False)
    """
    names = {name for kind in runner_class.__mro__ for name in _arguments(kind)}
    return (names - {"self", "cfg", "args", "kwargs"}) | set(_BESIDE)


def _arguments(kind: type) -> list[str]:
    own = vars(kind).get("__init__")
    return [] if own is None else list(inspect.signature(own).parameters)


def _unread_inside(settings: dict[str, Any]) -> Iterator[tuple[_Path, str]]:
    for name, known in _INSIDE.items():
        inside = dict.get(settings, name)
        for key in inside if isinstance(inside, dict) else ():
            if key not in known:
                hint = did_you_mean(str(key), known).strip() or f"it takes {', '.join(known)}"
                yield (name, str(key)), hint[:1].lower() + hint[1:]
    hooks = dict.get(settings, "default_hooks")
    for name in hooks if isinstance(hooks, dict) else ():
        near = [] if name in DEFAULT_HOOKS else nearest(str(name), DEFAULT_HOOKS, _LIKE_A_SLIP)
        if near:
            yield (
                ("default_hooks", str(name)),
                f"it is a hook beside the default one, did you mean {near[0]!r}?",
            )


def _is_variable(key: str, settings: dict[str, Any], known: set[str], account: Account) -> bool:
    if key in account.sources.used_names:
        return True
    value = dict.get(settings, key)
    used = {name: item for name, item in dict.items(settings) if name in known}
    return bool(value) and isinstance(value, dict | list | tuple) and _has(used, value)


def _has(node: Any, value: Any) -> bool:
    if same_settings(node, value):
        return True
    items = dict.values(node) if isinstance(node, dict) else node
    return isinstance(node, dict | list | tuple) and any(_has(item, value) for item in items)


def need_keys(cfg: Any, *names: str) -> None:
    """Refuse a config without one of some keys.

    Raises:
        KeyError: If there is no such key.
    """
    missing = [name for name in names if name not in cfg]
    if missing:
        filename = getattr(cfg, "filename", None)
        raise KeyError(
            f"the config {f'{filename} ' if filename else ''}has no key "
            f"{' and no key '.join(map(repr, missing))}{_meant(missing, cfg)}"
        )


def need_all_or_none(cfg: Any, purpose: str, given: Mapping[str, Any]) -> None:
    """Refuse a config that has some keys for a purpose, but not all.

    Raises:
        ValueError: If one is None and another is not.
    """
    missing = [name for name, value in given.items() if value is None]
    if missing and len(missing) < len(given):
        there = [name for name in given if name not in missing]
        with section(missing[0]):
            raise ValueError(
                f"{', '.join(given)} must all be given for {purpose}, or none of them: "
                f"found {', '.join(there)}, but not {', '.join(missing)}{_meant(missing, cfg)}"
            )


def _meant(missing: list[str], cfg: Any) -> str:
    """Say which keys of a config stand perhaps for those that are missing."""
    slips = {near: name for name in missing for near in nearest(name, cfg, _LIKE_A_SLIP)[:1]}
    hints = [f"is {near!r} meant to be {name!r}?" for near, name in slips.items() if near != name]
    return "".join(f"; {hint}" for hint in hints)
