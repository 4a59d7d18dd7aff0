"""Any storage that fsspec can open."""

from __future__ import annotations

import os
import posixpath
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Any

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs

from .base import BaseStorageBackend


class FsspecBackend(BaseStorageBackend):
    """Storage at the address of a file: memory, archives, clouds and whatever fsspec knows.

    Args:
        **storage_options: Passed to the file system that fsspec opens, such as ``anon=True``.

    Example:
        >>> backend = FsspecBackend()
        >>> backend.put(b"hello world", "memory://doc/a.txt")
        >>> backend.get("memory://doc/a.txt")
        b'hello world'
        >>> backend.rmtree("memory://doc")
    """

    def __init__(self, **storage_options: Any) -> None:
        self._storage_options = storage_options

    def _locate(self, filepath: str | Path) -> tuple[AbstractFileSystem, str]:
        return self._open(str(filepath), **self._storage_options)

    @staticmethod
    def _open(url: str, **options: Any) -> tuple[AbstractFileSystem, str]:
        # Asked for every time: fsspec keeps its file systems, and makes new ones after a fork.
        try:
            result: tuple[AbstractFileSystem, str] = url_to_fs(url, **options)
            return result
        except ImportError as error:
            raise ImportError(f"{url} needs a package that is not installed: {error}") from error

    def _make_parent(self, fs: AbstractFileSystem, path: str) -> None:
        fs.makedirs(fs._parent(path), exist_ok=True)

    def open_to_read(
        self, filepath: str | Path, text: bool = False
    ) -> AbstractContextManager[IO[Any]]:
        fs, path = self._locate(filepath)
        result: AbstractContextManager[IO[Any]] = (
            fs.open(path, "r", encoding="utf-8") if text else fs.open(path, "rb")
        )
        return result

    def get(self, filepath: str | Path) -> bytes:
        fs, path = self._locate(filepath)
        result: bytes = fs.cat_file(path)
        return result

    def get_text(self, filepath: str | Path, encoding: str = "utf-8") -> str:
        """Read a file as text.

        Returns:
            str: Its content, with ``\\n`` at the end of each line.
        """
        fs, path = self._locate(filepath)
        with fs.open(path, "r", encoding=encoding) as file:
            result: str = file.read()
            return result

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write bytes to a file, making the folders above it.

        Args:
            obj (bytes): The content.
            filepath (str or Path): The file.

        Raises:
            TypeError: If ``obj`` is not bytes or a view of them.
        """
        if not isinstance(obj, (bytes, bytearray, memoryview)):
            raise TypeError(f"obj should be bytes, but got {type(obj)}")
        fs, path = self._locate(filepath)
        self._make_parent(fs, path)
        fs.pipe_file(path, bytes(obj))

    def put_text(self, obj: str, filepath: str | Path, encoding: str = "utf-8") -> None:
        """Write text to a file, making the folders above it.

        Args:
            obj (str): The content.
            filepath (str or Path): The file.
            encoding (str): Encoding of the text.

        Raises:
            TypeError: If ``obj`` is not a string.
        """
        if not isinstance(obj, str):
            raise TypeError(f"obj should be a str, but got {type(obj)}")
        self.put(obj.encode(encoding), filepath)

    def exists(self, filepath: str | Path) -> bool:
        """Tell whether there is such a file or directory.

        Args:
            filepath (str or Path): The path.

        Returns:
            bool: Whether it exists.
        """
        fs, path = self._locate(filepath)
        result: bool = fs.exists(path)
        return result

    def isdir(self, filepath: str | Path) -> bool:
        """Tell whether a path is a directory.

        Args:
            filepath (str or Path): The path.

        Returns:
            bool: Whether it is.
        """
        fs, path = self._locate(filepath)
        result: bool = fs.isdir(path)
        return result

    def isfile(self, filepath: str | Path) -> bool:
        """Tell whether a path is a file.

        Args:
            filepath (str or Path): The path.

        Returns:
            bool: Whether it is.
        """
        fs, path = self._locate(filepath)
        result: bool = fs.isfile(path)
        return result

    def join_path(self, filepath: str | Path, *filepaths: str | Path) -> str:
        """Join the parts of a path.

        Args:
            filepath (str or Path): The first part.
            *filepaths (str or Path): The others; a slash at their start does not count.

        Returns:
            str: The path.

        Example:
            >>> FsspecBackend().join_path("s3://bucket/a", "/b", "c")
            's3://bucket/a/b/c'
        """
        parts = (os.fspath(part).lstrip("/") for part in filepaths)
        return posixpath.join(os.fspath(filepath), *parts)

    @contextmanager
    def get_local_path(self, filepath: str | Path) -> Iterator[str | Path]:
        """Download a file for the time of a ``with`` block.

        Args:
            filepath (str or Path): The file.

        Yields:
            str: Path of the local copy, which is removed in the end.
        """
        _, path = self._locate(filepath)
        with tempfile.TemporaryDirectory() as folder:
            local = os.path.join(folder, posixpath.basename(path) or "file")
            yield self.copyfile_to_local(filepath, local)

    def copyfile(self, src: str | Path, dst: str | Path) -> str | Path:
        """Copy a file within the storage.

        Args:
            src (str or Path): The file.
            dst (str or Path): The copy, or a directory to copy it into.

        Returns:
            str: Path of the copy.

        Raises:
            shutil.SameFileError: If both are the same file.
        """
        fs, source = self._locate(src)
        if fs.isdir(self._locate(dst)[1]):
            dst = self.join_path(dst, posixpath.basename(source))
        target = self._locate(dst)[1]
        if source == target:
            raise shutil.SameFileError(f"{src} and {dst} are the same file")
        self._make_parent(fs, target)
        fs.cp_file(source, target)
        return dst

    def copytree(self, src: str | Path, dst: str | Path) -> str | Path:
        """Copy a directory within the storage.

        Args:
            src (str or Path): The directory.
            dst (str or Path): The copy, which must not exist.

        Returns:
            str: Path of the copy.

        Raises:
            FileExistsError: If ``dst`` exists.
        """
        fs, source = self._locate(src)
        target = self._require_free(dst)
        fs.copy(f"{source}/", f"{target}/", recursive=True)
        return dst

    def copyfile_from_local(self, src: str | Path, dst: str | Path) -> str | Path:
        """Upload a file.

        Args:
            src (str or Path): The local file.
            dst (str or Path): The copy, or a directory to copy it into.

        Returns:
            str: Path of the copy.
        """
        fs, target = self._locate(dst)
        if fs.isdir(target):
            dst = self.join_path(dst, os.path.basename(src))
            target = self._locate(dst)[1]
        self._make_parent(fs, target)
        fs.put_file(str(src), target)
        return dst

    def copytree_from_local(self, src: str | Path, dst: str | Path) -> str | Path:
        """Upload a directory.

        Args:
            src (str or Path): The local directory.
            dst (str or Path): The copy, which must not exist.

        Returns:
            str: Path of the copy.

        Raises:
            FileExistsError: If ``dst`` exists.
        """
        fs, _ = self._locate(dst)
        target = self._require_free(dst)
        fs.put(f"{src}/", f"{target}/", recursive=True)
        return dst

    def copyfile_to_local(self, src: str | Path, dst: str | Path) -> str | Path:
        """Download a file.

        Args:
            src (str or Path): The file.
            dst (str or Path): The local copy, or a local directory to copy it into.

        Returns:
            str or Path: Path of the copy.
        """
        fs, source = self._locate(src)
        if os.path.isdir(dst):
            dst = os.path.join(dst, posixpath.basename(source))
        fs.get_file(source, str(dst))
        return dst

    def copytree_to_local(self, src: str | Path, dst: str | Path) -> str | Path:
        """Download a directory.

        Args:
            src (str or Path): The directory.
            dst (str or Path): The local copy.

        Returns:
            str or Path: Path of the copy.
        """
        fs, source = self._locate(src)
        fs.get(f"{source}/", f"{dst}/", recursive=True)
        return dst

    def copy_if_symlink_fails(self, src: str | Path, dst: str | Path) -> bool:
        """Copy a file or a directory, as there are no symbolic links in the storage.

        Args:
            src (str or Path): The file or directory.
            dst (str or Path): The copy.

        Returns:
            bool: False, for it is not a link.
        """
        copy = self.copytree if self.isdir(src) else self.copyfile
        copy(src, dst)
        return False

    def remove(self, filepath: str | Path) -> None:
        """Remove a file.

        Args:
            filepath (str or Path): The file.

        Raises:
            FileNotFoundError: If it does not exist.
            IsADirectoryError: If it is a directory.
        """
        fs, path = self._locate(filepath)
        if not fs.exists(path):
            raise FileNotFoundError(f"filepath {filepath} does not exist")
        if fs.isdir(path):
            raise IsADirectoryError(f"filepath {filepath} is a directory, not a file")
        fs.rm_file(path)

    def rmtree(self, dir_path: str | Path) -> None:
        """Remove a directory with all that is in it.

        Args:
            dir_path (str or Path): The directory.

        Raises:
            FileNotFoundError: If it does not exist.
            NotADirectoryError: If it is a file.
        """
        fs, path = self._require_directory(dir_path)
        fs.rm(path, recursive=True)

    def list_dir_or_file(
        self,
        dir_path: str | Path,
        list_dir: bool = True,
        list_file: bool = True,
        suffix: str | tuple[str, ...] | None = None,
        recursive: bool = False,
    ) -> Iterator[str]:
        """Iterate over what is in a directory, in no certain order and without hidden files.

        Args:
            dir_path (str or Path): The directory.
            list_dir (bool): List the directories.
            list_file (bool): List the files.
            suffix (str or tuple of str, optional): Only files whose names end so.
            recursive (bool): List what is in the directories inside too.

        Returns:
            Iterator of str: Paths relative to ``dir_path``.

        Raises:
            TypeError: If ``suffix`` has another type, or is given while directories are listed.
            FileNotFoundError: If there is no such directory.
            NotADirectoryError: If it is a file.
        """
        if list_dir and suffix is not None:
            raise TypeError("suffix should be None when list_dir is True")
        if suffix is not None and not isinstance(suffix, (str, tuple)):
            raise TypeError(f"suffix must be a string or tuple of strings, but got {type(suffix)}")
        fs, path = self._require_directory(dir_path)
        return self._walk(fs, path, list_dir, list_file, suffix or "", recursive)

    @classmethod
    def _walk(
        cls,
        fs: AbstractFileSystem,
        top: str,
        list_dir: bool,
        list_file: bool,
        suffix: str | tuple[str, ...],
        recursive: bool,
    ) -> Iterator[str]:
        """Go down at once where a directory is listed: the order of MMEngine, and of its data."""
        for entry in fs.ls(top, detail=True):
            path = entry["name"].rstrip("/")
            name = posixpath.basename(path)
            if path == top.rstrip("/"):  # an object that stands for the directory itself
                continue
            if entry["type"] != "directory":
                if list_file and not name.startswith(".") and name.endswith(suffix):
                    yield name
                continue
            if list_dir:
                yield name
            if recursive:
                for below in cls._walk(fs, path, list_dir, list_file, suffix, recursive):
                    yield posixpath.join(name, below)

    def generate_presigned_url(
        self, url: str, client_method: str = "get_object", expires_in: int = 3600
    ) -> str:
        """Make an address through which anybody can reach a file for a while.

        Args:
            url (str): The file.
            client_method (str): ``get_object`` to read it, ``put_object`` to write it.
            expires_in (int): How long it works, in seconds.

        Returns:
            str: The address.

        Raises:
            NotImplementedError: If the storage has no such thing.
        """
        fs, path = self._locate(url)
        try:
            result: str = fs.sign(path, expiration=expires_in, client_method=client_method)
            return result
        except NotImplementedError as error:
            raise NotImplementedError(f"the storage of {url} makes no such address") from error

    def _require_directory(self, dir_path: str | Path) -> tuple[AbstractFileSystem, str]:
        fs, path = self._locate(dir_path)
        if not fs.isdir(path):
            if fs.exists(path):
                raise NotADirectoryError(f"{dir_path} is a file, not a directory")
            raise FileNotFoundError(f"there is no directory {dir_path}")
        return fs, path

    def _require_free(self, dst: str | Path) -> str:
        fs, target = self._locate(dst)
        if fs.exists(target):
            raise FileExistsError(f"{dst} exists already: a tree is not copied over another")
        return target
