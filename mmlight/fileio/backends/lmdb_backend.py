"""Values of an LMDB database."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from .base import BaseStorageBackend

# LMDB refuses to open a database twice in a process, and a dataset may be read by several backends.
_environments: WeakValueDictionary[str, Any] = WeakValueDictionary()


class LmdbBackend(BaseStorageBackend):
    """Database of LMDB whose keys serve as file names.

    It is opened at the first read, once for all backends of a process, and again in a process that
    the backend is sent to.

    Args:
        db_path (str): Path of the database.
        readonly (bool): Do not allow writing.
        lock (bool): Lock the database while several processes use it.
        readahead (bool): Let the system read ahead, which slows random reads of a large database.
        **kwargs: Passed to ``lmdb.open``.

    Raises:
        ImportError: If the package ``lmdb`` is not installed.
        lmdb.Error: At the first read, if there is no such database.

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
        if find_spec("lmdb") is None:
            raise ImportError("LmdbBackend needs a package: pip install lmdb")
        self.db_path = str(db_path)
        self.readonly = readonly
        self.lock = lock
        self.readahead = readahead
        self.kwargs = kwargs
        self._client: Any = None

    def get(self, filepath: str | Path) -> bytes:
        """Read the value of a key.

        Returns:
            bytes: The value, None if there is no such key.
        """
        if self._client is None:
            self._client = self._open()
        with self._client.begin(write=False) as transaction:
            result: bytes = transaction.get(str(filepath).encode())
            return result

    def get_text(self, filepath: str | Path, encoding: str = "utf-8") -> str:
        """Read the value of a key as text.

        Raises:
            KeyError: If there is no such key.
        """
        value = self.get(filepath)
        if value is None:
            raise KeyError(f"{self.db_path} has no key {str(filepath)!r}")
        return value.decode(encoding)

    def _open(self) -> Any:
        import lmdb

        options = {"readonly": self.readonly, "lock": self.lock, "readahead": self.readahead}
        options.update(self.kwargs)
        key = f"{os.path.realpath(self.db_path)} {sorted(options.items())}"
        environment = _environments.get(key)
        if environment is None:
            environment = _environments[key] = lmdb.open(self.db_path, **options)
        return environment

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_client": None}
