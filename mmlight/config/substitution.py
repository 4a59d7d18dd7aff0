"""What ``{{ ... }}`` in a config file stands for."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path
from typing import Any

_BASE = re.compile(r"\{\{\s*_base_\.([\w.]+)\s*\}\}")
_BARE_BASE = re.compile(r"([:\[,-]\s*)(\{\{\s*_base_\.[\w.]+\s*\}\})(?=\s*(?:[,\]}\n]|$))")
_ENVIRONMENT = re.compile(
    r"\{\{\s*\$(\w+)\s*(?::\s*([^\s}]*)\s*)?\}\}|"
    r"""\{\{\s*(?P<quote>['"])\s*\$(\w+)\s*:\s*([^\s}]*?)\s*(?P=quote)\s*\}\}"""
)


def substitute_file_variables(text: str, path: Path) -> str:
    """Replace ``{{ fileDirname }}`` and its like.

    Args:
        text (str): Text of a config file.
        path (Path): Path of that file.

    Returns:
        str: The text with the parts of the path in it.

    Example:
        >>> substitute_file_variables("a = '{{ fileBasename }}'", Path("configs/demo.py"))
        "a = 'demo.py'"
    """
    if "{{" not in text:
        return text
    values = {
        "fileDirname": str(path.absolute().parent),
        "fileBasename": path.name,
        "fileBasenameNoExtension": path.stem,
        "fileExtname": path.suffix,
    }
    for name, value in values.items():
        value = value.replace("\\", "/")
        text = re.sub(r"\{\{\s*" + name + r"\s*\}\}", lambda match: value, text)  # noqa: B023
    return text


def substitute_environment(text: str) -> tuple[str, dict[str, str]]:
    """Replace ``{{$NAME:default}}`` by the environment variable or its default.

    Args:
        text (str): Text of a config file.

    Returns:
        tuple[str, dict[str, str]]: The text, and the values that were put in.

    Raises:
        KeyError: If a variable is not set and has no default.

    Example:
        >>> substitute_environment("batch_size = {{$NO_SUCH_VARIABLE:8}}")
        ('batch_size = 8', {'NO_SUCH_VARIABLE': '8'})
    """
    if "{{" not in text:
        return text, {}
    used: dict[str, str] = {}

    def value_of(match: re.Match[str]) -> str:
        name, default = (match[1], match[2]) if match[1] else (match[4], match[5])
        value = os.environ.get(name) or default
        if not value:
            raise KeyError(
                f"`{name}` cannot be found in `os.environ`. Please set `{name}` in environment "
                "or give a default value."
            )
        used[name] = value
        return value

    return _ENVIRONMENT.sub(value_of, text), used


def quote_base_references(text: str) -> str:
    """Put quotes around a bare ``{{ _base_.x }}``, so that json and yaml can be parsed."""
    return _BARE_BASE.sub(r'\1"\2"', text) if "{{" in text else text


def fill_base_references(value: Any, base: dict[str, Any]) -> Any:
    """Replace ``{{ _base_.x.y }}`` in strings by what the bases hold there.

    Args:
        value (Any): A value out of json or yaml.
        base (dict): What the bases hold.

    Returns:
        Any: The value itself where it is the whole string, otherwise its text in the string.

    Raises:
        KeyError: If the bases hold no such key.

    Example:
        >>> fill_base_references(["{{ _base_.a.b }}", "x{{_base_.a.b}}"], {"a": {"b": 1}})
        [1, 'x1']
    """
    if isinstance(value, dict):
        return {key: fill_base_references(item, base) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(fill_base_references(item, base) for item in value)
    if not isinstance(value, str):
        return value
    if whole := _BASE.fullmatch(value.strip()):
        return _look_up(whole[1], base)
    return _BASE.sub(lambda match: str(_look_up(match[1], base)), value)


def _look_up(path: str, base: Any) -> Any:
    for part in path.split("."):
        base = base[int(part)] if isinstance(base, (list, tuple)) else base[part]
    return base


class BaseReferences(ast.NodeTransformer):
    """Replace ``{{ _base_.x }}`` in Python source, bare or inside a string.

    To Python the bare form is a set in a set, which no config can mean.
    """

    def visit_Set(self, node: ast.Set) -> ast.AST:
        inner = node.elts[0] if len(node.elts) == 1 else None
        if isinstance(inner, ast.Set) and len(inner.elts) == 1:
            path = _attribute_path(inner.elts[0])
            if path is not None:
                return ast.copy_location(_item_of_base(path), node)
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if not isinstance(node.value, str) or "{{" not in node.value:
            return node
        if whole := _BASE.fullmatch(node.value):
            return ast.copy_location(_item_of_base(whole[1]), node)
        parts = _BASE.split(node.value)
        if len(parts) == 1:
            return node
        values: list[ast.expr] = [
            ast.FormattedValue(_item_of_base(part), -1) if index % 2 else ast.Constant(part)
            for index, part in enumerate(parts)
        ]
        return ast.copy_location(ast.JoinedStr(values), node)


def _attribute_path(node: ast.expr) -> str | None:
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    is_base = isinstance(node, ast.Name) and node.id == "_base_" and names
    return ".".join(reversed(names)) if is_base else None


def _item_of_base(path: str) -> ast.expr:
    node: ast.expr = ast.Name("_base_", ast.Load())
    for part in path.split("."):
        key = int(part) if part.isdigit() else part
        node = ast.Subscript(node, ast.Constant(key), ast.Load())
    return node
