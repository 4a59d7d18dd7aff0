"""Data as JSON."""

from __future__ import annotations

import json
from typing import IO, Any

import numpy as np

from ..data_text import load_json
from .base import BaseFileHandler


def set_default(obj: Any) -> Any:
    """Turn what JSON does not know, sets, ranges, numpy arrays and numbers, into what it does.

    Args:
        obj: The object.

    Returns:
        list or int or float: Its plain form.

    Raises:
        TypeError: If it has none.

    Example:
        >>> set_default(range(2)), set_default(np.float64(0.5))
        ([0, 1], 0.5)
    """
    if isinstance(obj, (set, range)):
        return list(obj)
    if isinstance(obj, np.ndarray):
        return obj.tolist()
    if isinstance(obj, np.generic):
        return obj.item()
    raise TypeError(f"{type(obj)} is unsupported for json dump")


class JsonHandler(BaseFileHandler):
    """Data as JSON, where sets, ranges and numpy arrays become lists.

    Example:
        >>> JsonHandler().dump_to_str({"a": np.arange(2)})
        '{"a": [0, 1]}'
    """

    def load_from_fileobj(self, file: IO[Any], **kwargs: Any) -> Any:
        """Read an object from an open file.

        Raises:
            json.JSONDecodeError: If it is no JSON, or too deeply nested.
        """
        return load_json(file.read(), getattr(file, "name", None), **kwargs)

    def dump_to_fileobj(self, obj: Any, file: IO[Any], **kwargs: Any) -> None:
        kwargs.setdefault("default", set_default)
        json.dump(obj, file, **kwargs)

    def dump_to_str(self, obj: Any, **kwargs: Any) -> str:
        """Write an object to a string."""
        kwargs.setdefault("default", set_default)
        return json.dumps(obj, **kwargs)
