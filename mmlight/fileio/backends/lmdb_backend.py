"""Values of an LMDB database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .base import BaseStorageBackend


class LmdbBackend(BaseStorageBackend):
    """Database of LMDB whose keys serve as file names. It is opened at the first read.

    Args:
        db_path (str): Path of the database.
        readonly (bool): Do not allow writing.
        lock (bool): Lock the database while several processes use it.
        readahead (bool): Let the system read ahead, which slows random reads of a large database.
        **kwargs: Passed to ``lmdb.open``.

    Raises:
        ImportError: If the package ``lmdb`` is not installed.

    Example:
        >>> backend = LmdbBackend("path/to/lmdb")  # doctest: +SKIP
        >>> backend.get("key")  # doctest: +SKIP
        b'hello world'
    """

    def __init__(
        self,
        db_path: str,
        readonly: bool = True,
        lock: bool = False,
        readahead: bool = False,
        **kwargs: Any,
    ) -> None:
        try:
            import lmdb
        except ImportError as error:
            raise ImportError("LmdbBackend needs a package: pip install lmdb") from error
        self._lmdb = lmdb
        self.db_path = str(db_path)
        self.readonly = readonly
        self.lock = lock
        self.readahead = readahead
        self.kwargs = kwargs
        self._client: Any = None

    def get(self, filepath: str | Path) -> bytes:
        """Read the value of a key.

        Args:
            filepath (str or Path): The key.

        Returns:
            bytes: The value, None if there is no such key.
        """
        if self._client is None:
            self._client = self._open()
        with self._client.begin(write=False) as transaction:
            return transaction.get(str(filepath).encode("ascii"))

    def get_text(self, filepath: str | Path, encoding: str = "utf-8") -> str:
        """Read the value of a key as text.

        Args:
            filepath (str or Path): The key.
            encoding (str): Encoding of the text.

        Returns:
            str: The value.
        """
        return self.get(filepath).decode(encoding)

    def _open(self) -> Any:
        return self._lmdb.open(
            self.db_path,
            readonly=self.readonly,
            lock=self.lock,
            readahead=self.readahead,
            **self.kwargs,
        )

    def __del__(self) -> None:
        if getattr(self, "_client", None) is not None:
            self._client.close()
