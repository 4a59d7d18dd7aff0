"""Which format belongs to which ending of a file's name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from mmlight.utils.near_names import did_you_mean

from .base import BaseFileHandler
from .json_handler import JsonHandler
from .pickle_handler import PickleHandler
from .yaml_handler import YamlHandler

C = TypeVar("C", bound=type)

file_handlers: dict[str, BaseFileHandler] = {
    "json": JsonHandler(),
    "yaml": YamlHandler(),
    "yml": YamlHandler(),
    "pickle": PickleHandler(),
    "pkl": PickleHandler(),
}


def register_handler(file_formats: str | list[str], **kwargs: Any) -> Callable[[C], C]:
    """Make a decorator that gives a format to endings of file names.

    Args:
        file_formats (str or list of str): The endings, without a dot.
        **kwargs: Arguments to construct the handler.

    Returns:
        Callable: The decorator.

    Raises:
        TypeError: If ``file_formats`` is neither a string nor a list of them, or the decorated
            class no subclass of :class:`BaseFileHandler`.

    Example:
        >>> @register_handler("doc-json")
        ... class DocHandler(JsonHandler): ...
        >>> type(file_handlers.pop("doc-json")).__name__
        'DocHandler'
    """
    formats = [file_formats] if isinstance(file_formats, str) else file_formats
    if not isinstance(formats, list) or not all(isinstance(name, str) for name in formats):
        raise TypeError(f"file_formats must be a str or a list of str, but got {file_formats!r}")

    def decorate(cls: C) -> C:
        if not (isinstance(cls, type) and issubclass(cls, BaseFileHandler)):
            raise TypeError(f"handler must be a child of BaseFileHandler, not {cls}")
        file_handlers.update(dict.fromkeys(formats, cls(**kwargs)))
        return cls

    return decorate


def get_handler(file_format: str | None) -> BaseFileHandler:
    """Return the handler of a format.

    Args:
        file_format (str, optional): Ending of a file's name, without a dot.

    Returns:
        BaseFileHandler: Its handler.

    Raises:
        TypeError: If there is none.

    Example:
        >>> type(get_handler("yml")).__name__
        'YamlHandler'
    """
    if file_format in file_handlers:
        return file_handlers[file_format]
    raise TypeError(
        f"Unsupported format: {file_format}; the known ones are {', '.join(file_handlers)}."
        f"{did_you_mean(str(file_format), file_handlers)}"
    )
