"""YAML and JSON of strangers, read in time and memory that the length of the text bounds."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import yaml

from .extent import MAX_DEPTH, MAX_REPEATED

# Python turns text into a number in time that grows with the square of its length, and hashes of
# numbers from 2**61 on repeat, so that a dict of such takes hours to fill.
_MAX_NUMBER = 1000
_MAX_KEY = 18
_INT = "tag:yaml.org,2002:int"

# libyaml is some ten times faster, but not in every build of PyYAML.
_FullLoader: Any = getattr(yaml, "CFullLoader", yaml.FullLoader)


class PlainLoader(_FullLoader):
    """Plain data and tuples; no class, function or module that a file names."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[str, Any]:
        """Make a dict of keys that do not slow it down."""
        for key, _ in getattr(node, "value", ()):
            if key.tag == _INT and len(key.value) > _MAX_KEY:
                raise _error("found a key that is a huge number", key)
        result: dict[str, Any] = super().construct_mapping(node, deep)
        return result


def _error(problem: str, node: Any) -> yaml.YAMLError:
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


def _short(construct: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def construct_short(loader: Any, node: Any) -> Any:
        if len(node.value) > _MAX_NUMBER:
            raise _error(f"found a number of {len(node.value)} characters", node)
        return construct(loader, node)

    return construct_short


def _refuse(loader: Any, suffix: str, node: Any) -> Any:
    raise _error(f"found the name {suffix!r:.60}, which is no plain data", node)


for _kind in ("int", "float"):
    _construct = _short(getattr(_FullLoader, f"construct_yaml_{_kind}"))
    for _tag in (_kind, f"python/{_kind}"):
        PlainLoader.add_constructor(f"tag:yaml.org,2002:{_tag}", _construct)
PlainLoader.add_constructor(
    "tag:yaml.org,2002:python/long", _short(_FullLoader.construct_python_long)
)
for _kind in ("name", "module"):
    PlainLoader.add_multi_constructor(f"tag:yaml.org,2002:python/{_kind}:", _refuse)


def load_yaml(text: str | bytes, name: Any = None, loader: Any = PlainLoader) -> Any:
    """Read YAML.

    Args:
        text: The text.
        name: Name of the file, for errors.
        loader: A loader of PyYAML.

    Returns:
        The data.

    Raises:
        yaml.YAMLError: If it is no YAML, nested deeper than :data:`~.extent.MAX_DEPTH`, or far
            larger with its aliases put in than it is.

    Example:
        >>> load_yaml("a: &one [1, 2]\\nb: *one")
        {'a': [1, 2], 'b': [1, 2]}
    """
    try:
        _check_extent(text, loader)
        return yaml.load(text, Loader=loader)
    except yaml.YAMLError as error:
        if name is None:
            raise
        raise yaml.YAMLError(f"{name}: {error}") from error


def _check_extent(text: str | bytes, loader: Any) -> None:
    """Refuse YAML by what is in it before it is composed, which takes a recursion for each level.

    Merge keys are put in while it is read, other aliases as soon as somebody copies the data.
    """
    has = 0
    path: list[tuple[str | None, list[int]]] = [(None, [0, 0])]  # anchor, size and depth
    known: dict[str, list[int]] = {}
    for event in yaml.parse(text, Loader=loader):
        anchor = getattr(event, "anchor", None)
        if isinstance(event, yaml.CollectionStartEvent):
            path.append((anchor, [1, 1]))
            has += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            name, extent = path.pop()
            _close(path[-1][1], known, name, extent)
        elif isinstance(event, yaml.ScalarEvent):
            has += 1
            _close(path[-1][1], known, anchor, [1, 0])
        elif isinstance(event, yaml.AliasEvent):
            if any(anchor == name for name, _ in path):
                raise yaml.YAMLError(f"the part {anchor!r:.60} contains itself")
            _close(path[-1][1], known, None, known.get(str(anchor), [1, 0]))
        if len(path) + path[-1][1][1] > MAX_DEPTH:
            raise yaml.YAMLError(f"it is nested deeper than {MAX_DEPTH} levels")
    if path[0][1][0] > max(MAX_REPEATED, 10 * has):
        raise yaml.YAMLError(
            f"with its aliases put in it has more than {MAX_REPEATED} parts, and only {has} without"
        )


def _close(above: list[int], known: dict[str, list[int]], name: str | None, of: list[int]) -> None:
    if name is not None:
        known[name] = of
    above[0] += of[0]
    above[1] = max(above[1], of[1] + 1)


def load_json(text: str | bytes, name: Any = None, **kwargs: Any) -> Any:
    """Read JSON.

    Args:
        text: The text.
        name: Name of the file, for errors.
        **kwargs: Passed to :func:`json.loads`.

    Returns:
        The data.

    Raises:
        json.JSONDecodeError: If it is no JSON, or nested too deeply.

    Example:
        >>> load_json("[" * 100_000)
        Traceback (most recent call last):
        json.decoder.JSONDecodeError: it is nested too deeply: line 1 column 1 (char 0)
    """
    where = "" if name is None else f"{name}: "
    try:
        return json.loads(text, **kwargs)
    except json.JSONDecodeError as error:
        raise json.JSONDecodeError(f"{where}{error.msg}", error.doc, error.pos) from None
    except RecursionError:
        shown = text if isinstance(text, str) else text.decode(errors="replace")
        raise json.JSONDecodeError(f"{where}it is nested too deeply", shown, 0) from None
