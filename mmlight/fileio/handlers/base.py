"""What every format of data files offers."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from pathlib import Path
from typing import IO, Any


class BaseFileHandler(metaclass=ABCMeta):
    """Base class of file formats.

    A subclass whose files are bytes sets ``str_like = False``.

    Example:
        >>> class Upper(BaseFileHandler):
        ...     def load_from_fileobj(self, file, **kwargs):
        ...         return file.read().lower()
        ...
        ...     def dump_to_fileobj(self, obj, file, **kwargs):
        ...         file.write(self.dump_to_str(obj))
        ...
        ...     def dump_to_str(self, obj, **kwargs):
        ...         return obj.upper()
        >>> Upper().dump_to_str("hello")
        'HELLO'
    """

    str_like = True

    @abstractmethod
    def load_from_fileobj(self, file: IO[Any], **kwargs: Any) -> Any:
        """Read an object from an open file.

        Args:
            file (IO): The file.
            **kwargs: Options of the format.

        Returns:
            object: What was read.
        """

    @abstractmethod
    def dump_to_fileobj(self, obj: Any, file: IO[Any], **kwargs: Any) -> None:
        """Write an object to an open file.

        Args:
            obj: The object.
            file (IO): The file.
            **kwargs: Options of the format.
        """

    @abstractmethod
    def dump_to_str(self, obj: Any, **kwargs: Any) -> str | bytes:
        """Write an object to a string, or to bytes if the format is one of bytes.

        Args:
            obj: The object.
            **kwargs: Options of the format.

        Returns:
            str or bytes: What was written.
        """

    def load_from_path(self, filepath: str | Path, mode: str | None = None, **kwargs: Any) -> Any:
        """Read an object from a local file.

        Args:
            filepath (str or Path): The file.
            mode (str, optional): Mode of :func:`open`; None lets the format choose.
            **kwargs: Options of the format.

        Returns:
            object: What was read.
        """
        with open(filepath, mode or ("r" if self.str_like else "rb")) as file:
            return self.load_from_fileobj(file, **kwargs)

    def dump_to_path(
        self, obj: Any, filepath: str | Path, mode: str | None = None, **kwargs: Any
    ) -> None:
        """Write an object to a local file.

        Args:
            obj: The object.
            filepath (str or Path): The file.
            mode (str, optional): Mode of :func:`open`; None lets the format choose.
            **kwargs: Options of the format.
        """
        with open(filepath, mode or ("w" if self.str_like else "wb")) as file:
            self.dump_to_fileobj(obj, file, **kwargs)
