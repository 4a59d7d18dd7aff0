"""How a config is put over its base."""

from __future__ import annotations

import copy
from typing import Any

DELETE_KEY = "_delete_"


def merge_into(
    child: dict[str, Any], base: Any, allow_list_keys: bool = False, replace_others: bool = False
) -> Any:
    """Merge a dict over another one.

    A dict in ``child`` is merged into the dict that ``base`` has under its key, unless it
    says ``_delete_=True``; anything else replaces what ``base`` has. Neither is changed.

    Args:
        child (dict): What is put over.
        base (dict or list): What is put under.
        allow_list_keys (bool): Whether keys such as ``"0"`` mean items of a list.
        replace_others (bool): Whether a dict may replace what is no dict.

    Returns:
        dict or list: The merged copy of ``base``.

    Raises:
        TypeError: If a dict would replace what is no dict.
        KeyError: If a list has no such index.

    Example:
        >>> merge_into(dict(a=dict(y=2)), dict(a=dict(x=1), b=3))
        {'a': {'x': 1, 'y': 2}, 'b': 3}
    """
    # By `copy`, not by its method: a dict's own gives a subclass up.
    merged = copy.copy(base)
    for key, value in dict.items(child):
        if key == DELETE_KEY:
            continue
        place = _index(key, merged) if isinstance(merged, list) else key
        if isinstance(value, dict):
            held = _held(merged, place)
            if value.get(DELETE_KEY, False) or not _holds(merged, place):
                value = _taken(value)
            elif isinstance(held, dict) or (allow_list_keys and isinstance(held, list)):
                value = merge_into(value, held, allow_list_keys, replace_others)
            elif replace_others:
                value = _taken(value)
            else:
                raise TypeError(
                    f"{key}={value} in child config cannot inherit from base because {key} is a "
                    f"dict in the child config but is of type {type(held)} in base config. You "
                    f"may set `{DELETE_KEY}=True` to ignore the base config."
                )
        merged[place] = value
    return merged


def _held(merged: Any, place: Any) -> Any:
    return merged[place] if isinstance(merged, list) else dict.get(merged, place)


def _holds(merged: Any, place: Any) -> bool:
    return isinstance(merged, list) or place in merged


def _index(key: Any, items: list[Any]) -> int:
    if not str(key).isdigit():
        raise TypeError(f"a list is changed by index, such as '0', but the key is {key!r}")
    index = int(key)
    if index >= len(items):
        raise KeyError(f"Index {index} exceeds the length of list {items}")
    return index


def _taken(value: dict[str, Any]) -> dict[str, Any]:
    """Copy a dict that replaces all there was, so that ``_delete_`` has done its work."""
    taken = copy.copy(value)
    dict.pop(taken, DELETE_KEY, None)
    for key, item in dict.items(taken):
        if isinstance(item, dict):
            dict.__setitem__(taken, key, _taken(item))
    return taken
