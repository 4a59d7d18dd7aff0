"""Types of a config that nobody knows, and which registry each key leads to."""

from __future__ import annotations

from typing import Any, NamedTuple

from mmlight.registry import (
    DATA_SAMPLERS,
    DATASETS,
    FUNCTIONS,
    HOOKS,
    LOG_PROCESSORS,
    LOOPS,
    METRICS,
    MODEL_WRAPPERS,
    MODELS,
    OPTIM_WRAPPER_CONSTRUCTORS,
    OPTIM_WRAPPERS,
    OPTIMIZERS,
    PARAM_SCHEDULERS,
    STRATEGIES,
    TRANSFORMS,
    VISBACKENDS,
    VISUALIZERS,
    WEIGHT_INITIALIZERS,
    Registry,
)

from .explain_types import Types, parts_in, type_name

_Path = tuple[str, ...]

# Which registry a key leads to, the innermost first.
REGISTRY_OF = {
    "batch_sampler": DATA_SAMPLERS,
    "collate_fn": FUNCTIONS,
    "constructor": OPTIM_WRAPPER_CONSTRUCTORS,
    "custom_hooks": HOOKS,
    "data_preprocessor": MODELS,
    "dataset": DATASETS,
    "datasets": DATASETS,
    "default_hooks": HOOKS,
    "init_cfg": WEIGHT_INITIALIZERS,
    "log_processor": LOG_PROCESSORS,
    "metrics": METRICS,
    "model": MODELS,
    "model_wrapper_cfg": MODEL_WRAPPERS,
    "optim_wrapper": OPTIM_WRAPPERS,
    "optimizer": OPTIMIZERS,
    "param_scheduler": PARAM_SCHEDULERS,
    "pipeline": TRANSFORMS,
    "sampler": DATA_SAMPLERS,
    "strategy": STRATEGIES,
    "test_cfg": LOOPS,
    "test_dataloader": DATASETS,
    "test_evaluator": METRICS,
    "train_cfg": LOOPS,
    "train_dataloader": DATASETS,
    "transforms": TRANSFORMS,
    "val_cfg": LOOPS,
    "val_dataloader": DATASETS,
    "val_evaluator": METRICS,
    "vis_backends": VISBACKENDS,
    "visualizer": VISUALIZERS,
    "worker_init_fn": FUNCTIONS,
}
# Their `type` is a word of somebody's own.
NO_OBJECTS = ("clip_grad", "vis_kwargs_list")


class Unknown(NamedTuple):
    """A type that nobody knows."""

    type: str
    keys: list[str]
    """Where it stands."""
    package: str
    """What would bring it, as ``pip`` calls it; empty where that cannot be told."""


def dotted(path: _Path) -> str:
    """Write the path of a key.

    Example:
        >>> dotted(("val_evaluator", "0", "type"))
        'val_evaluator[0].type'
    """
    words = [f"[{word}]" if word.isdigit() else f".{word}" for word in path]
    return "".join(words).removeprefix(".")


def registry_of(path: _Path) -> Registry:
    """Return the registry that a run asks for a type at some place of a config."""
    return next((REGISTRY_OF[key] for key in path[::-1] if key in REGISTRY_OF), MODELS)


def unknown_types(settings: dict[str, Any], types: Types, wrong: set[_Path]) -> list[Unknown]:
    """Find the types that nobody knows.

    Args:
        settings: The config.
        types: Finds its classes.
        wrong: Keys at which something is wrong; below all others every type is known.
    """
    found: dict[str, Unknown] = {}
    known: set[_Path] = set()
    for path, node in parts_in(settings):
        if not any(path[: len(key)] == key for key in wrong) or set(path) & set(NO_OBJECTS):
            continue
        if types.find(node, registry_of(path)) is not None:
            known.add(path)
        elif not (path[-1].endswith("_cfg") and path[:-1] in known):  # its own names, then
            name = type_name(node)
            one = found.setdefault(name, Unknown(name, [], types.package_of(node)))
            one.keys.append(dotted(path))
    return list(found.values())
