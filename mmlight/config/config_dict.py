"""A dict whose keys are also attributes."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .lazy import Lazy, resolve
from .merge import merge_into


class ConfigDict(dict[str, Any]):
    """A dictionary for configs, with its keys as attributes.

    Dicts put into it, also those inside lists and tuples, become ``ConfigDict`` too; an
    object of a subclass of dict stays what it is. A missing key is an error, it is never
    created by reading it. What a config imports lazily is imported when it is read.

    Args:
        *args: Mappings or iterables of pairs, as for :class:`dict`.
        **kwargs: More keys.

    Example:
        >>> cfg = ConfigDict(model=dict(type="ResNet", stages=[dict(depth=2)]))
        >>> cfg.model.stages[0].depth
        2
        >>> cfg.model.width
        Traceback (most recent call last):
        ...
        AttributeError: 'ConfigDict' object has no attribute 'width'
    """

    __slots__ = ("_frozen",)
    _frozen: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        object.__setattr__(self, "_frozen", False)
        put = super().__setitem__
        for source in (*args, kwargs):
            if source:
                for key, value in _pairs(source):
                    put(key, _wrap(value))
            elif source is not None and not isinstance(source, Iterable):
                raise TypeError(f"{type(source).__name__!r} object is not iterable")

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self
            ) from None

    def __setattr__(self, name: str, value: Any) -> None:
        if hasattr(type(self), name):
            raise AttributeError(f"{type(self).__name__!r} attribute {name!r} is read-only")
        self[name] = value

    def __delattr__(self, name: str) -> None:
        try:
            del self[name]
        except KeyError:
            raise AttributeError(name, name=name, obj=self) from None

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(key for key in self if isinstance(key, str))]

    def __iter__(self) -> Iterator[Any]:
        # Overridden so that `dict(**cfg)` asks __getitem__, which imports what is lazy.
        return super().__iter__()

    def __getitem__(self, key: Any) -> Any:
        value = super().__getitem__(key)
        return resolve(value) if isinstance(value, Lazy) else value

    def __setitem__(self, key: Any, value: Any) -> None:
        if self._frozen and key not in self:
            raise KeyError(f"{key!r} cannot be added: the config is frozen, with keys {[*self]}")
        super().__setitem__(key, _wrap(value))

    def get(self, key: Any, default: Any = None) -> Any:
        """Return the value of a key, ``default`` without it."""
        return resolve(super().get(key, default))

    def pop(self, key: Any, default: Any = None) -> Any:  # type: ignore[override]
        """Remove a key and return its value, ``default`` without it."""
        return resolve(super().pop(key, default))

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """Return the value of a key, after setting it to ``default`` if it is missing."""
        if key not in self:
            self[key] = default
        return self[key]

    def values(self) -> Any:
        """Return the values, importing the lazy ones."""
        return (
            [resolve(value) for value in super().values()] if _has_lazy(self) else super().values()
        )

    def items(self) -> Any:
        """Return the pairs of keys and values, importing the lazy ones."""
        if _has_lazy(self):
            return [(key, resolve(value)) for key, value in super().items()]
        return super().items()

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Put keys in; a dict is merged into the dict that the key already holds.

        Args:
            *args: At most one mapping or iterable of pairs.
            **kwargs: More keys.
        """
        if len(args) > 1:
            raise TypeError(f"update expected at most 1 positional argument, got {len(args)}")
        for source in (*args, kwargs):
            for key, value in _pairs(source):
                held = super().get(key)
                if isinstance(held, dict) and isinstance(value, dict):
                    held.update(value)
                else:
                    self[key] = value

    def merge(self, other: Mapping[str, Any]) -> None:
        """Merge a dict as a config is merged over its base.

        Args:
            other (Mapping): Keys to set. A dict in it is merged into the dict of that
                key, unless it says ``_delete_=True`` or there is no dict.

        Example:
            >>> cfg = ConfigDict(a=dict(x=1), b=dict(x=1))
            >>> cfg.merge(dict(a=dict(y=2), b=dict(_delete_=True, y=2)))
            >>> cfg
            {'a': {'x': 1, 'y': 2}, 'b': {'y': 2}}
        """
        merged = merge_into(ConfigDict(other), self, replace_others=True)
        for key, value in dict.items(merged):
            self[key] = value

    def copy(self) -> ConfigDict:
        """Return a shallow copy."""
        new = type(self)()
        dict.update(new, dict.items(self))
        return new

    __copy__ = copy

    def deepcopy(self) -> ConfigDict:
        """Return a deep copy."""
        return copy.deepcopy(self)

    def freeze(self, shouldFreeze: bool = True) -> None:
        """Refuse new keys from now on, also in the dicts that are values; copies take them.

        Args:
            shouldFreeze (bool): False takes new keys again.

        Example:
            >>> cfg = ConfigDict(model=dict(depth=2))
            >>> cfg.freeze()
            >>> cfg.model.depth = 3
            >>> cfg.model.width = 4
            Traceback (most recent call last):
            ...
            KeyError: "'width' cannot be added: the config is frozen, with keys ['depth']"
        """
        object.__setattr__(self, "_frozen", shouldFreeze)
        for value in dict.values(self):
            if isinstance(value, ConfigDict):
                value.freeze(shouldFreeze)

    def unfreeze(self) -> None:
        """Take new keys again, also in the dicts that are values."""
        self.freeze(False)

    def __deepcopy__(self, memo: dict[int, Any]) -> ConfigDict:
        new = type(self)()
        memo[id(self)] = new
        for key, value in dict.items(self):
            new[key] = copy.deepcopy(value, memo)
        return new

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return type(self), (), None, None, iter(dict.items(self))

    def __or__(self, other: Any) -> ConfigDict:  # type: ignore[override]
        if not isinstance(other, dict):
            return NotImplemented
        new = self.copy()
        new.update(other)
        return new

    def __ior__(self, other: Any) -> ConfigDict:  # type: ignore[misc,override]
        self.update(other)
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return plain dicts, lists and tuples, with import paths for lazy imports."""
        result: dict[str, Any] = unwrap(self)
        return result


def _pairs(source: Any) -> Iterator[tuple[Any, Any]]:
    # Below the overridden items(), so that nothing lazy is imported.
    if isinstance(source, dict):
        return iter(dict.items(source))
    return iter(source.items()) if isinstance(source, Mapping) else iter(source)


def _has_lazy(cfg: ConfigDict) -> bool:
    return any(isinstance(value, Lazy) for value in dict.values(cfg))


def _wrap(value: Any) -> Any:
    kind = type(value)
    if kind is dict or kind is OrderedDict:
        return ConfigDict(value)
    if kind is list:
        return [_wrap(item) for item in value]
    if kind is tuple:
        return tuple([_wrap(item) for item in value])
    return value


def copy_settings(value: Any) -> Any:
    """Copy dicts, lists, tuples and sets at any depth, with the same objects in them.

    In a copied ``ConfigDict`` there are no plain dicts, also where its lists have got some.
    """
    if isinstance(value, dict):
        new = copy.copy(value)
        put = ConfigDict.__setitem__ if isinstance(new, ConfigDict) else dict.__setitem__
        for key, item in dict.items(value):
            put(new, key, copy_settings(item))  # type: ignore[arg-type,index]
        return new
    if type(value) in (list, tuple):
        return type(value)([copy_settings(item) for item in value])
    return copy.copy(value) if type(value) is set else value


def unwrap(value: Any) -> Any:
    """Turn ``ConfigDict`` into dict and lazy imports into import paths, at any depth."""
    if isinstance(value, dict):
        return {key: unwrap(item) for key, item in dict.items(value)}
    if type(value) in (list, tuple):
        return type(value)(unwrap(item) for item in value)
    return value.dotted if isinstance(value, Lazy) else value
