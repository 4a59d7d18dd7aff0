"""Run transforms under other names of entries."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mmlight.dataset import Compose
from mmlight.generative.datasets.transforms.base import BaseTransform, get
from mmlight.logging import print_log
from mmlight.registry import TRANSFORMS

Transforms = (
    dict[str, Any] | Callable[..., Any] | Sequence[dict[str, Any] | Callable[..., Any]] | None
)


@TRANSFORMS.register_module()
class KeyMapper(BaseTransform):
    """Gives entries other names, runs transforms on them, and writes the results back.

    The transforms see the whole entry and, besides, what ``mapping`` names. Of what they return,
    only what ``remapping`` names is kept, if there is one.

    Args:
        transforms (dict | Callable | Sequence, optional): Transforms, or configs of them.
            Defaults to None, none.
        mapping (dict, optional): For each name inside the name outside, or a list or dict of
            them, which inside become a list or dict of values. Defaults to None.
        remapping (dict, optional): The same on the way back. Defaults to None.
        auto_remap (bool, optional): Use ``mapping`` as ``remapping``. Defaults to None: where
            there is a mapping and no remapping.
        allow_nonexist_keys (bool): Leave out what is not there instead of refusing it. Defaults to
            False.

    Raises:
        ValueError: If ``auto_remap`` lacks a mapping or contradicts a ``remapping``.

    Example:
        >>> double = lambda entry: {**entry, "n": entry["n"] * 2}
        >>> KeyMapper(double, mapping={"n": "count"})({"count": 3})
        {'count': 6}
        >>> KeyMapper(mapping={"a": "b"}, remapping={"a": "a"})({"b": 1})
        {'b': 1, 'a': 1}
    """

    def __init__(
        self,
        transforms: Transforms = None,
        mapping: dict[str, Any] | None = None,
        remapping: dict[str, Any] | None = None,
        auto_remap: bool | None = None,
        allow_nonexist_keys: bool = False,
    ) -> None:
        if auto_remap is None:
            auto_remap = mapping is not None and remapping is None
        if auto_remap and (mapping is None or remapping is not None):
            raise ValueError("auto_remap takes mapping as remapping: give mapping alone")
        single = isinstance(transforms, dict) or callable(transforms)
        self.transforms = Compose([transforms] if single else transforms)  # type: ignore
        self.mapping = mapping
        self.remapping = mapping if auto_remap else remapping
        self.auto_remap = auto_remap
        self.allow_nonexist_keys = allow_nonexist_keys

    def transform(self, results: dict[str, Any]) -> dict[str, Any] | None:
        """Run the transforms under the names inside.

        Raises:
            KeyError: If something named is not there and ``allow_nonexist_keys`` is False.
        """
        inner = self.transforms({**results, **self._names_inside(results)})
        return None if inner is None else self._back(results, inner)

    def _names_inside(self, results: dict[str, Any]) -> dict[str, Any]:
        found = {}
        for inside, outside in (self.mapping or {}).items():
            try:
                found[inside] = self._collect(results, outside)
            except KeyError:
                if not self.allow_nonexist_keys:
                    raise
        return found

    def _collect(self, results: dict[str, Any], outside: Any) -> Any:
        if isinstance(outside, Mapping):
            return {key: self._collect(results, name) for key, name in outside.items()}
        if isinstance(outside, (list, tuple)):
            return [self._collect(results, name) for name in outside]
        return get(results, outside, self)

    def _back(self, results: dict[str, Any], inner: dict[str, Any]) -> dict[str, Any]:
        if self.remapping is None:
            return inner
        for inside, outside in self.remapping.items():
            if inside in inner:
                _assign(results, outside, inner[inside])
            elif not self.allow_nonexist_keys:
                get(inner, inside, self)
        return results

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(transforms={self.transforms}, mapping={self.mapping}, "
            f"remapping={self.remapping})"
        )


def _draws_for_each(transform: Any) -> bool:
    return getattr(transform, "draws_for_each", False)


def _assign(results: dict[str, Any], outside: Any, value: Any) -> None:
    if isinstance(outside, Mapping):
        for key, name in outside.items():
            _assign(results, name, value[key])
    elif isinstance(outside, (list, tuple)):
        for name, item in zip(outside, value, strict=True):
            _assign(results, name, item)
    else:
        results[outside] = value


@TRANSFORMS.register_module()
class TransformBroadcaster(KeyMapper):
    """Runs transforms on several entries one after the other, each under the same name.

    Args:
        transforms (dict | Callable | Sequence): Transforms, or configs of them.
        mapping (dict): For each name inside the list of the names outside; all lists are of one
            length. Without it, ``results`` holds lists under the names themselves.
            Defaults to None.
        remapping (dict, optional): As in :class:`KeyMapper`. Defaults to None.
        auto_remap (bool, optional): As in :class:`KeyMapper`. Defaults to None.
        allow_nonexist_keys (bool): As in :class:`KeyMapper`. Defaults to False.
        share_random_params (bool): Draw the same random numbers of numpy for each entry. Where a
            transform is one of ``Crop``, ``FixedCrop``, ``Flip`` and ``RandomTransposeHW``, which
            draw for each entry as MMagic's do, it has no effect, which is warned of.
            Defaults to False.

    Raises:
        ValueError: As :class:`KeyMapper`.

    Example:
        >>> double = lambda entry: {**entry, "n": entry["n"] * 2}
        >>> TransformBroadcaster(double, mapping={"n": ["a", "b"]})({"a": 1, "b": 2})
        {'a': 2, 'b': 4}
    """

    def __init__(
        self,
        transforms: Transforms,
        mapping: dict[str, Any] | None = None,
        remapping: dict[str, Any] | None = None,
        auto_remap: bool | None = None,
        allow_nonexist_keys: bool = False,
        share_random_params: bool = False,
    ) -> None:
        super().__init__(transforms, mapping, remapping, auto_remap, allow_nonexist_keys)
        own = [type(t).__name__ for t in self.transforms.transforms if _draws_for_each(t)]
        if share_random_params and own:
            print_log(
                f"share_random_params=True has no effect: {', '.join(own)} draws random numbers "
                "for each entry",
                logger="current",
                level=logging.WARNING,
            )
        self.share_random_params = share_random_params and not own

    def transform(self, results: dict[str, Any]) -> dict[str, Any] | None:
        """Run the transforms on each entry.

        Raises:
            KeyError: If something named is not there and ``allow_nonexist_keys`` is False.
            ValueError: If lists are of different lengths.
        """
        columns = self._names_inside(results)
        if self.mapping is None:
            columns = {key: value for key, value in results.items() if isinstance(value, list)}
        lengths = {key: len(column) for key, column in columns.items()}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"{type(self).__name__} needs lists of one length, got {lengths}")
        state, outcomes = np.random.get_state(), []
        for index in range(next(iter(lengths.values()))):
            if self.share_random_params:
                np.random.set_state(state)
            row = {key: column[index] for key, column in columns.items()}
            outcomes.append(self.transforms({**results, **row}))
        if any(outcome is None for outcome in outcomes):
            return None
        kept = self.remapping or columns
        gathered = {key: [outcome[key] for outcome in outcomes] for key in kept}
        return self._back(results, {**results, **gathered})
