"""Text files of one item a line."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

from .serialization import choose_storage


def list_from_file(
    filename: str | Path,
    prefix: str = "",
    offset: int = 0,
    max_num: int = 0,
    encoding: str = "utf-8",
    file_client_args: dict[str, Any] | None = None,
    backend_args: dict[str, Any] | None = None,
) -> list[str]:
    """Read the lines of a text file.

    Args:
        filename (str or Path): The file, in any storage.
        prefix (str): Text to put before each line.
        offset (int): Number of lines to leave out at the start; none if it is negative.
        max_num (int): Most lines to read; no limit if it is not positive.
        encoding (str): Encoding of the text.
        file_client_args (dict, optional): Deprecated, see :class:`FileClient`.
        backend_args (dict, optional): As for :func:`get_file_backend`.

    Returns:
        list of str: The lines without their ends.

    Raises:
        TypeError: If ``filename`` is not a path.

    Example:
        >>> from mmlight.fileio import put_text, remove
        >>> put_text("a\\nb\\nc\\n", "memory://doc-lines.txt")
        >>> list_from_file("memory://doc-lines.txt", prefix="x/", offset=1)
        ['x/b', 'x/c']
        >>> remove("memory://doc-lines.txt")
    """
    lines = _lines(filename, encoding, file_client_args, backend_args)
    offset = max(offset, 0)
    end = offset + max_num if max_num > 0 else None
    return [prefix + line for line in islice(lines, offset, end)]


def dict_from_file(
    filename: str | Path,
    key_type: type = str,
    encoding: str = "utf-8",
    file_client_args: dict[str, Any] | None = None,
    backend_args: dict[str, Any] | None = None,
) -> dict[Any, str | list[str]]:
    """Read a text file of a key and one or more values a line, with white space between them.

    Args:
        filename (str or Path): The file, in any storage.
        key_type (type): Type that the keys are converted to.
        encoding (str): Encoding of the text.
        file_client_args (dict, optional): Deprecated, see :class:`FileClient`.
        backend_args (dict, optional): As for :func:`get_file_backend`.

    Returns:
        dict: The value of each key, a list where there are several.

    Raises:
        AssertionError: If a line has no value.
        TypeError: If ``filename`` is not a path.

    Example:
        >>> from mmlight.fileio import put_text, remove
        >>> put_text("1 cat\\n2 dog cow\\n", "memory://doc-dict.txt")
        >>> dict_from_file("memory://doc-dict.txt", key_type=int)
        {1: 'cat', 2: ['dog', 'cow']}
        >>> remove("memory://doc-dict.txt")
    """
    mapping: dict[Any, str | list[str]] = {}
    lines = _lines(filename, encoding, file_client_args, backend_args)
    for number, line in enumerate(lines, start=1):
        key, *values = line.split() or [""]
        assert values, f"line {number} of {filename} should have a key and a value, but is {line!r}"
        mapping[key_type(key)] = values[0] if len(values) == 1 else values
    return mapping


def _lines(
    filename: str | Path,
    encoding: str,
    file_client_args: dict[str, Any] | None,
    backend_args: dict[str, Any] | None,
) -> list[str]:
    storage = choose_storage(filename, file_client_args, backend_args)
    text = storage.get_text(filename, encoding)
    # Not splitlines, which also cuts at form feeds and other signs that are no line's end.
    lines = text.split("\n")
    return [line.rstrip("\r") for line in (lines if lines[-1] else lines[:-1])]
