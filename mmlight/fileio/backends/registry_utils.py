"""Which backend has which name, and which schemes of addresses lead to it."""

from __future__ import annotations

from typing import Any

from .base import BaseStorageBackend
from .fsspec_backend import FsspecBackend
from .http_backend import HTTPBackend
from .lmdb_backend import LmdbBackend
from .local_backend import HardDiskBackend, LocalBackend
from .memcached_backend import MemcachedBackend
from .petrel_backend import PetrelBackend

backends: dict[str, type[BaseStorageBackend]] = {}
prefix_to_backends: dict[str, type[BaseStorageBackend]] = {}


class DuplicateBackendError(ValueError, KeyError):
    """A name or a prefix has a backend already."""

    __str__ = Exception.__str__


def register_backend(
    name: str,
    backend: type[BaseStorageBackend] | None = None,
    force: bool = False,
    prefixes: str | list[str] | tuple[str, ...] | None = None,
) -> Any:
    """Give a backend a name, and schemes of addresses that lead to it.

    Args:
        name (str): The name.
        backend (type, optional): The class. None returns a decorator for it.
        force (bool): Replace what has the name or a prefix already.
        prefixes (str, list or tuple of str, optional): The schemes, such as ``s3``.

    Returns:
        Callable or None: The decorator, if there is no ``backend``.

    Raises:
        TypeError: If ``name`` is no string, or ``backend`` no subclass of
            :class:`BaseStorageBackend`.
        AssertionError: If ``prefixes`` has another type.
        ValueError: If the name or a prefix is taken and ``force`` is False.

    Example:
        >>> @register_backend("doc-constant", prefixes="doc")
        ... class Constant(BaseStorageBackend):
        ...     def get(self, filepath):
        ...         return b"7"
        ...
        ...     def get_text(self, filepath, encoding="utf-8"):
        ...         return "7"
        >>> backends.pop("doc-constant") is prefix_to_backends.pop("doc")
        True
    """
    if backend is not None:
        _register(name, backend, force, prefixes)
        return None

    def decorate(cls: type[BaseStorageBackend]) -> type[BaseStorageBackend]:
        _register(name, cls, force, prefixes)
        return cls

    return decorate


def _register(name: str, backend: Any, force: bool, prefixes: Any) -> None:
    if not isinstance(name, str):
        raise TypeError(f"the backend name should be a string, but got {type(name)}")
    if not isinstance(backend, type):
        raise TypeError(f"backend should be a class, but got {type(backend)}")
    if not issubclass(backend, BaseStorageBackend):
        raise TypeError(f"backend {backend} is not a subclass of BaseStorageBackend")
    schemes = [] if prefixes is None else [prefixes] if isinstance(prefixes, str) else prefixes
    assert isinstance(schemes, (list, tuple)) and all(isinstance(s, str) for s in schemes), (
        f"prefixes should be a string, or a list or tuple of strings, but got {prefixes!r}"
    )
    for table, key in [(backends, name), *((prefix_to_backends, scheme) for scheme in schemes)]:
        if key in table and not force:
            raise DuplicateBackendError(
                f"{key} is already registered as a storage backend, add force=True to replace it"
            )
    backends[name] = backend
    prefix_to_backends.update(dict.fromkeys(schemes, backend))


# The empty prefix is that of a plain path.
register_backend("local", LocalBackend, prefixes=["", "file", "local"])
register_backend("disk", HardDiskBackend)
register_backend("memcached", MemcachedBackend)
register_backend("lmdb", LmdbBackend)
register_backend("petrel", PetrelBackend, prefixes=["petrel", "s3"])
register_backend("http", HTTPBackend, prefixes=["http", "https"])
register_backend("fsspec", FsspecBackend)
