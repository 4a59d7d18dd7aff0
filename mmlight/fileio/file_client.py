"""The former way to reach files in any storage."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmlight.utils.handed import handed_to

from .backends import (
    BaseStorageBackend,
    FsspecBackend,
    HardDiskBackend,
    backends,
    prefix_to_backends,
    register_backend,
)
from .file_backend import find_backend, parse_uri_prefix

__all__ = ["FileClient", "HardDiskBackend"]


class FileClient:
    """Client of a storage, one object for the same arguments. The io functions replace it.

    Args:
        backend (str, optional): Name of the backend, such as ``disk``, ``http`` or ``petrel``;
            ``disk`` if there is no prefix either.
        prefix (str, optional): Scheme of addresses, such as ``s3``; used without ``backend``.
        **kwargs: Arguments of the backend.

    Raises:
        ValueError: If the backend or the prefix is unknown.

    Example:
        >>> client = FileClient(backend="http")
        >>> client.name, FileClient(backend="http") is client
        ('HTTPBackend', True)
        >>> FileClient.parse_uri_prefix("s3://path/of/your/file")
        's3'
    """

    client: FsspecBackend
    _instances: dict[str, FileClient] = {}

    def __new__(
        cls, backend: str | None = None, prefix: str | None = None, **kwargs: Any
    ) -> FileClient:
        """Return the client that these arguments made before, or a new one."""
        if backend is None and prefix is None:
            backend = "disk"
        if backend is not None and backend not in backends:
            raise ValueError(
                f"Backend {backend} is not supported. Currently supported ones are {[*backends]}"
            )
        key = f"{backend or prefix}:{sorted(kwargs.items())}"
        if key not in cls._instances:
            warnings.warn(
                "FileClient is deprecated, use the functions of mmlight.fileio instead",
                DeprecationWarning,
                stacklevel=2,
            )
            instance = super().__new__(cls)
            chosen = backends[backend] if backend is not None else _of_prefix(str(prefix))
            made: Any = chosen(**kwargs)
            instance.client = made
            cls._instances[key] = instance
        return cls._instances[key]

    @property
    def name(self) -> str:
        """str: Name of the backend's class."""
        return self.client.name

    @property
    def allow_symlink(self) -> bool:
        """bool: Whether the storage has symbolic links."""
        return self.client.allow_symlink

    @staticmethod
    def parse_uri_prefix(uri: str | Path) -> str | None:
        """Return the scheme of an address.

        Args:
            uri (str or Path): The address.

        Returns:
            str or None: The scheme; None for a plain path.
        """
        return parse_uri_prefix(uri) or None

    @classmethod
    def infer_client(
        cls, file_client_args: dict[str, Any] | None = None, uri: str | Path | None = None
    ) -> FileClient:
        """Return the client that its arguments, or else an address, ask for.

        Args:
            file_client_args (dict, optional): Arguments of the client.
            uri (str or Path, optional): Address of a file; needed without arguments.

        Returns:
            FileClient: The client.

        Raises:
            AssertionError: If both are missing.
        """
        assert file_client_args is not None or uri is not None, (
            "infer_client needs file_client_args or uri"
        )
        if file_client_args is not None:
            return cls(**file_client_args)
        return cls(prefix=cls.parse_uri_prefix(str(uri)))

    @classmethod
    def register_backend(
        cls,
        name: str,
        backend: type[BaseStorageBackend] | None = None,
        force: bool = False,
        prefixes: str | list[str] | tuple[str, ...] | None = None,
    ) -> Any:
        """Give a backend a name and schemes, as :func:`mmlight.fileio.register_backend` does.

        Args:
            name (str): The name.
            backend (type, optional): The class. None returns a decorator for it.
            force (bool): Replace what has the name or a prefix already.
            prefixes (str, list or tuple of str, optional): The schemes, such as ``s3``.

        Returns:
            Callable or None: The decorator, if there is no ``backend``.

        Raises:
            TypeError: If the name or the class has another type.
            KeyError: If the name or a prefix is taken and ``force`` is False.
        """
        if force:
            cls._instances.clear()
        return register_backend(name, backend, force, prefixes)

    get = handed_to("client", FsspecBackend.get)
    get_text = handed_to("client", FsspecBackend.get_text)
    put = handed_to("client", FsspecBackend.put)
    put_text = handed_to("client", FsspecBackend.put_text)
    remove = handed_to("client", FsspecBackend.remove)
    exists = handed_to("client", FsspecBackend.exists)
    isdir = handed_to("client", FsspecBackend.isdir)
    isfile = handed_to("client", FsspecBackend.isfile)
    join_path = handed_to("client", FsspecBackend.join_path)
    list_dir_or_file = handed_to("client", FsspecBackend.list_dir_or_file)

    @contextmanager
    def get_local_path(self, filepath: str | Path) -> Iterator[str]:
        """Download a file for the time of a ``with`` block; a local one stays where it is.

        Args:
            filepath (str or Path): The file.

        Yields:
            str: Path of the local file.
        """
        with self.client.get_local_path(filepath) as path:
            yield str(path)


def _of_prefix(prefix: str) -> type[BaseStorageBackend]:
    try:
        return find_backend(f"{prefix}://")
    except KeyError as error:
        known = [*filter(None, prefix_to_backends)]
        raise ValueError(
            f"prefix {prefix} is not supported. Currently supported ones are {known} and those "
            "that fsspec knows"
        ) from error
