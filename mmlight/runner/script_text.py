"""Write values of a config as Python source that imports the classes that they name."""

from __future__ import annotations

import inspect
import keyword
import math
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from mmlight.config.lazy import Lazy

from .explain_types import Types, is_part, items, public_name
from .explain_unknown import NO_OBJECTS, dotted, registry_of

WIDTH = 100
_INDENT = "    "
_Path = tuple[str, ...]


class ScriptWriter:
    """Writes values and remembers what they import.

    Args:
        types: Finds the classes of the config.
    """

    def __init__(self, types: Types) -> None:
        self._types = types
        self._modules: dict[str, str] = {}

    def imports(self, ours: bool) -> list[str]:
        """Return the import statements of what was written, of mmlight and torch or of others."""
        by_module: dict[str, list[str]] = {}
        for name, module in self._modules.items():
            if (module.partition(".")[0] in ("mmlight", "torch", "lightning")) == ours:
                by_module.setdefault(module, []).append(name)
        lines: list[str] = []
        for module in sorted(by_module, key=lambda one: (one.startswith("mmlight"), one)):
            if module.startswith("mmlight") and lines and "from mmlight" not in lines[-1]:
                lines.append("")
            names = sorted(by_module[module])
            line = f"from {module} import {', '.join(names)}"
            if len(line) > WIDTH:
                line = f"from {module} import (\n    {f',{chr(10)}    '.join(names)},\n)"
            lines.append(line)
        return lines

    def name(self, found: Any) -> str:
        """Return the name under which the script imports a class or function."""
        module, _, name = public_name(found).rpartition(".")
        if not module:
            return name  # a builtin
        if self._modules.setdefault(name, module) == module:
            return name
        parts = module.split(".")
        self._modules[f"{name} as {'_'.join([*parts, name])}"] = module
        return "_".join([*parts, name])

    def object(self, path: _Path, node: Any, depth: int, leave_out: Sequence[str] = ()) -> str:
        """Write a config as the call that makes the object, anything else as a value."""
        found = self._importable(path, node) if is_part(node) else None
        if found is None:
            return self.value(path, node, depth)
        hidden = {"type", "_scope_", *leave_out}
        arguments = {key: one for key, one in items(node) if key not in hidden}
        return self.call(self.name(found), path, arguments, depth)

    def call(self, name: str, path: _Path, arguments: dict[Any, Any], depth: int) -> str:
        """Write a call with values of a config as its arguments."""
        written = [
            f"{key}={self.value((*path, key), value, depth + 1)}"
            for key, value in items(arguments)
            if _is_name(key)
        ]
        others = {key: value for key, value in items(arguments) if not _is_name(key)}
        if others:
            written.append(f"**{self._literal(path, others, depth + 1)}")
        return self.joined(f"{name}(", written, ")", depth)

    def value(self, path: _Path, value: Any, depth: int) -> str:
        """Write a value.

        Raises:
            ValueError: If it holds an object that no source can make again.
        """
        if isinstance(value, Lazy):
            value = value.build()
        if isinstance(value, dict):
            return self._dict(path, value, depth)
        if type(value) in (list, tuple):
            inside = [
                self.value((*path, str(index)), one, depth + 1) for index, one in enumerate(value)
            ]
            if isinstance(value, tuple) and len(inside) == 1:
                return f"({inside[0]},)"
            opening, closing = "[]" if isinstance(value, list) else "()"
            return self.joined(opening, inside, closing, depth)
        if inspect.isclass(value) or inspect.isroutine(value):
            return self.name(value)
        if isinstance(value, float) and not math.isfinite(value):
            return f'float("{value}")'
        if type(value) is str:
            return _quoted(value)
        if value is None or type(value) in (bool, bytes, complex, float, int):
            return repr(value)
        raise ValueError(
            f"{dotted(path)} is a {type(value).__name__} object, which no script can write: give "
            "the config of one"
        )

    def joined(self, opening: str, parts: list[str], closing: str, depth: int) -> str:
        """Put parts between brackets, in a line if they fit into one."""
        line = f"{opening}{', '.join(parts)}{closing}"
        # What stands before the bracket is not known; most often it is an argument's name.
        if "\n" not in line and len(line) + len(_INDENT) * depth + 20 <= WIDTH:
            return line
        pad = "\n" + _INDENT * (depth + 1)
        return f"{opening}{''.join(f'{pad}{part},' for part in parts)}\n{_INDENT * depth}{closing}"

    def _dict(self, path: _Path, node: dict[Any, Any], depth: int) -> str:
        constructor = dict.get(node, "constructor")
        if isinstance(constructor, str) and path == ("optim_wrapper",):
            found = self._importable((*path, "constructor"), {"type": constructor})
            node = {**dict(items(node)), "constructor": found or constructor}
        if is_part(node) and isinstance(dict.get(node, "type"), str):
            found = self._importable(path, node)
            if found is not None:
                node = {**dict(items(node)), "type": found}
        if all(map(_is_name, node)):
            return self.call("dict", path, node, depth)
        return self._literal(path, node, depth)

    def _literal(self, path: _Path, node: dict[Any, Any], depth: int) -> str:
        parts = [
            f"{self.value(path, key, depth)}: {self.value((*path, str(key)), value, depth + 1)}"
            for key, value in items(node)
        ]
        return self.joined("{", parts, "}", depth)

    def _importable(self, path: _Path, node: Any) -> Any:
        """Return the class of a config, None where its name must stay: it has a meaning, too."""
        inner = path[1:]
        if set(inner) & set(NO_OBJECTS) or any(_is_layer(key) for key in inner):
            return None
        found = self._types.find(node, registry_of(path))
        if found is None:
            return None
        module, _, name = public_name(found).rpartition(".")
        there = not module or getattr(import_module(module), name, None) is found
        return found if there else None


def _quoted(text: str) -> str:
    written = repr(text)
    return written if '"' in written else f'"{written[1:-1]}"'


def _is_layer(key: str) -> bool:
    return key.endswith("_cfg")  # such as norm_cfg, whose `type` may also name a layer


def _is_name(key: Any) -> bool:
    return isinstance(key, str) and key.isidentifier() and not keyword.iskeyword(key)
