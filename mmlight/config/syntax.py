"""The Python that a config may be written in."""

from __future__ import annotations

import ast
import sys
import types
from pathlib import Path
from typing import Any

BASE_KEY = "_base_"


def parse_source(source: str, path: Path) -> ast.Module:
    """Parse the source of a config, with an error that names the file and the line."""
    try:
        return ast.parse(source, str(path))
    except SyntaxError as err:
        message = f"There are syntax errors in config file {path}, line {err.lineno}: {err.msg}"
        raise SyntaxError(message, (str(path), err.lineno, err.offset, err.text)) from None


def is_base_assignment(node: ast.stmt) -> bool:
    """Tell whether a statement is ``_base_ = ...``."""
    return (
        isinstance(node, ast.Assign)
        and len(node.targets) == 1
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id == BASE_KEY
    )


def is_read_base(node: ast.AST) -> bool:
    """Tell whether a statement is ``with read_base():``."""
    if not isinstance(node, ast.With) or len(node.items) != 1:
        return False
    call = node.items[0].context_expr
    if not isinstance(call, ast.Call):
        return False
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return name == "read_base"


def is_pure_python(tree: ast.Module) -> bool:
    """Tell whether a config is in the pure-Python style.

    Args:
        tree (ast.Module): The parsed config.

    Returns:
        bool: True if it reads a base with ``read_base``, or imports a package that does
        not come with Python and has no ``_base_``. Inside of ``if``, ``try`` and the like only
        ``from ... import`` counts.
    """
    for node in tree.body:
        if is_base_assignment(node):
            return False
        if is_read_base(node):
            return True
        if isinstance(node, ast.Import):
            if not all(is_standard(alias.name) for alias in node.names):
                return True
        elif _imports_from_package(node):
            return True
    return False


def _imports_from_package(node: ast.AST) -> bool:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.With)):
        return False
    if isinstance(node, ast.ImportFrom):
        return bool(node.level) or not is_standard(node.module or "")
    return any(map(_imports_from_package, ast.iter_child_nodes(node)))


def is_setting(key: str, value: Any) -> bool:
    """Tell whether a name of a config file is a setting, rather than a tool it used."""
    return not (
        key.startswith("__")
        or key == BASE_KEY
        or isinstance(value, (types.ModuleType, types.FunctionType))
    )


def is_standard(module: str) -> bool:
    """Tell whether a module comes with Python."""
    return module.split(".")[0] in sys.stdlib_module_names
