"""Where in a config an object comes from, so that every error of its making can say it."""

from __future__ import annotations

import math
import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from .account import Account

_MARK = "(config key"
_FIRST_WORD = re.compile(r"\W*(\w+)")
_ARGUMENT = re.compile(r"argument '(\w+)'")


class _Root(NamedTuple):
    settings: Any
    filename: str | None
    account: Account | None


_NO_CONFIG = _Root(None, None, None)
_root: ContextVar[_Root] = ContextVar("mmlight_root_config", default=_NO_CONFIG)
_given_by: ContextVar[Mapping[str, str]] = ContextVar("mmlight_given_by", default={})  # noqa: B039
_section: ContextVar[tuple[str, ...]] = ContextVar("mmlight_config_section", default=())


@contextmanager
def root_config(
    cfg: Any, given: Mapping[str, Any] | None = None, account: Account | None = None
) -> Generator[None, None, None]:
    """Let errors of what is built inside name the key and the file they come from.

    Args:
        cfg (Config or dict): The whole config whose parts are built inside the block.
        given (Mapping, optional): By key, what is built in place of that of ``cfg``.
        account (Account, optional): Takes the keys that turn out to have no effect.

    Example:
        >>> from mmlight.registry import Registry
        >>> cfg = dict(queue=dict(type="queue.Queue", size=2))
        >>> with root_config(cfg):
        ...     Registry("any").build(cfg["queue"])  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        TypeError: Queue got ... 'size'. Did you mean 'maxsize'? (config key `queue.size`)
    """
    settings = getattr(cfg, "_cfg_dict", cfg)
    if given:
        settings = {**dict(_raw_items(settings)), **given}
    token = _root.set(_Root(settings, getattr(cfg, "filename", None), account))
    try:
        yield
    finally:
        _root.reset(token)


@contextmanager
def given_by(options: Mapping[str, str]) -> Generator[None, None, None]:
    """Let errors inside say of keys of the root config that no file has set them.

    Args:
        options (Mapping[str, str]): By key, what has: an option of the command line.

    Example:
        >>> with root_config(dict(load_from="a.pth")), given_by(dict(load_from="--resume a.pth")):
        ...     with section("load_from"):
        ...         raise ValueError("no checkpoint")
        Traceback (most recent call last):
        ...
        ValueError: no checkpoint (config key `load_from`, given by --resume a.pth)
    """
    token = _given_by.set(options)
    try:
        yield
    finally:
        _given_by.reset(token)


@contextmanager
def section(*path: Any) -> Generator[None, None, None]:
    """Let any error inside name a key of the root config, unless it names one already.

    Args:
        *path: The key that is dealt with, and before it those above it.

    Example:
        >>> with root_config(dict(train_cfg=dict(max_epochs=0))), section("train_cfg"):
        ...     raise ValueError("max_epochs must be greater than 0")
        Traceback (most recent call last):
        ...
        ValueError: max_epochs must be greater than 0 (config key `train_cfg.max_epochs`)
    """
    token = _section.set(tuple(map(str, path)))
    try:
        yield
    except Exception as err:
        blame(err, *_section.get())
        raise
    finally:
        _section.reset(token)


@contextmanager
def part(node: Any, *path: Any) -> Generator[None, None, None]:
    """Be a :func:`section` for a dict of the root config, or below the section there is.

    Args:
        node (dict): The dict; where it is not found in the root config, the section stays.
        *path: Keys below it.
    """
    found = path_of(node)
    with section(*(_section.get() if found is None else found), *path):
        yield


def section_of(built: Any) -> AbstractContextManager[None]:
    """Return the :func:`section` of the config that an object notes as its ``config_key``.

    Args:
        built (Any): The object; if it notes none, the section stays.
    """
    return section(*(getattr(built, "config_key", ()) or _section.get()))


def current_section() -> tuple[str, ...]:
    """Return the key of the root config that is dealt with, and those above it."""
    return _section.get()


def blame(err: BaseException, *path: str) -> None:
    """Put into an error that names no place a key of the root config.

    Args:
        err (BaseException): The error, which stays of its type.
        *path (str): The key, and before it those above it.
    """
    add_place(err, _said((*path, *_key_named(err, _node_at(path)))))


def add_place(err: BaseException, place: str) -> None:
    """Put a place into the message of an error that names none.

    Args:
        err (BaseException): The error, which stays of its type.
        place (str): What :func:`place_of` returns.
    """
    notes, filename = getattr(err, "__notes__", []), _root.get().filename
    said = _words_of(err)
    if _MARK in said:
        place = f" (in {filename})" if filename and filename not in said else ""
    if not place:
        return
    if type(err).__str__ in (BaseException.__str__, KeyError.__str__) and _is_sentence(err.args):
        err.args = (f"{err.args[0]}{place}",)
    elif hasattr(err, "add_note"):
        err.add_note(place.strip())
    else:  # Python 3.10 shows no notes; the command line does
        err.__notes__ = [*notes, place.strip()]  # type: ignore[attr-defined]


def names_place(err: BaseException) -> bool:
    """Tell whether an error says which key of a config it comes from.

    Args:
        err (BaseException): The error.

    Example:
        >>> names_place(ValueError("no (config key `a`)")), names_place(ValueError("no"))
        (True, False)
    """
    return _MARK in _words_of(err)


