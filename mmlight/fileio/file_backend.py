"""From the address of a file to the backend that holds it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fsspec import available_protocols

from mmlight.utils.near_names import did_you_mean

from .backends import BaseStorageBackend, FsspecBackend, backends, prefix_to_backends

_instances: dict[str, BaseStorageBackend] = {}


def parse_uri_prefix(uri: str | Path) -> str:
    """Return the scheme of an address, without the cluster that may stand before it.

    Args:
        uri (str or Path): The address.

    Returns:
        str: The scheme; empty for a plain path.

    Raises:
        AssertionError: If ``uri`` is neither a string nor a Path.

    Example:
        >>> parse_uri_prefix("s3://bucket/a"), parse_uri_prefix("name:s3://bucket/a")
        ('s3', 's3')
        >>> parse_uri_prefix("/data/a")
        ''
    """
    assert isinstance(uri, (str, Path)), f"uri should be a str or a Path, but got {type(uri)}"
    before, separator, _ = str(uri).partition("://")
    return before.rsplit(":", 1)[-1] if separator else ""


def find_backend(uri: str | Path) -> type[BaseStorageBackend]:
    """Return the class that holds a file: a registered one, or fsspec's for what only it knows.

    Args:
        uri (str or Path): Address of the file.

    Returns:
        type: The class.

    Raises:
        KeyError: If nobody knows the scheme.

    Example:
        >>> find_backend("memory://a").__name__, find_backend("a").__name__
        ('FsspecBackend', 'LocalBackend')
    """
    prefix = parse_uri_prefix(uri)
    # Two colons chain file systems of fsspec, as in "zip://a.txt::s3://bucket/b.zip".
    if prefix and "::" in str(uri):
        return FsspecBackend
    if prefix in prefix_to_backends:
        return prefix_to_backends[prefix]
    if prefix in available_protocols():
        return FsspecBackend
    known = [*filter(None, prefix_to_backends), *available_protocols()]
    raise KeyError(
        f"no storage backend is known for {prefix}:// ({uri}), register_backend can add one."
        f"{did_you_mean(prefix, known)}"
    )


def get_file_backend(
    uri: str | Path | None = None,
    *,
    backend_args: dict[str, Any] | None = None,
    enable_singleton: bool = False,
) -> Any:
    """Return the backend that holds a file.

    Args:
        uri (str or Path, optional): Address of the file; its scheme tells the backend.
        backend_args (dict, optional): Arguments of the backend; a ``backend`` among them names it
            and comes before the scheme.
        enable_singleton (bool): Return the same object for the same arguments.

    Returns:
        BaseStorageBackend: The backend.

    Raises:
        TypeError: If ``backend_args`` is not a dict.
        ValueError: If neither ``uri`` nor a ``backend`` is given.
        KeyError: If the scheme or the name is unknown.

    Example:
        >>> get_file_backend("/data/a.txt").name
        'LocalBackend'
        >>> get_file_backend(backend_args={"backend": "http"}).name
        'HTTPBackend'
    """
    if backend_args is not None and not isinstance(backend_args, dict):
        raise TypeError(f"backend_args should be a dict or None, but got {backend_args!r}")
    args = dict(backend_args or {})
    name = args.pop("backend", None)
    if name is not None:
        cls = _named_backend(name)
    elif uri is not None:
        cls = find_backend(uri)
    else:
        raise ValueError('uri should not be None when "backend" does not exist in backend_args')
    if not enable_singleton:
        return cls(**args)
    key = f"{id(cls)}:{sorted(args.items())}"
    if key not in _instances:
        _instances[key] = cls(**args)
    return _instances[key]


def backend_of(uri: str | Path, backend_args: dict[str, Any] | None) -> FsspecBackend:
    """Return the backend that all files of its kind share, as :func:`get_file_backend` finds it.

    Args:
        uri (str or Path): Address of the file.
        backend_args (dict, optional): Arguments of the backend.

    Returns:
        FsspecBackend: The backend; a registered one may lack some of its methods.
    """
    backend: FsspecBackend = get_file_backend(uri, backend_args=backend_args, enable_singleton=True)
    return backend


def _named_backend(name: str) -> type[BaseStorageBackend]:
    if name not in backends:
        hint = did_you_mean(str(name), backends)
        raise KeyError(f"no storage backend is called {name!r}, only {sorted(backends)}.{hint}")
    return backends[name]
