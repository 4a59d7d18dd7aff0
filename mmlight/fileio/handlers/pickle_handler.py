"""Data as pickles. Load only what you trust: a pickle can run any code."""

from __future__ import annotations

import pickle
from typing import IO, Any

from .base import BaseFileHandler


class PickleHandler(BaseFileHandler):
    """Data as pickles.

    Example:
        >>> handler = PickleHandler()
        >>> pickle.loads(handler.dump_to_str({"a": 1}))
        {'a': 1}
    """

    str_like = False

    def load_from_fileobj(self, file: IO[Any], **kwargs: Any) -> Any:
        return pickle.load(file, **kwargs)

    def dump_to_fileobj(self, obj: Any, file: IO[Any], **kwargs: Any) -> None:
        pickle.dump(obj, file, **kwargs)

    def dump_to_str(self, obj: Any, **kwargs: Any) -> bytes:
        """Write an object to bytes."""
        return pickle.dumps(obj, **kwargs)
