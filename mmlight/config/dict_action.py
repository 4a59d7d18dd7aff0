"""Settings from the command line."""

from __future__ import annotations

import ast
from argparse import Action, ArgumentError, ArgumentParser, BooleanOptionalAction, Namespace
from collections.abc import Iterator
from typing import Any

_CLOSING = {"[": "]", "(": ")"}


class DictAction(Action):
    """argparse action that collects ``KEY=VALUE`` arguments in a dict.

    Values become int, float, bool or None where they read so. Commas, brackets and
    parentheses make lists and tuples, nested ones too: ``KEY=V1,V2``, ``KEY=[(V1,V2),(V3,V4)]``.
    A dict is written key by key: ``KEY.NAME1=V1 KEY.NAME2=V2``.

    Args:
        option_strings (list[str]): The options, as for :class:`argparse.Action`.
        dest (str): Attribute of the namespace.
        nargs (str, optional): Use ``"+"`` for several pairs.
        const (Any, optional): As for :class:`argparse.Action`.
        default (dict, optional): As for :class:`argparse.Action`.
        type (Callable, optional): As for :class:`argparse.Action`.
        choices (Container, optional): As for :class:`argparse.Action`.
        required (bool): As for :class:`argparse.Action`.
        help (str, optional): As for :class:`argparse.Action`.
        metavar (str, optional): As for :class:`argparse.Action`.

    Example:
        >>> parser = ArgumentParser()
        >>> _ = parser.add_argument("--cfg-options", nargs="+", action=DictAction)
        >>> parser.parse_args(["--cfg-options", "lr=0.1", "model.sizes=[(1,2),(3,4)]"]).cfg_options
        {'lr': 0.1, 'model.sizes': [(1, 2), (3, 4)]}
    """

    def __call__(
        self,
        parser: ArgumentParser,
        namespace: Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        collected = dict(getattr(namespace, self.dest) or {})
        for pair in [values] if isinstance(values, str) else values:
            key, equals, value = pair.partition("=")
            if not equals:
                raise ArgumentError(self, f"expected KEY=VALUE, but got {pair!r}")
            if items := _items_of_dict(value):
                right = " ".join(f"{key}.{name}={one}" for name, one in items)
                raise ArgumentError(self, f"{key}: {value} is no value; write {right}")
            try:
                collected[key] = parse_value(value)
            except ValueError as err:
                raise ArgumentError(self, f"{key}: {err}") from None
        setattr(namespace, self.dest, collected)


def _items_of_dict(text: str) -> list[tuple[Any, Any]]:
    """Items of a dict that somebody has written out, which would be taken for text."""
    if not text.lstrip().startswith("{"):
        return []
    try:
        written = ast.literal_eval(text.strip())
    except (SyntaxError, ValueError):
        return []
    return list(written.items()) if isinstance(written, dict) else []


def parse_value(text: str) -> Any:
    """Read a value from the command line.

    Args:
        text (str): A scalar, values with commas between them, or a list or tuple of values.

    Returns:
        Any: int, float, bool, None, str, list or tuple.

    Raises:
        ValueError: If brackets are not balanced.

    Example:
        >>> parse_value("[a,(1,2.5),true]")
        ['a', (1, 2.5), True]
    """
    text = text.strip().strip("'\"").strip()
    if not any(mark in text for mark in ",[("):
        return _parse_scalar(text)
    if "," not in text and _CLOSING.get(text[0]) != text[-1]:
        return _parse_scalar(text)
    parts = list(_split(text))
    if len(parts) > 1 or parts == []:
        return [parse_value(part) for part in parts]
    if text.endswith(","):
        return [parse_value(parts[0])]
    if text[0] in _CLOSING and text[-1] == _CLOSING[text[0]]:
        items = [parse_value(part) for part in _split(text[1:-1])]
        return tuple(items) if text[0] == "(" else items
    return _parse_scalar(text)


def _parse_scalar(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    return None if text == "None" else text


def _split(text: str) -> Iterator[str]:
    """Split at the commas that stand outside all brackets; a last empty part is dropped."""
    depth, start = [], 0
    for index, char in enumerate(text):
        if char in _CLOSING:
            depth.append(_CLOSING[char])
        elif char in _CLOSING.values() and (not depth or depth.pop() != char):
            raise ValueError(f"the brackets of {text!r} are not balanced")
        elif char == "," and not depth:
            yield text[start:index]
            start = index + 1
    if depth:
        raise ValueError(f"the brackets of {text!r} are not balanced")
    if text[start:].strip():
        yield text[start:]


def add_config_arguments(parser: ArgumentParser, cfg: dict[str, Any], prefix: str = "") -> None:
    """Add an option for each key of a config that holds a plain value.

    Args:
        parser (ArgumentParser): The parser to add to.
        cfg (dict): The config; the value of a key is the default of its option.
        prefix (str): Dotted path of ``cfg`` in the whole config.
    """
    for key, value in dict.items(cfg):
        option = f"--{prefix}{key}"
        if isinstance(value, bool):
            parser.add_argument(option, action=BooleanOptionalAction, default=value)
        elif isinstance(value, (str, int, float)):
            parser.add_argument(option, type=type(value), default=value)
        elif isinstance(value, dict) and all(isinstance(name, str) for name in value):
            add_config_arguments(parser, value, f"{prefix}{key}.")
        elif _is_row_of_scalars(value):
            parser.add_argument(option, type=type(value[0]), nargs="+", default=value)


def _is_row_of_scalars(value: Any) -> bool:
    if not isinstance(value, (list, tuple)) or not value:
        return False
    return isinstance(value[0], (str, int, float)) and len({type(item) for item in value}) == 1
