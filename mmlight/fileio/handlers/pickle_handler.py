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
        """Read an object from an open file.

        Args:
            file (IO): The file.
            **kwargs: Passed to :func:`pickle.load`.

        Returns:
            object: What was read.
        """
        return pickle.load(file, **kwargs)

    def dump_to_fileobj(self, obj: Any, file: IO[Any], **kwargs: Any) -> None:
        """Write an object to an open file.

        Args:
            obj: The object.
            file (IO): The file.
            **kwargs: Passed to :func:`pickle.dump`.
        """
        pickle.dump(obj, file, **kwargs)

    def dump_to_str(self, obj: Any, **kwargs: Any) -> bytes:
        """Write an object to bytes.

        Args:
            obj: The object.
            **kwargs: Passed to :func:`pickle.dumps`.

        Returns:
            bytes: The pickle.
        """
        return pickle.dumps(obj, **kwargs)
