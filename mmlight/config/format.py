"""Write a config as Python source."""

from __future__ import annotations

import keyword
import math
import numbers
from typing import Any

from .lazy import Lazy

WIDTH = 79
_INDENT = 4
# Top-level keys of these names hide what the source itself calls: they come last, all at once.
_CALLED = frozenset({"dict", "float", "set", "globals"})


def format_config(cfg: dict[str, Any], width: float = WIDTH) -> str:
    """Write a config as Python source that reads back as an equal config.

    Args:
        cfg (dict): The config, with string keys.
        width (float): Length from which a line is broken; ``math.inf`` breaks none.

    Returns:
        str: One assignment a key, in alphabetical order.

    Example:
        >>> print(format_config(dict(lr=0.1, model=dict(type="ResNet", depth=50))), end="")
        lr = 0.1
        model = dict(depth=50, type='ResNet')
    """
    writer = _Writer(width)
    lines = []
    for key in sorted(key for key in dict.keys(cfg) if key not in _CALLED):
        target = key if _is_name(key) else f"globals()[{_string(key)}]"
        lines.append(f"{target} = {writer.write(dict.get(cfg, key), len(target) + 3, 0)}\n")
    hiding = sorted(key for key in dict.keys(cfg) if key in _CALLED)
    if hiding:
        hidden = [writer.write(dict.get(cfg, key), 0, 0) for key in hiding]
        lines.append(f"{', '.join(hiding)} = {', '.join(hidden)}\n")
    return "".join(lines)


def _is_name(key: Any) -> bool:
    return isinstance(key, str) and key.isidentifier() and not keyword.iskeyword(key)


def _string(value: str) -> str:
    # A pair of braces would be substituted when the text is read back.
    text = repr(value)
    quote = text[0]
    return text.replace("{{", f"{{{quote} {quote}{{") if "{{" in text else text


class _Writer:
    """Writes one value, laid out as MMEngine dumps it: YAPF's way of breaking lines."""

    def __init__(self, width: float) -> None:
        self.width = width

    def write(self, value: Any, column: int, indent: int) -> str:
        """Write ``value``, whose text starts at ``column`` in a block indented by ``indent``."""
        if isinstance(value, dict):
            return self._dict(value, column, indent)
        if type(value) in (list, tuple) and value:
            return self._sequence(value, column, indent)
        if isinstance(value, (set, frozenset)) and value:
            items = ", ".join(sorted(_scalar(item) for item in value))
            return f"{{{items}}}" if isinstance(value, set) else f"frozenset({{{items}}})"
        return _scalar(value)

    def _dict(self, value: dict[str, Any], column: int, indent: int) -> str:
        entries = sorted(dict.items(value), key=lambda entry: str(entry[0]))
        if not all(_is_name(key) for key in value):
            return self._literal_dict(entries, indent)
        inner = indent + _INDENT
        pad = "\n" + " " * inner
        if len(entries) == 1 and type(entries[0][1]) in (list, tuple) and entries[0][1]:
            return f"dict({self._argument(*entries[0], 0, indent)})"
        length = sum(len(f"{key}={_flat(item)}, ") for key, item in entries)
        holds_containers = any(isinstance(item, (dict, list, tuple)) for _, item in entries)
        # The comma behind a nested dict needs a place as well.
        overlong = bool(indent) and inner + length > self.width
        if inner + length - 1 > self.width or (overlong and holds_containers):
            return self._broken(entries, inner)
        line = f"dict({', '.join(self._argument(k, v, 0, indent) for k, v in entries)})"
        if "\n" not in line:
            fits = column + len(line) <= self.width
        else:
            earlier = [item for _, item in entries[:-1]]
            if indent and any(_holds_dict(item) for item in earlier):
                return self._broken(entries, inner)
            # At the top level only a container at the end is broken without a break before it.
            is_plain = indent or not any(isinstance(v, (dict, list, tuple)) for v in earlier)
            fits = (
                is_plain and column + (5 if indent else 7) + length <= self.width
            ) or math.isinf(self.width)
        if fits:
            return line
        arguments = [self._argument(k, v, inner, inner) for k, v in entries]
        if overlong and len(arguments) > 1:
            arguments[-2:] = [f"{arguments[-2]},{pad}{arguments[-1]}"]
        return f"dict({pad}{', '.join(arguments)})"

    def _broken(self, entries: list[Any], inner: int) -> str:
        pad = "\n" + " " * inner
        # What stands behind an argument, a comma or a parenthesis, needs its place too.
        arguments = [pad + self._argument(k, v, inner + 1, inner) for k, v in entries]
        return f"dict({','.join(arguments)})"

    def _argument(self, key: str, value: Any, column: int, indent: int) -> str:
        text = self.write(value, column + len(key) + 1, indent)
        is_long = isinstance(value, str) and column + len(key) + 1 + len(text) > self.width
        return f"{key}=\n{' ' * indent}{text}" if is_long else f"{key}={text}"

    def _literal_dict(self, entries: list[Any], indent: int) -> str:
        inner = indent + _INDENT
        pad = "\n" + " " * inner
        parts = []
        for key, item in entries:
            name = self.write(key, 0, inner) if isinstance(key, tuple) else _scalar(key)
            parts.append(f"{pad}{name}: {self.write(item, inner + len(name) + 2, inner)}")
        return "dict({" + ",".join(parts) + "\n" + " " * indent + "})"

    def _sequence(self, value: list[Any] | tuple[Any, ...], column: int, indent: int) -> str:
        opening, closing = "[]" if isinstance(value, list) else "()"
        if len(value) == 1 and isinstance(value, tuple):
            return f"({self.write(value[0], column + 1, indent)}, )"
        inner = indent + _INDENT
        pad = "\n" + " " * inner
        items = "".join(f"{pad}{self.write(item, inner + 1, inner)}," for item in value)
        return f"{opening}{items}\n{' ' * indent}{closing}"


