"""Paths of the local file system."""

from __future__ import annotations

import os
import os.path as osp
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

_REMOTE_PREFIXES = ("http://", "https://", "s3://")


def is_filepath(x: Any) -> bool:
    """Tell whether ``x`` can be a path.

    Args:
        x: Any object.

    Returns:
        bool: True for a string or a :class:`~pathlib.Path`.

    Example:
        >>> is_filepath("a.txt"), is_filepath(3)
        (True, False)
    """
    return isinstance(x, (str, Path))


def from_here(path: str) -> str:
    """Return a path from the working directory, if it lies in that.

    Args:
        path (str): The path.

    Returns:
        str: The relative path, or ``path`` as it is.

    Example:
        >>> from_here(os.path.join(os.getcwd(), "runs", "a.log")), from_here("s3://runs/a.log")
        ('runs/a.log', 's3://runs/a.log')
    """
    inside = osp.relpath(path) if osp.isabs(path) else path
    return path if inside.startswith(os.pardir) else inside


def fopen(filepath: str | Path, *args: Any, **kwargs: Any) -> IO[Any]:
    """Open a file given as a string or a :class:`~pathlib.Path`.

    Args:
        filepath (str or Path): File to open.
        *args: Passed to :func:`open`.
        **kwargs: Passed to :func:`open`.

    Returns:
        IO: The open file.

    Raises:
        ValueError: If ``filepath`` is neither a string nor a Path.

    Example:
        >>> with fopen(__file__) as file:
        ...     len(file.read()) > 0
        True
    """
    if not is_filepath(filepath):
        raise ValueError(f"filepath should be a string or a Path, but got {type(filepath)}")
    file: IO[Any] = open(filepath, *args, **kwargs)  # noqa: SIM115
    return file


def check_file_exist(filename: str | Path, msg_tmpl: str = 'file "{}" does not exist') -> None:
    """Raise an error unless a file exists.

    Args:
        filename (str or Path): File that should exist.
        msg_tmpl (str): Message with a place for the file name.

    Raises:
        FileNotFoundError: If there is no such file.

    Example:
        >>> check_file_exist("no/such/file")
        Traceback (most recent call last):
        FileNotFoundError: file "no/such/file" does not exist
    """
    if not osp.isfile(filename):
        raise FileNotFoundError(msg_tmpl.format(filename))


def mkdir_or_exist(dir_name: str | Path, mode: int = 0o777) -> None:
    """Create a directory and its parents unless it exists.

    Args:
        dir_name (str or Path): Directory; ``~`` is expanded, an empty name does nothing.
        mode (int): Permission bits of a new directory.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     mkdir_or_exist(f"{folder}/a/b")
        ...     osp.isdir(f"{folder}/a/b")
        True
    """
    if str(dir_name) == "":
        return
    os.makedirs(osp.expanduser(dir_name), mode=mode, exist_ok=True)


def symlink(src: str | Path, dst: str | Path, overwrite: bool = True, **kwargs: Any) -> None:
    """Make ``dst`` a symbolic link to ``src``.

    Args:
        src (str or Path): What the link points to.
        dst (str or Path): The link.
        overwrite (bool): Replace an existing ``dst``.
        **kwargs: Passed to :func:`os.symlink`.

    Raises:
        FileExistsError: If ``dst`` exists and ``overwrite`` is False.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     symlink("target", f"{folder}/link")
        ...     os.readlink(f"{folder}/link")
        'target'
    """
    if osp.lexists(dst) and overwrite:
        os.remove(dst)
    os.symlink(src, dst, **kwargs)


def is_abs(path: str | Path) -> bool:
    """Tell whether a path is absolute: a rooted local one, or an ``http(s)`` or ``s3`` address.

    Args:
        path (str or Path): Path of a file or a directory.

    Returns:
        bool: Whether the path is absolute.

    Example:
        >>> is_abs("/data"), is_abs("data"), is_abs("s3://bucket/data")
        (True, False, True)
    """
    return osp.isabs(path) or str(path).startswith(_REMOTE_PREFIXES)


def scandir(
    dir_path: str | Path,
    suffix: str | tuple[str, ...] | None = None,
    recursive: bool = False,
    case_sensitive: bool = True,
) -> Iterator[str]:
    """Iterate over the files of a directory whose names do not start with a dot.

    Args:
        dir_path (str or Path): Directory to scan.
        suffix (str or tuple of str, optional): Only files whose names end so.
        recursive (bool): Scan the directories inside too.
        case_sensitive (bool): Whether the case of the suffix matters.

    Yields:
        str: Path of a file relative to ``dir_path``.

    Raises:
        TypeError: If ``dir_path`` or ``suffix`` has another type.

    Example:
        >>> "path.py" in scandir(osp.dirname(__file__), suffix=".py")
        True
    """
    if not is_filepath(dir_path):
        raise TypeError(f"dir_path must be a string or a Path, but got {type(dir_path)}")
    if suffix is not None and not isinstance(suffix, (str, tuple)):
        raise TypeError(f"suffix must be a string or a tuple of strings, but got {type(suffix)}")
    if suffix is not None and not case_sensitive:
        suffix = suffix.lower() if isinstance(suffix, str) else tuple(s.lower() for s in suffix)
    return _scan(str(dir_path), str(dir_path), suffix, recursive, case_sensitive)


def _scan(
    root: str,
    folder: str,
    suffix: str | tuple[str, ...] | None,
    recursive: bool,
    case_sensitive: bool,
) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_file():
                if entry.name.startswith("."):
                    continue
                name = entry.name if case_sensitive else entry.name.lower()
                if suffix is None or name.endswith(suffix):
                    yield osp.relpath(entry.path, root)
            elif recursive and entry.is_dir():
                yield from _scan(root, entry.path, suffix, recursive, case_sensitive)
