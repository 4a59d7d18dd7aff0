"""Where in a config an object comes from, and what was wrong with it."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_root: ContextVar[tuple[Any, str | None]] = ContextVar("mmlight_root_config", default=(None, None))


@contextmanager
def root_config(cfg: Any) -> Generator[None, None, None]:
    """Let errors of the build functions name the key and the file they come from.

    Args:
        cfg (Config or dict): The whole config whose parts are built inside the block.

    Example:
        >>> from mmlight.registry import Registry
        >>> cfg = dict(queue=dict(type="queue.Queue", size=2))
        >>> with root_config(cfg):
        ...     Registry("any").build(cfg["queue"])  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        TypeError: Queue got ... 'size'. Did you mean 'maxsize'? (config key `queue.size`)
    """
    token = _root.set((getattr(cfg, "_cfg_dict", cfg), getattr(cfg, "filename", None)))
    try:
        yield
    finally:
        _root.reset(token)


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Return the known names closest to a wrong one, best first.

    Args:
        name (str): The wrong name.
        known (Iterable[str]): Right names.

    Returns:
        list[str]: At most three names.

    Example:
        >>> nearest("EmaHok", ["EMAHook", "LoggerHook"])
        ['EMAHook']
    """
    by_folded: dict[str, str] = {}
    for right in known:
        by_folded.setdefault(right.lower(), right)
    return [by_folded[hit] for hit in difflib.get_close_matches(name.lower(), by_folded, n=3)]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a sentence with the nearest right names, empty when none is near."""
    hits = nearest(name, known)
    return f" Did you mean {' or '.join(repr(hit) for hit in hits)}?" if hits else ""


def place_of(node: Any, *keys: str) -> str:
    """Say where a config dict stands in the root config.

    Args:
        node (dict): The dict an object is built from.
        *keys (str): Keys below ``node`` that are meant.

    Returns:
        str: `` (config key `a.b` in file.py)``, empty when the dict is not found.
    """
    root, filename = _root.get()
    path = _path_of(node, root) if isinstance(root, Mapping) else None
    if path is None:
        return ""
    dotted = ".".join([*path, *keys]) or "<root>"
    return f" (config key `{dotted}`{f' in {filename}' if filename else ''})"


def _path_of(node: Any, root: Any) -> list[str] | None:
    node = getattr(node, "_cfg_dict", node)
    similar: list[str] | None = None
    for path, candidate in _dicts_of(root):
        if candidate is node:
            return path
        # What is built is often a copy that lost or gained a key on its way.
        if similar is None and _is_copy(node, candidate):
            similar = path
    return similar


def _is_copy(node: Any, candidate: Any) -> bool:
    wanted, found = _raw(node, "type"), _raw(candidate, "type")
    if wanted is None or not (wanted is found or (isinstance(wanted, str) and wanted == found)):
        return False
    return candidate.keys() <= node.keys() or node.keys() <= candidate.keys()


def _raw(node: Any, key: str) -> Any:
    # A lazily imported type must not be imported for the sake of a message.
    return dict.get(node, key) if isinstance(node, dict) else node.get(key)


def _dicts_of(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[list[str], Any]]:
    if isinstance(node, dict):
        yield list(path), node
        for key, value in dict.items(node):
            yield from _dicts_of(value, (*path, str(key)))
    elif isinstance(node, (list, tuple)):
        for index, value in enumerate(node):
            yield from _dicts_of(value, (*path, str(index)))


def check_arguments(obj: Callable, args: Mapping[str, Any], cfg: Any) -> None:
    """Refuse arguments that ``obj`` does not take, before it is called.

    Args:
        obj (Callable): Class or function that is about to be called.
        args (Mapping[str, Any]): Its keyword arguments.
        cfg (dict): The config dict that they come from.

    Raises:
        TypeError: If an argument is unknown or a required one is missing.
    """
    try:
        # A wrapper may rename or add arguments, so what it wraps does not count.
        parameters = inspect.signature(obj, follow_wrapped=False).parameters.values()
    except (TypeError, ValueError):
        return
    name = getattr(obj, "__name__", repr(obj))
    taken = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    names = [p.name for p in taken]
    if not any(p.kind is p.VAR_KEYWORD for p in parameters):
        for key in args:
            if key not in names:
                raise TypeError(
                    f"{name} got an unexpected keyword argument {key!r}."
                    f"{did_you_mean(str(key), names) or _listing(names)}{place_of(cfg, str(key))}"
                )
    missing = [repr(p.name) for p in taken if p.default is p.empty and p.name not in args]
    if missing:
        count = f"{len(missing)} required argument{'s' if len(missing) > 1 else ''}"
        raise TypeError(f"{name} is missing {count}: {', '.join(missing)}{place_of(cfg)}")


def _listing(names: list[str]) -> str:
    return f" It takes: {', '.join(names)}." if names else " It takes no arguments."
