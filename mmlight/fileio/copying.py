"""Copies of files and directories, within one storage and between it and this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .file_backend import backend_of


def copyfile(
    src: str | Path, dst: str | Path, backend_args: dict[str, Any] | None = None
) -> str | Path:
    """Copy a file within one storage.

    Args:
        src (str or Path): The file.
        dst (str or Path): The copy, or a directory to copy it into.
        backend_args (dict, optional): Arguments of the backend.

    Returns:
        str or Path: Path of the copy.

    Raises:
        shutil.SameFileError: If both are the same file.

    Example:
        >>> from mmlight.fileio import put, rmtree
        >>> put(b"hello", "memory://doc-io/a.txt")
        >>> copyfile("memory://doc-io/a.txt", "memory://doc-io/b.txt")
        'memory://doc-io/b.txt'
        >>> rmtree("memory://doc-io")
    """
    return backend_of(src, backend_args).copyfile(src, dst)


def copytree(
    src: str | Path, dst: str | Path, backend_args: dict[str, Any] | None = None
) -> str | Path:
    """Copy a directory within one storage.

    Args:
        src (str or Path): The directory.
        dst (str or Path): The copy, which must not exist.
        backend_args (dict, optional): Arguments of the backend.

    Returns:
        str or Path: Path of the copy.

    Raises:
        FileExistsError: If ``dst`` exists.

    Example:
        >>> from mmlight.fileio import exists, put, rmtree
        >>> put(b"hello", "memory://doc-io/a/x.txt")
        >>> copytree("memory://doc-io/a", "memory://doc-io/b")
        'memory://doc-io/b'
        >>> exists("memory://doc-io/b/x.txt")
        True
        >>> rmtree("memory://doc-io")
    """
    return backend_of(src, backend_args).copytree(src, dst)


def copyfile_from_local(
    src: str | Path, dst: str | Path, backend_args: dict[str, Any] | None = None
) -> str | Path:
    """Upload a file.

    Args:
        src (str or Path): The local file.
        dst (str or Path): The copy, or a directory to copy it into.
        backend_args (dict, optional): Arguments of the backend.

    Returns:
        str or Path: Path of the copy.

    Raises:
        shutil.SameFileError: If both are the same file.

    Example:
        >>> from mmlight.fileio import rmtree
        >>> copyfile_from_local(__file__, "memory://doc-io/copying.py")
        'memory://doc-io/copying.py'
        >>> rmtree("memory://doc-io")
    """
    return backend_of(dst, backend_args).copyfile_from_local(src, dst)


def copytree_from_local(
    src: str | Path, dst: str | Path, backend_args: dict[str, Any] | None = None
) -> str | Path:
    """Upload a directory.

    Args:
        src (str or Path): The local directory.
        dst (str or Path): The copy, which must not exist.
        backend_args (dict, optional): Arguments of the backend.

    Returns:
        str or Path: Path of the copy.

    Raises:
        FileExistsError: If ``dst`` exists.

    Example:
        >>> from mmlight.fileio import isfile, rmtree
        >>> folder = Path(__file__).parent / "handlers"
        >>> copytree_from_local(folder, "memory://doc-io")
        'memory://doc-io'
        >>> isfile("memory://doc-io/base.py")
        True
        >>> rmtree("memory://doc-io")
    """
    return backend_of(dst, backend_args).copytree_from_local(src, dst)


def copyfile_to_local(
    src: str | Path, dst: str | Path, backend_args: dict[str, Any] | None = None
) -> str | Path:
    """Download a file.

    Args:
        src (str or Path): The file.
        dst (str or Path): The local copy, or a local directory to copy it into.
        backend_args (dict, optional): Arguments of the backend.

    Returns:
        str or Path: Path of the copy.

    Raises:
        shutil.SameFileError: If both are the same file.

    Example:
        >>> from mmlight.fileio import put, remove
        >>> import tempfile
        >>> put(b"hello", "memory://doc-io.txt")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Path(copyfile_to_local("memory://doc-io.txt", folder)).name
        'doc-io.txt'
        >>> remove("memory://doc-io.txt")
    """
    return backend_of(src, backend_args).copyfile_to_local(src, dst)


def copytree_to_local(
    src: str | Path, dst: str | Path, backend_args: dict[str, Any] | None = None
) -> str | Path:
    """Download a directory.

    Args:
        src (str or Path): The directory.
        dst (str or Path): The local copy.
        backend_args (dict, optional): Arguments of the backend.

    Returns:
        str or Path: Path of the copy.

    Example:
        >>> from mmlight.fileio import isfile, put, rmtree
        >>> import tempfile
        >>> put(b"hello", "memory://doc-io/a.txt")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     copied = copytree_to_local("memory://doc-io", f"{folder}/here")
        ...     isfile(f"{copied}/a.txt")
        True
        >>> rmtree("memory://doc-io")
    """
    return backend_of(src, backend_args).copytree_to_local(src, dst)


def copy_if_symlink_fails(
    src: str | Path, dst: str | Path, backend_args: dict[str, Any] | None = None
) -> bool:
    """Make a symbolic link, or a copy where the storage has no links.

    Args:
        src (str or Path): The file or directory.
        dst (str or Path): The link.
        backend_args (dict, optional): Arguments of the backend.

    Returns:
        bool: Whether it is a link.

    Example:
        >>> from mmlight.fileio import put, rmtree
        >>> put(b"hello", "memory://doc-io/a.txt")
        >>> copy_if_symlink_fails("memory://doc-io/a.txt", "memory://doc-io/b.txt")
        False
        >>> rmtree("memory://doc-io")
    """
    return backend_of(src, backend_args).copy_if_symlink_fails(src, dst)
