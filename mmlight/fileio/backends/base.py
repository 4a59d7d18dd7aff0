"""What every storage backend offers."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from contextlib import AbstractContextManager
from io import BytesIO, StringIO
from pathlib import Path
from typing import IO, Any


class BaseStorageBackend(metaclass=ABCMeta):
    """Base class of storage backends, which read files as bytes and as text.

    Example:
        >>> class Constant(BaseStorageBackend):
        ...     def get(self, filepath):
        ...         return b"7"
        ...
        ...     def get_text(self, filepath, encoding="utf-8"):
        ...         return "7"
        >>> Constant().name
        'Constant'
    """

    # Whether `copy_if_symlink_fails` can make a link there.
    _allow_symlink = False

    @property
    def allow_symlink(self) -> bool:
        """bool: Whether the storage has symbolic links."""
        return self._allow_symlink

    @property
    def name(self) -> str:
        """str: Name of the class."""
        return type(self).__name__

    @abstractmethod
    def get(self, filepath: str | Path) -> bytes | memoryview:
        """Read a file as bytes.

        Args:
            filepath (str or Path): The file.

        Returns:
            bytes or memoryview: Its content.
        """

    @abstractmethod
    def get_text(self, filepath: str | Path, encoding: str = "utf-8") -> str:
        """Read a file as text.

        Args:
            filepath (str or Path): The file.
            encoding (str): Encoding of the text.

        Returns:
            str: Its content.
        """

    def open_to_read(
        self, filepath: str | Path, text: bool = False
    ) -> AbstractContextManager[IO[Any]]:
        """Open a file to read it piece by piece.

        Args:
            filepath (str or Path): The file.
            text (bool): Read text in UTF-8 instead of bytes.

        Returns:
            IO: The open file, a context manager.
        """
        return StringIO(self.get_text(filepath)) if text else BytesIO(self.get(filepath))
