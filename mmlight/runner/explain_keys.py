"""Where each key of a config goes, and what it becomes there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from mmlight.bridge.trainer_arguments import ARGUMENTS, Obeyed
from mmlight.hooks import Hook
from mmlight.registry import (
    DATASETS,
    EVALUATOR,
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
    RUNNERS,
    STRATEGIES,
    TRANSFORMS,
    VISUALIZERS,
    Registry,
)
from mmlight.registry.place import same_settings
from mmlight.utils.priority import Priority, get_priority

from .explain_settings import (
    CALLBACK,
    DATA,
    ENVIRONMENT,
    INSIDE,
    LOGGER,
    MODULE,
    NOTHING,
    SENTENCES,
    STRATEGY,
    TRAINER,
    unread,
)
from .explain_types import (
    Types,
    arguments_of,
    brief,
    is_part,
    items,
    parts_in,
    shown_name,
)
from .explain_unknown import REGISTRY_OF, dotted
from .hook_list import DEFAULT_HOOKS
from .loops import EpochBasedTrainLoop, IterBasedTrainLoop, TestLoop, ValLoop

_Path = tuple[str, ...]


class Row(NamedTuple):
    """A line of the table."""

    path: _Path
    to: str
    becomes: str

    @property
    def key(self) -> str:
        """The key as a message names it: ``param_scheduler[0]``."""
        return dotted(self.path)


class Keys:
    """Says what becomes of the keys of a config.

    Args:
        settings: The config, secrets hidden.
        known: Keys that the runner of the config reads.
        used_names: Names that the files of the config refer to.
    """

    def __init__(self, settings: dict[str, Any], known: set[str], used_names: set[str]) -> None:
        self._settings, self._known, self._used = settings, known, used_names
        self.types = Types(dict.get(settings, "default_scope", "mmengine"))

    def rows(self) -> Iterator[Row]:
        """Yield the table, in the order of the config."""
        for key, value in items(self._settings):
            say, (to, sentence) = _PARTS.get(key), SENTENCES.get(key, (NOTHING, unread))
            if key not in self._known or (say is None and key not in SENTENCES):
                yield Row((key,), NOTHING, self._why_unread(key, value))
            elif say is None:
                yield Row((key,), to, sentence(value))
            elif value is None:
                yield Row((key,), NOTHING, "None, as if it were left out")
            else:
                yield from say(self, (key,), value)
        if "default_hooks" not in self._settings and "train_cfg" in self._settings:
            yield from self._default_hooks(("default_hooks",), {})

    def _why_unread(self, key: str, value: Any) -> str:
        holders = [] if isinstance(value, str | int | float | bool | None) else self._holding(value)
        holders = [one for one in holders if one[0] != key and one[0] in self._known]
        if holders:
            return f"a variable of the config; its value stands at {dotted(min(holders, key=len))}"
        if key in self._used:
            return f"a variable of the config, {brief(value)}, which its files refer to"
        return unread(value)

    def _holding(self, value: Any) -> list[_Path]:
        return list(_paths_of(self._settings, value)) if value else []

    # ---------------------------------------------------------------- any object

    def tree(self, path: _Path, node: Any, registry: Registry, to: str) -> Iterator[Row]:
        """Yield a row for a config of an object, and for each of those in it."""
        if isinstance(node, list | tuple):
            for index, one in enumerate(node):
                yield from self.tree((*path, str(index)), one, registry, to)
            return
        if not isinstance(node, dict):
            yield Row(path, to, brief(node))
            return
        inside = {key: value for key, value in items(node) if _has_rows(str(key), value)}
        if is_part(node):
            yield Row(path, to, self.types.say(node, registry, inside))
        else:
            plain = {key: value for key, value in items(node) if key not in inside}
            yield Row(path, to, brief(plain) if plain else "its parts")
        for key, value in inside.items():
            below = (*path, str(key))
            of_key = REGISTRY_OF.get(str(key), registry)
            if key == "pipeline":
                yield Row(below, to, self._in_a_row(value))
            else:
                yield from self.tree(below, value, of_key, to)

    def _in_a_row(self, pipeline: Any) -> str:
        steps = pipeline if isinstance(pipeline, list | tuple) else [pipeline]
        return " -> ".join(
            _short_name(self.types.say(step, TRANSFORMS)) if is_part(step) else brief(step)
            for step in steps
        )

    def _model(self, path: _Path, node: Any) -> Iterator[Row]:
        yield from self.tree(path, node, MODELS, MODULE)

    # --------------------------------------------------------------------- data

    def _dataloader(self, path: _Path, node: Any) -> Iterator[Row]:
        if isinstance(node, list | tuple):
            for index, one in enumerate(node):
                yield from self._dataloader((*path, str(index)), one)
            return
        if not isinstance(node, dict):
            yield Row(path, DATA, brief(node))
            return
        inside = [key for key, value in items(node) if _has_rows(str(key), value)]
        plain = {key: value for key, value in items(node) if key not in inside}
        yield Row(path, DATA, f"torch.utils.data.DataLoader({arguments_of(plain)})")
        for key in inside:
            value = dict.get(node, key)
            yield from self.tree((*path, key), value, REGISTRY_OF.get(key, DATASETS), DATA)

    # ------------------------------------------------------------- optimization

    def _optim_wrapper(self, path: _Path, node: Any) -> Iterator[Row]:
        if not isinstance(node, dict):
            yield Row(path, MODULE, brief(node))
            return
        several = {
            key: value
            for key, value in items(node)
            if isinstance(value, dict) and "optimizer" in value
        }
        constructor = dict.get(node, "constructor")
        if several:
            by = "" if constructor is None else f", built by {self._type(constructor)}"
            plain = {k: v for k, v in items(node) if k not in several and k != "constructor"}
            more = f" with {arguments_of(plain)}" if plain else ""
            yield Row(path, MODULE, f"OptimWrapperDict{by}{more}")
            for key, value in several.items():
                yield from self._optim_wrapper((*path, str(key)), value)
            return
        wrapper = {"type": "OptimWrapper", **dict(items(node))}
        said = self.types.say(wrapper, OPTIM_WRAPPERS, ("optimizer", "constructor"))
        by = "" if constructor is None else f", built by {self._type(constructor)}"
        yield Row(path, MODULE, f"{said}{by}")
        if "optimizer" in node:
            optimizer = dict.get(node, "optimizer")
            yield from self.tree((*path, "optimizer"), optimizer, OPTIMIZERS, MODULE)

    def _type(self, kind: Any) -> str:
        found = self.types.find(kind, OPTIM_WRAPPER_CONSTRUCTORS)
        return f"{kind}: not known" if found is None else shown_name(found)

    def _schedulers(self, path: _Path, node: Any) -> Iterator[Row]:
        if isinstance(node, list | tuple):
            for index, one in enumerate(node):
                yield from self._schedulers((*path, str(index)), one)
        elif is_part(node):
            yield Row(path, MODULE, f"{self.types.say(node, PARAM_SCHEDULERS)}, {self._when(node)}")
        elif isinstance(node, dict):  # by optimizer
            for key, value in items(node):
                yield from self._schedulers((*path, str(key)), value)
        else:
            yield Row(path, MODULE, brief(node))

    def _when(self, node: dict[str, Any]) -> str:
        hooks = dict.get(self._settings, "default_hooks")
        if isinstance(hooks, dict) and dict.get(hooks, "param_scheduler", "there") is None:
            return "which no hook steps (default_hooks.param_scheduler is None)"
        if "Plateau" in str(dict.get(node, "type")):
            return "stepped by ParamSchedulerHook after each validation"
        by_epoch = dict.get(node, "by_epoch", True) and not dict.get(node, "convert_to_iter_based")
        return f"stepped by ParamSchedulerHook each {'epoch' if by_epoch else 'iteration'}"

    # -------------------------------------------------------------------- loops

    def _train_cfg(self, path: _Path, node: Any) -> Iterator[Row]:
        if not isinstance(node, dict):
            yield Row(path, TRAINER, brief(node))
            return
        by_epoch = dict.get(node, "by_epoch", True)
        kind = EpochBasedTrainLoop if by_epoch else IterBasedTrainLoop
        loop = {"type": kind, **dict(items(node))}
        epochs, iters = dict.get(node, "max_epochs"), dict.get(node, "max_iters")
        extent = (
            f"Trainer(max_epochs={epochs})" if iters is None else f"one epoch of {iters} batches"
        )
        yield Row(path, TRAINER, f"{self.types.say(loop, LOOPS, ('by_epoch',))}: {extent}")

    def _evaluation_cfg(self, path: _Path, node: Any) -> Iterator[Row]:
        if not isinstance(node, dict):
            yield Row(path, TRAINER, brief(node))
            return
        loop = {"type": ValLoop if path[0] == "val_cfg" else TestLoop, **dict(items(node))}
        yield Row(path, TRAINER, self.types.say(loop, LOOPS))

    def _evaluator(self, path: _Path, node: Any) -> Iterator[Row]:
        is_whole = isinstance(node, dict) and "metrics" in node
        if is_whole:
            node = {"type": "Evaluator", **dict(items(node))}
        yield from self.tree(path, node, EVALUATOR if is_whole else METRICS, TRAINER)

    # -------------------------------------------------------------------- hooks

    def _default_hooks(self, path: _Path, node: Any) -> Iterator[Row]:
        if not isinstance(node, dict):
            yield Row(path, CALLBACK, brief(node))
            return
        rows = []
        for name, hook in {**DEFAULT_HOOKS, **dict(items(node))}.items():
            below = (*path, str(name))
            if hook is None:
                rows.append((101, Row(below, NOTHING, "this default hook is left out")))
                continue
            if isinstance(hook, dict) and "type" not in hook:
                hook = {**DEFAULT_HOOKS.get(str(name), {}), **dict(items(hook))}
            rows.append(self._hook(below, hook))
        yield from (row for _, row in sorted(rows, key=lambda one: one[0]))

    def _custom_hooks(self, path: _Path, node: Any) -> Iterator[Row]:
        for index, hook in enumerate(node if isinstance(node, list | tuple) else [node]):
            yield self._hook((*path, str(index)), hook)[1]

    def _hook(self, path: _Path, hook: Any) -> tuple[int, Row]:
        found = self.types.find(hook, HOOKS) if is_part(hook) else type(hook)
        said = self.types.say(hook, HOOKS, ("priority",)) if is_part(hook) else brief(hook)
        if not (isinstance(found, type) and issubclass(found, Hook)):
            return 100, Row(path, CALLBACK, said)
        own = dict.get(hook, "priority") if isinstance(hook, dict) else hook.priority
        level = _level(found.priority if own is None else own)
        return level[0], Row(path, CALLBACK, f"{said}, priority {level[1]}")

    # --------------------------------------------------------- what is around it

    def _visualizer(self, path: _Path, node: Any) -> Iterator[Row]:
        if isinstance(node, dict):
            node = {"type": "Visualizer", **dict(items(node))}
        yield from self.tree(path, node, VISUALIZERS, LOGGER)

    def _log_processor(self, path: _Path, node: Any) -> Iterator[Row]:
        if isinstance(node, dict):
            node = {"type": "LogProcessor", **dict(items(node))}
        yield from self.tree(path, node, LOG_PROCESSORS, LOGGER)

    def _trainer(self, path: _Path, node: Any) -> Iterator[Row]:
        for key, value in items(node) if isinstance(node, dict) else ():
            rule = ARGUMENTS.get(str(key))
            to = {"strategy": STRATEGY, "plugins": STRATEGY, "logger": LOGGER}.get(key, TRAINER)
            to = CALLBACK if key == "callbacks" else to
            by = f", obeyed by {rule.by}" if isinstance(rule, Obeyed) else ": refused"
            yield Row((*path, str(key)), to, f"Trainer({key}={brief(value)}){by}")

    def _model_wrapper(self, path: _Path, node: Any) -> Iterator[Row]:
        if isinstance(node, dict):
            node = {"type": "MMDistributedDataParallel", **dict(items(node))}
        yield from self.tree(path, node, MODEL_WRAPPERS, STRATEGY)

    def _strategy(self, path: _Path, node: Any) -> Iterator[Row]:
        yield from self.tree(path, node, STRATEGIES, STRATEGY)

    def _runner_type(self, path: _Path, node: Any) -> Iterator[Row]:
        found = self.types.find(node, RUNNERS)
        yield Row(path, TRAINER, f"{node}: not known" if found is None else shown_name(found))

    def _inside(self, path: _Path, node: Any) -> Iterator[Row]:
        """Yield a row for each key of what has no type."""
        if not isinstance(node, dict):
            yield Row(path, ENVIRONMENT, brief(node))
            return
        for key, value in items(node):
            to, sentence = INSIDE.get((path[0], str(key)), (NOTHING, unread))
            yield Row((*path, str(key)), to, sentence(value))


def _short_name(call: str) -> str:
    name, bracket, rest = call.partition("(")
    return f"{name.rpartition('.')[2]}{bracket}{rest}"


def _has_rows(key: str, value: Any) -> bool:
    """Tell whether a value under a key is more than an argument."""
    if key.endswith("_cfg") and key not in ("train_cfg", "test_cfg"):
        return False
    return any(True for _ in parts_in(value))


def _level(priority: Any) -> tuple[int, str]:
    try:
        number = get_priority(priority)
    except (KeyError, TypeError, ValueError):  # the check tells it
        return 100, repr(priority)
    names = [level.name for level in Priority if level.value == number]
    return number, f"{names[0]} ({number})" if names else str(number)


def _paths_of(node: Any, value: Any, path: _Path = ()) -> Iterator[_Path]:
    if path and same_settings(node, value):
        yield path
    elif isinstance(node, dict):
        for key, inner in items(node):
            yield from _paths_of(inner, value, (*path, str(key)))
    elif isinstance(node, list | tuple):
        for index, inner in enumerate(node):
            yield from _paths_of(inner, value, (*path, str(index)))


_Say = Callable[[Keys, _Path, Any], Iterator[Row]]
_PARTS: dict[str, _Say] = {
    "custom_hooks": Keys._custom_hooks,
    "data_preprocessor": Keys._model,
    "default_hooks": Keys._default_hooks,
    "env_cfg": Keys._inside,
    "log_processor": Keys._log_processor,
    "model": Keys._model,
    "model_wrapper_cfg": Keys._model_wrapper,
    "optim_wrapper": Keys._optim_wrapper,
    "param_scheduler": Keys._schedulers,
    "randomness": Keys._inside,
    "runner_type": Keys._runner_type,
    "strategy": Keys._strategy,
    "test_cfg": Keys._evaluation_cfg,
    "test_dataloader": Keys._dataloader,
    "test_evaluator": Keys._evaluator,
    "train_cfg": Keys._train_cfg,
    "train_dataloader": Keys._dataloader,
    "trainer": Keys._trainer,
    "val_cfg": Keys._evaluation_cfg,
    "val_dataloader": Keys._dataloader,
    "val_evaluator": Keys._evaluator,
    "visualizer": Keys._visualizer,
}
"""What says of a key that becomes objects what these are."""