def _flat(value: Any) -> str:
    """The text of a value on one line, which decides whether its dict is broken."""
    if isinstance(value, dict):
        return f"dict({', '.join(f'{key}={_flat(item)}' for key, item in dict.items(value))})"
    if type(value) in (list, tuple) and value:
        return f"[{', '.join(map(_flat, value))},]"
    return _scalar(value)


def _holds_dict(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(_holds_dict(item) for item in value)
    return isinstance(value, dict) and bool(value)


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _string(str(value))
    if value is None or type(value) in (bool, bytes, complex, list, tuple, set, frozenset):
        return repr(value)
    if isinstance(value, numbers.Integral):
        return repr(int(value))
    if isinstance(value, numbers.Real):
        value = float(value)
        return repr(value) if math.isfinite(value) else f"float('{value}')"
    return _string(path_of(value))


def plain_data(value: Any) -> Any:
    """Return settings with text in the place of objects, as it stands in a dumped config.

    Args:
        value (Any): Dicts, lists and tuples of anything.

    Returns:
        Any: The same of plain data.

    Example:
        >>> plain_data(dict(type=dict, sizes=[1, 2.5], step=math.sqrt))
        {'type': 'dict', 'sizes': [1, 2.5], 'step': 'math.sqrt'}
    """
    if isinstance(value, dict):
        return {key: plain_data(item) for key, item in dict.items(value)}
    if type(value) in (list, tuple):
        return type(value)(plain_data(item) for item in value)
    is_plain = value is None or isinstance(value, (str, bytes, numbers.Number))
    return value if is_plain else path_of(value)


def path_of(value: Any) -> str:
    """Return what stands in a dumped config for a value that is no plain data.

    Args:
        value (Any): A class, a function, or any other object.

    Returns:
        str: Import path of a class or function; of any other object its text.

    Example:
        >>> path_of(dict), path_of(math.sqrt)
        ('dict', 'math.sqrt')
    """
    if isinstance(value, Lazy):
        return value.dotted
    if isinstance(value, type) or callable(value):
        module = getattr(value, "__module__", None)
        name = getattr(value, "__qualname__", None)
        if module and name:
            return name if module == "builtins" else f"{module}.{name}"
    return str(value)
