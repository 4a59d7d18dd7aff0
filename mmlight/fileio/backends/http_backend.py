"""Files behind ``http`` and ``https`` addresses."""

from __future__ import annotations

from pathlib import Path

from fsspec import AbstractFileSystem

from .fsspec_backend import FsspecBackend


class HTTPBackend(FsspecBackend):
    """Files of web servers, through the proxies that the environment names.

    Raises:
        ValueError: At a read, if the address is not one of ``http`` or ``https``.

    Example:
        >>> HTTPBackend().join_path("http://server/data", "a.txt")
        'http://server/data/a.txt'
    """

    def __init__(self) -> None:
        super().__init__(client_kwargs={"trust_env": True})

    def _locate(self, filepath: str | Path) -> tuple[AbstractFileSystem, str]:
        if not str(filepath).startswith(("http://", "https://")):
            raise ValueError(f"HTTPBackend reads http:// and https:// addresses, not {filepath!r}")
        return super()._locate(filepath)
