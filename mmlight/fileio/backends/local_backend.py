"""Files of this machine."""

from __future__ import annotations

import os
import os.path as osp
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from fsspec.implementations.local import LocalFileSystem

from .fsspec_backend import FsspecBackend


class LocalBackend(FsspecBackend):
    """Files of this machine; their paths keep the form and the type that they are given in.

    Example:
        >>> import tempfile
        >>> backend = LocalBackend()
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     backend.put(b"hello world", f"{folder}/new/a.txt")
        ...     backend.get(f"{folder}/new/a.txt")
        b'hello world'
    """

    _allow_symlink = True

    def __init__(self) -> None:
        super().__init__()

    def _locate(self, filepath: str | Path) -> tuple[LocalFileSystem, str]:
        return LocalFileSystem(), LocalFileSystem._strip_protocol(filepath)

    # What a data loader calls for each sample goes to the system directly, which is several times
    # faster than through fsspec.

    def open_to_read(self, filepath: str | Path, text: bool = False) -> IO[Any]:
        path = _plain(filepath)
        return open(path, encoding="utf-8") if text else open(path, "rb")

    def get(self, filepath: str | Path) -> bytes:
        with open(_plain(filepath), "rb") as file:
            return file.read()

    def get_text(self, filepath: str | Path, encoding: str = "utf-8") -> str:
        with open(_plain(filepath), encoding=encoding) as file:
            return file.read()

    def exists(self, filepath: str | Path) -> bool:
        return osp.exists(_plain(filepath))

    def isdir(self, filepath: str | Path) -> bool:
        return osp.isdir(_plain(filepath))

    def isfile(self, filepath: str | Path) -> bool:
        return osp.isfile(_plain(filepath))

    def join_path(self, filepath: str | Path, *filepaths: str | Path) -> str:
        """Join the parts of a path.

        Example:
            >>> LocalBackend().join_path("/path/of/dir1", "dir2", "path/of/file")
            '/path/of/dir1/dir2/path/of/file'
        """
        return osp.join(os.fspath(filepath), *filepaths)

    @contextmanager
    def get_local_path(self, filepath: str | Path) -> Iterator[str | Path]:
        """Give back a path, which is local as it is."""
        yield _plain(filepath)

    def copyfile(self, src: str | Path, dst: str | Path) -> str | Path:
        """Copy a file."""
        return shutil.copy(_plain(src), _plain(dst))

    def copyfile_from_local(self, src: str | Path, dst: str | Path) -> str | Path:
        """Copy a file, as :meth:`copyfile` does."""
        return self.copyfile(src, dst)

    def copyfile_to_local(self, src: str | Path, dst: str | Path) -> str | Path:
        """Copy a file, as :meth:`copyfile` does."""
        return self.copyfile(src, dst)

    def copytree(self, src: str | Path, dst: str | Path) -> str | Path:
        """Copy a directory."""
        return shutil.copytree(_plain(src), _plain(dst))

    def copytree_from_local(self, src: str | Path, dst: str | Path) -> str | Path:
        """Copy a directory, as :meth:`copytree` does."""
        return self.copytree(src, dst)

    def copytree_to_local(self, src: str | Path, dst: str | Path) -> str | Path:
        """Copy a directory, as :meth:`copytree` does."""
        return self.copytree(src, dst)

    def copy_if_symlink_fails(self, src: str | Path, dst: str | Path) -> bool:
        """Make a symbolic link, or a copy where the file system has no links."""
        try:
            os.symlink(_plain(src), _plain(dst))
            return True
        except OSError:
            copy = self.copytree if osp.isdir(src) else self.copyfile
            copy(src, dst)
            return False


class HardDiskBackend(LocalBackend):
    """Former name of :class:`LocalBackend`, deprecated.

    Example:
        >>> issubclass(HardDiskBackend, LocalBackend)
        True
    """

    def __init__(self) -> None:
        warnings.warn(
            "HardDiskBackend is the former name of LocalBackend and will be removed",
            DeprecationWarning,
            stacklevel=2,
        )
        super().__init__()


def _plain(path: str | Path) -> str | Path:
    """Resolve ``file://`` and ``~/``, as fsspec does; any other path stays the same object."""
    text = str(path)
    if "://" in text or text.startswith("~/"):
        result: str | Path = LocalFileSystem._strip_protocol(text)
        return result
    return path
