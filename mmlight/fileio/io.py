"""Functions for files in any storage, which is found by the scheme of their address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .copying import (
    copy_if_symlink_fails,
    copyfile,
    copyfile_from_local,
    copyfile_to_local,
    copytree,
    copytree_from_local,
    copytree_to_local,
)
from .file_backend import backend_of, get_file_backend, parse_uri_prefix
from .serialization import dump, load

__all__ = [
    "copy_if_symlink_fails",
    "copyfile",
    "copyfile_from_local",
    "copyfile_to_local",
    "copytree",
    "copytree_from_local",
    "copytree_to_local",
    "dump",
    "exists",
    "generate_presigned_url",
    "get",
    "get_file_backend",
    "get_local_path",
    "get_text",
    "isdir",
    "isfile",
    "join_path",
    "list_dir_or_file",
    "load",
    "parse_uri_prefix",
    "put",
    "put_text",
    "remove",
    "rmtree",
]


def get(filepath: str | Path, backend_args: dict[str, Any] | None = None) -> bytes:
    """Read a file as bytes.

    Args:
        filepath (str or Path): The file.
        backend_args (dict, optional): As for :func:`get_file_backend`, here and below.

    Returns:
        bytes: Its content.

    Example:
        >>> put(b"hello world", "memory://doc-io.txt")
        >>> get("memory://doc-io.txt")
        b'hello world'
        >>> remove("memory://doc-io.txt")
    """
    return backend_of(filepath, backend_args).get(filepath)


def get_text(
    filepath: str | Path, encoding: str = "utf-8", backend_args: dict[str, Any] | None = None
) -> str:
    """Read a file as text.

    Args:
        filepath (str or Path): The file.
        encoding (str): Encoding of the text.
        backend_args (dict, optional): Arguments of the backend.

    Returns:
        str: Its content.

    Example:
        >>> put_text("hello", "memory://doc-io.txt")
        >>> get_text("memory://doc-io.txt")
        'hello'
        >>> remove("memory://doc-io.txt")
    """
    return backend_of(filepath, backend_args).get_text(filepath, encoding)


def put(obj: bytes, filepath: str | Path, backend_args: dict[str, Any] | None = None) -> None:
    """Write bytes to a file, making the folders above it.

    Args:
        obj (bytes): The content.
        filepath (str or Path): The file.
        backend_args (dict, optional): Arguments of the backend.

    Example:
        >>> put(b"hello", "memory://doc-io/new/a.bin")
        >>> isfile("memory://doc-io/new/a.bin")
        True
        >>> rmtree("memory://doc-io")
    """
    backend_of(filepath, backend_args).put(obj, filepath)


def put_text(obj: str, filepath: str | Path, backend_args: dict[str, Any] | None = None) -> None:
    """Write text to a file, making the folders above it.

    Args:
        obj (str): The content.
        filepath (str or Path): The file.
        backend_args (dict, optional): Arguments of the backend.

    Example:
        >>> put_text("größe", "memory://doc-io.txt")
        >>> len(get("memory://doc-io.txt"))
        7
        >>> remove("memory://doc-io.txt")
    """
    backend_of(filepath, backend_args).put_text(obj, filepath)


def exists(filepath: str | Path, backend_args: dict[str, Any] | None = None) -> bool:
    """Tell whether there is such a file or directory.

    Args:
        filepath (str or Path): The path.
        backend_args (dict, optional): Arguments of the backend.

    Returns:
        bool: Whether it exists.

    Example:
        >>> exists("/"), exists("/no/such/file")
        (True, False)
    """
    return backend_of(filepath, backend_args).exists(filepath)


def isdir(filepath: str | Path, backend_args: dict[str, Any] | None = None) -> bool:
    """Tell whether a path is a directory.

    Args:
        filepath (str or Path): The path.
        backend_args (dict, optional): Arguments of the backend.

    Returns:
        bool: Whether it is.

    Example:
        >>> isdir("/"), isdir(__file__)
        (True, False)
    """
    return backend_of(filepath, backend_args).isdir(filepath)


def isfile(filepath: str | Path, backend_args: dict[str, Any] | None = None) -> bool:
    """Tell whether a path is a file.

    Args:
        filepath (str or Path): The path.
        backend_args (dict, optional): Arguments of the backend.

    Returns:
        bool: Whether it is.

    Example:
        >>> isfile("/"), isfile(__file__)
        (False, True)
    """
    return backend_of(filepath, backend_args).isfile(filepath)


def join_path(
    filepath: str | Path, *filepaths: str | Path, backend_args: dict[str, Any] | None = None
) -> str | Path:
    """Join the parts of a path.

    Args:
        filepath (str or Path): The first part, which tells the backend.
        *filepaths (str or Path): The others.
        backend_args (dict, optional): Arguments of the backend.

    Returns:
        str: The path.

    Example:
        >>> join_path("/path/of/dir1", "dir2", "path/of/file")
        '/path/of/dir1/dir2/path/of/file'
    """
    return backend_of(filepath, backend_args).join_path(filepath, *filepaths)


@contextmanager
def get_local_path(
    filepath: str | Path, backend_args: dict[str, Any] | None = None
) -> Iterator[str]:
    """Download a file for the time of a ``with`` block; a local one stays where it is.

    Args:
        filepath (str or Path): The file.
        backend_args (dict, optional): Arguments of the backend.

    Yields:
        str: Path of the local file; a downloaded one is removed in the end.

    Example:
        >>> put_text("hello", "memory://doc-io.txt")
        >>> with get_local_path("memory://doc-io.txt") as path, open(path) as file:
        ...     file.read()
        'hello'
        >>> remove("memory://doc-io.txt")
    """
    with backend_of(filepath, backend_args).get_local_path(filepath) as local_path:
        yield str(local_path)


def remove(filepath: str | Path, backend_args: dict[str, Any] | None = None) -> None:
    """Remove a file.

    Args:
        filepath (str or Path): The file.
        backend_args (dict, optional): Arguments of the backend.

    Raises:
        FileNotFoundError: If it does not exist.
        IsADirectoryError: If it is a directory.

    Example:
        >>> remove("/no/such/file")
        Traceback (most recent call last):
        FileNotFoundError: filepath /no/such/file does not exist
    """
    backend_of(filepath, backend_args).remove(filepath)


def rmtree(dir_path: str | Path, backend_args: dict[str, Any] | None = None) -> None:
    """Remove a directory with all that is in it.

    Args:
        dir_path (str or Path): The directory.
        backend_args (dict, optional): Arguments of the backend.

    Example:
        >>> put(b"hello", "memory://doc-io/a.txt")
        >>> rmtree("memory://doc-io")
        >>> exists("memory://doc-io")
        False
    """
    backend_of(dir_path, backend_args).rmtree(dir_path)


def list_dir_or_file(
    dir_path: str | Path,
    list_dir: bool = True,
    list_file: bool = True,
    suffix: str | tuple[str, ...] | None = None,
    recursive: bool = False,
    backend_args: dict[str, Any] | None = None,
) -> Iterator[str]:
    """Iterate over what is in a directory, in no certain order and without hidden files.

    Args:
        dir_path (str or Path): The directory.
        list_dir (bool): List the directories.
        list_file (bool): List the files.
        suffix (str or tuple of str, optional): Only files whose names end so.
        recursive (bool): List what is in the directories inside too.
        backend_args (dict, optional): Arguments of the backend.

    Returns:
        Iterator of str: Paths relative to ``dir_path``.

    Raises:
        TypeError: If ``suffix`` has another type, or is given while directories are listed.
        FileNotFoundError: If there is no such directory.

    Example:
        >>> folder = Path(__file__).parent
        >>> files = list_dir_or_file(folder, list_dir=False, suffix=".py", recursive=True)
        >>> "handlers/base.py" in files
        True
    """
    return backend_of(dir_path, backend_args).list_dir_or_file(
        dir_path, list_dir, list_file, suffix, recursive
    )


def generate_presigned_url(
    url: str,
    client_method: str = "get_object",
    expires_in: int = 3600,
    backend_args: dict[str, Any] | None = None,
) -> str:
    """Make an address through which anybody can reach a file for a while.

    Args:
        url (str): The file.
        client_method (str): ``get_object`` to read it, ``put_object`` to write it.
        expires_in (int): How long it works, in seconds.
        backend_args (dict, optional): Arguments of the backend.

    Returns:
        str: The address.

    Raises:
        NotImplementedError: If the storage has no such thing.

    Example:
        >>> url = "s3://bucket/video.mp4"
        >>> generate_presigned_url(url, expires_in=60)  # doctest: +SKIP
    """
    return backend_of(url, backend_args).generate_presigned_url(url, client_method, expires_in)
