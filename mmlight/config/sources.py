"""What the files of a config say of its keys: where each is set, and which names they use."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from .syntax import BASE_KEY
from .utils import SUFFIXES

_BASE_REFERENCE = re.compile(rf"\b{BASE_KEY}\.(\w+)")
_USED_WORD = re.compile(r"(?<![\w.])(?!\w+ *=[^=])[A-Za-z_]\w*", re.MULTILINE)


class Place(NamedTuple):
    """Where a key is set."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}"


class Sources:
    """The files that a config was made of.

    Args:
        text (str): Text of them all, as ``Config.text`` has it.
        filename (str, optional): Name of the last, where the text does not name it.

    Example:
        >>> sources = Sources("lr = 0.1\\noptimizer = dict(type='SGD',\\n    lr=lr)")
        >>> sources.place(["optimizer", "lr"]).line, sorted(sources.used_names)
        (3, ['dict', 'lr'])
    """

    def __init__(self, text: str, filename: str | None = None) -> None:
        self._files = [_read(name, part) for name, part in _split(text, filename or "the config")]

    @property
    def files(self) -> list[str]:
        """Names of the files, bases first."""
        return [file.name for file in self._files]

    @cached_property
    def used_names(self) -> set[str]:
        """Names of variables that the files refer to, those of their bases included."""
        return {name for file in self._files for name in file.used_names()}

    def place(self, path: Sequence[str]) -> Place | None:
        """Find where a key is set, by the last file that does.

        Args:
            path (Sequence[str]): The key, and those above it; items of a list by their index.

        Returns:
            Place or None: None where no file has it written out.
        """
        for file in reversed(self._files):
            line = file.line_of([str(key) for key in path])
            if line is not None:
                return Place(file.name, line)
        return None


def _split(text: str, filename: str) -> Iterator[tuple[str, str]]:
    """Take the text of a config apart: each file stands under its path."""
    name, lines = filename, list[str]()
    for line in text.split("\n"):
        if line.endswith(SUFFIXES) and Path(line).is_absolute():
            if lines:
                yield name, "\n".join(lines)
            name, lines = line, []
        else:
            lines.append(line)
    yield name, "\n".join(lines)


def _read(name: str, text: str) -> _Python | _Data | _Unparsed:
    try:
        if Path(name).suffix in (".json", ".yaml", ".yml"):
            return _Data(name, text, yaml.compose(text, Loader=yaml.SafeLoader))
        return _Python(name, text, ast.parse(text))
    except (SyntaxError, yaml.YAMLError):  # before `{{ ... }}` in it is replaced
        return _Unparsed(name, text)


class _Unparsed:
    """A file of which only the words are known."""

    def __init__(self, name: str, text: str, root: Any = None) -> None:
        self.name, self._text, self._root = name, text, root

    def used_names(self) -> Iterator[str]:
        yield from _USED_WORD.findall(self._text)
        yield from _BASE_REFERENCE.findall(self._text)

    def line_of(self, path: list[str]) -> int | None:
        return None


class _Data(_Unparsed):
    """A json or yaml file."""

    def used_names(self) -> Iterator[str]:
        yield from _BASE_REFERENCE.findall(self._text)

    def line_of(self, path: list[str]) -> int | None:
        node, line = self._root, None
        for key in path:
            if isinstance(node, yaml.SequenceNode) and key.isdigit() and int(key) < len(node.value):
                node = node.value[int(key)]
                line = node.start_mark.line
            elif isinstance(node, yaml.MappingNode):
                pair = next((pair for pair in node.value if pair[0].value == key), None)
                if pair is None:
                    return None
                line, node = pair[0].start_mark.line, pair[1]
            else:
                return None
        return None if line is None else line + 1


class _Python(_Unparsed):
    """A Python file."""

    def used_names(self) -> Iterator[str]:
        for node in ast.walk(self._root):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                yield node.id
        yield from _BASE_REFERENCE.findall(self._text)

    @cached_property
    def _settings(self) -> list[tuple[list[str], ast.AST, Any]]:
        return [
            (target, value, statement)
            for statement in ast.walk(self._root)
            for target, value in _settings(statement)
        ]

    def line_of(self, path: list[str]) -> int | None:
        return self._line_of(path, ())

    def _line_of(self, path: list[str], above: tuple[str, ...]) -> int | None:
        lines = [
            self._inside(value, path[len(target) :], statement, above)
            for target, value, statement in self._settings
            if target and path[: len(target)] == target
        ]
        return max((line for line in lines if line is not None), default=None)

    def _inside(
        self, value: ast.AST, path: list[str], holder: Any, above: tuple[str, ...]
    ) -> int | None:
        if not path:
            result: int | None = holder.lineno
            return result
        if isinstance(value, ast.Name):  # a variable of the file
            seen = (*above, value.id)
            return None if value.id in above else self._line_of([value.id, *path], seen)
        for key, holder, item in _items(value):
            if key == path[0]:
                return self._inside(item, path[1:], holder, above)
        return None


def _settings(statement: ast.AST) -> Iterator[tuple[list[str], ast.AST]]:
    """Yield what a statement sets: the path, and the expression of the value."""
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            yield _target(target), statement.value
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        yield _target(statement.target), statement.value
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        call = statement.value
        if isinstance(call.func, ast.Attribute) and call.func.attr in ("update", "merge"):
            for value in [*call.args, call]:
                yield _target(call.func.value), value


def _target(node: ast.AST) -> list[str]:
    """Return the path that an expression such as ``_base_.model["depth"]`` names."""
    path: list[str] = []
    while isinstance(node, ast.Attribute | ast.Subscript):
        if isinstance(node, ast.Attribute):
            path.append(node.attr)
        else:
            path.append(str(node.slice.value) if isinstance(node.slice, ast.Constant) else "")
        node = node.value
    if isinstance(node, ast.Name) and node.id != BASE_KEY:
        path.append(node.id)
    return path[::-1]


def _items(node: ast.AST) -> Iterator[tuple[str, Any, ast.AST]]:
    """Yield the keys of a dict or list in source, what holds each, and its value."""
    if isinstance(node, ast.Call):
        for keyword in node.keywords:
            if keyword.arg is not None:
                yield keyword.arg, keyword, keyword.value
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant):
                yield str(key.value), key, value
    elif isinstance(node, ast.List | ast.Tuple):
        for index, item in enumerate(node.elts):
            yield str(index), item, item
