"""Files of the web, kept on this machine: each address has a file of its own, and a whole one."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Generator
from contextvars import ContextVar
from pathlib import Path
from typing import IO
from urllib.parse import urlparse
from urllib.request import Request, urlopen
from uuid import uuid4

from tqdm import tqdm

_CHUNK = 1 << 20
_PATIENCE = 60  # seconds without a byte
_left: ContextVar[list[str] | None] = ContextVar("left", default=None)


class NotFetchedError(Exception):
    """A file of the web that is not on this machine, where nothing may be brought."""


@contextlib.contextmanager
def nothing_fetched() -> Generator[list[str], None, None]:
    """Inside, :func:`fetch` raises :class:`NotFetchedError`: a check of a config waits for none.

    Yields:
        list[str]: The addresses that were asked for.

    Example:
        >>> with nothing_fetched() as addresses:
        ...     fetch("https://example.org/weights.pth", "cache")
        Traceback (most recent call last):
        mmlight.fileio.url_cache.NotFetchedError: https://example.org/weights.pth
    """
    addresses: list[str] = []
    token = _left.set(addresses)
    try:
        yield addresses
    finally:
        _left.reset(token)


def cached_file(url: str, folder: str | os.PathLike[str]) -> Path | None:
    """Return the file that is kept for an address.

    Args:
        url: The address.
        folder: Folder of the cache.

    Returns:
        Path or None: The file that :func:`fetch` brought from this address, or else one of that
        name which came into the folder in another way: put there by hand, or by MMEngine. None if
        there is neither.
    """
    own, shared = _places(url, Path(folder))
    if own.is_file():
        return own
    # A file with a second name is kept for another address.
    return shared if shared.is_file() and shared.stat().st_nlink == 1 else None


def fetch(url: str, folder: str | os.PathLike[str], progress: bool = False) -> Path:
    """Bring a file from the web into a cache; under its name there is the whole file or none.

    Args:
        url: The address.
        folder: Folder of the cache. Under its own name there, where torch and MMEngine look, a file
            is found as well, unless another one has that name.
        progress: Whether to show a progress bar.

    Returns:
        Path: The file.

    Raises:
        OSError: If it cannot be had, or the connection ended before its end.
        NotFetchedError: Inside :func:`nothing_fetched`.
    """
    left = _left.get()
    if left is not None:
        left.append(url)
        raise NotFetchedError(url)
    own, shared = _places(url, Path(folder))
    own.parent.mkdir(parents=True, exist_ok=True)
    temporary = own.with_name(f".{uuid4().hex}.partial")
    try:
        with open(temporary, "xb") as file:
            _download(url, file, progress)
        os.replace(temporary, own)
    finally:
        temporary.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # the name is taken, or the disk knows no second names
        os.link(own, shared)
    return own


def _places(url: str, folder: Path) -> tuple[Path, Path]:
    name = os.path.basename(urlparse(url).path)
    name = "file" if name in ("", ".", "..") else name
    key = hashlib.sha256(url.encode()).hexdigest()[:16]
    return folder / "by_address" / key / name, folder / name


def _download(url: str, file: IO[bytes], progress: bool) -> None:
    request = Request(url, headers={"User-Agent": "mmlight"})
    with urlopen(request, timeout=_PATIENCE) as answer:
        length = answer.headers.get("Content-Length")
        expected = None if length is None else int(length)
        with tqdm(total=expected, disable=not progress, unit="B", unit_scale=True) as bar:
            while chunk := answer.read(_CHUNK):
                file.write(chunk)
                bar.update(len(chunk))
    if expected is not None and file.tell() != expected:
        raise OSError(f"{url}: the connection ended after {file.tell()} of {expected} bytes")
