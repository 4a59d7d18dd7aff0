"""Files behind ``http`` and ``https`` addresses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import IO, Any, NoReturn

from fsspec import AbstractFileSystem

from .fsspec_backend import FsspecBackend


class HTTPBackend(FsspecBackend):
    """Files of web servers, through the proxies that the environment names. It only reads.

    Raises:
        ValueError: At a read, if the address is not one of ``http`` or ``https``.
        FileNotFoundError: At a read, if the server has no such file.
        ConnectionError: At a read, if the server cannot be reached or answers with another error.
        NotImplementedError: At whatever would write.

    Example:
        >>> HTTPBackend().join_path("http://server/data", "a.txt")
        'http://server/data/a.txt'
        >>> HTTPBackend().put(b"hello", "http://server/a.txt")
        Traceback (most recent call last):
        NotImplementedError: HTTPBackend can only read files
    """

    def __init__(self) -> None:
        super().__init__(client_kwargs={"trust_env": True})

    def _locate(self, filepath: str | Path) -> tuple[AbstractFileSystem, str]:
        if not str(filepath).startswith(("http://", "https://")):
            raise ValueError(f"HTTPBackend reads http:// and https:// addresses, not {filepath!r}")
        return super()._locate(filepath)

    def get(self, filepath: str | Path) -> bytes:
        with _plain_errors(filepath):
            return super().get(filepath)

    def get_text(self, filepath: str | Path, encoding: str = "utf-8") -> str:
        return TextIOWrapper(BytesIO(self.get(filepath)), encoding=encoding).read()

    def open_to_read(self, filepath: str | Path, text: bool = False) -> IO[Any]:
        """Download a file and open it, as not every server can send a part."""
        return StringIO(self.get_text(filepath)) if text else BytesIO(self.get(filepath))

    def isdir(self, filepath: str | Path) -> bool:
        """Tell whether an address is that of a listing; other addresses are not asked for."""
        # The file behind any other address, such as an image, would be downloaded to find out.
        if not str(filepath).endswith("/"):
            return False
        with _plain_errors(filepath):
            return super().isdir(filepath)

    def copyfile_to_local(self, src: str | Path, dst: str | Path) -> str | Path:
        with _plain_errors(src):
            return super().copyfile_to_local(src, dst)

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError(f"{self.name} can only read files")

    put = put_text = copyfile = copytree = copy_if_symlink_fails = _refuse
    copyfile_from_local = copytree_from_local = remove = rmtree = _refuse


@contextmanager
def _plain_errors(address: str | Path) -> Iterator[None]:
    # Imported here: it takes a fifth of a second, and only those who read from the web need it.
    from aiohttp import ClientError

    try:
        yield
    except ClientError as error:
        raise ConnectionError(f"{address} could not be read: {error}") from error
