"""Values of a memcached cluster."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from .base import BaseStorageBackend


class MemcachedBackend(BaseStorageBackend):
    """Cluster of memcached that the package ``mc`` speaks to.

    Args:
        server_list_cfg (str): File that lists the servers.
        client_cfg (str): File that configures the client.
        sys_path (str, optional): Folder to add to ``sys.path``, where ``mc`` is.

    Raises:
        ImportError: If the package ``mc`` is not installed.

    Example:
        >>> backend = MemcachedBackend("server_list.conf", "mc.conf")  # doctest: +SKIP
        >>> bytes(backend.get("/path/of/file"))  # doctest: +SKIP
        b'hello world'
    """

    def __init__(self, server_list_cfg: str, client_cfg: str, sys_path: str | None = None) -> None:
        if sys_path is not None:
            sys.path.append(sys_path)
        try:
            import mc
        except ImportError as error:
            raise ImportError(
                "MemcachedBackend needs memcached's client, the package mc; sys_path names the "
                "folder it is in"
            ) from error
        self.server_list_cfg = server_list_cfg
        self.client_cfg = client_cfg
        self._mc: Any = mc
        self._client = mc.MemcachedClient.GetInstance(server_list_cfg, client_cfg)
        # One buffer for all reads, or its memory would have to be found again for each.
        self._buffer = mc.pyvector()

    def get(self, filepath: str | Path) -> memoryview:
        """Read the value of a key."""
        self._client.Get(str(filepath), self._buffer)
        return memoryview(self._mc.ConvertBuffer(self._buffer))

    def get_text(self, filepath: str | Path, encoding: str = "utf-8") -> str:
        """Read the value of a key as text."""
        return str(self.get(filepath), encoding)