def _words_of(err: BaseException) -> str:
    return "\n".join([str(err), *getattr(err, "__notes__", [])])


def place_of_error(err: BaseException, node: Any) -> str:
    """Say where what was built from a config dict stands, and which of its keys is to blame.

    Args:
        err (BaseException): What went wrong.
        node (dict): The dict.

    Returns:
        str: As from :func:`place_of`.
    """
    return place_of(node, *_key_named(err, node))


def _key_named(err: BaseException, node: Any) -> tuple[str, ...]:
    """Return the key that the message of an error is about, where it begins with its name."""
    said = str(err)
    found = _ARGUMENT.search(said) or _FIRST_WORD.match(said)
    is_key = found and hasattr(node, "keys") and found[1] in node.keys() - {"type"}
    return (found[1],) if found and is_key else ()


def _is_sentence(args: tuple[Any, ...]) -> bool:
    return len(args) == 1 and isinstance(args[0], str)


def place_of(node: Any, *keys: str) -> str:
    """Say where a config dict stands in the root config.

    Args:
        node (dict): The dict an object is built from.
        *keys (str): Keys below ``node`` that are meant.

    Returns:
        str: `` (config key `a.b` in file.py)``; of the section in which this is asked, where the
        dict is not found; empty where there is neither.
    """
    path = path_of(node)
    if path is not None:
        return _said((*path, *keys))
    here = _section.get()
    if not here:
        return ""
    inner = _node_at(here)
    return _said((*here, *keys) if isinstance(inner, dict) and set(keys) <= inner.keys() else here)


def note_unread(node: Any, why: str, *keys: str) -> bool:
    """Note that a key below a config dict has no effect.

    Args:
        node (dict): The dict.
        why (str): Why nothing reads it, and what may have been meant.
        *keys (str): The key, and before it those between.

    Returns:
        bool: Whether somebody keeps account of it, and tells it before the training begins.
    """
    account = _root.get().account
    if account is None:
        return False
    path = path_of(node)
    account.add((*(_section.get() if path is None else path), *keys), why)
    return True


def _said(path: tuple[str, ...]) -> str:
    root = _root.get()
    if root.settings is None:
        return ""
    where = f" in {root.filename}" if root.filename else ""
    if path and path[0] in _given_by.get():
        where = f", given by {_given_by.get()[path[0]]}"
    return f" {_MARK} `{'.'.join(path) or '<root>'}`{where})"


def _node_at(path: tuple[str, ...]) -> Any:
    node = _root.get().settings
    for key in path:
        if isinstance(node, dict):
            node = dict.get(node, key)
        elif isinstance(node, (list, tuple)) and key.isdigit() and int(key) < len(node):
            node = node[int(key)]
        else:
            return None
    return node


def path_of(node: Any) -> tuple[str, ...] | None:
    """Return the keys that lead to a dict or list of the root config, None if it is not there.

    A copy that lost or gained a key on its way is found too, first in the section at hand.
    """
    root = _root.get().settings
    if not isinstance(root, Mapping):
        return None
    node = getattr(node, "_cfg_dict", node)
    here = _section.get()
    similar: dict[tuple[str, ...], tuple[float, int]] = {}
    for path, candidate in _nodes_of(root):
        if candidate is node:
            return path
        if path[: len(here)] != here:
            continue
        if _is_copy(node, candidate):
            similar[path] = _likeness(node, candidate)
        elif isinstance(node, (dict, list)) and node and same_settings(node, candidate):
            similar[path] = (math.inf, 0)
    return max(similar, key=lambda path: similar[path], default=None)


def _is_copy(node: Any, candidate: Any) -> bool:
    if not (hasattr(node, "keys") and isinstance(candidate, dict)):
        return False
    wanted, found = _raw(node, "type"), _raw(candidate, "type")
    if wanted is None or not (wanted is found or (isinstance(wanted, str) and wanted == found)):
        return False
    result: bool = candidate.keys() <= node.keys() or node.keys() <= candidate.keys()
    return result


def same_settings(one: Any, other: Any) -> bool:
    """Compare settings; objects in them are equal to themselves alone, whatever their ``==``."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(
            same_settings(value, dict.get(other, key)) for key, value in dict.items(one)
        )
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same_settings, one, other))
    return isinstance(one, (str, int, float)) and one == other


def _likeness(node: Any, candidate: Any) -> tuple[float, int]:
    same = sum(_raw(node, key) is value for key, value in dict.items(candidate))
    return same, len(candidate.keys() & node.keys())


def _raw(node: Any, key: str) -> Any:
    # A lazily imported type must not be imported for the sake of a message.
    return dict.get(node, key) if isinstance(node, dict) else node.get(key)


def _raw_items(settings: Any) -> Any:
    return dict.items(settings) if isinstance(settings, dict) else settings.items()


def _nodes_of(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(node, dict):
        yield path, node
        for key, value in dict.items(node):
            yield from _nodes_of(value, (*path, str(key)))
    elif isinstance(node, (list, tuple)):
        yield path, node
        for index, value in enumerate(node):
            yield from _nodes_of(value, (*path, str(index)))
