"""Objects to and from files, in the format that the file's name tells."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

from .file_backend import backend_of
from .file_client import FileClient
from .handlers import get_handler


def load(
    file: Any,
    file_format: str | None = None,
    file_client_args: dict[str, Any] | None = None,
    backend_args: dict[str, Any] | None = None,
    **kwargs: Any,
) -> Any:
    """Read an object from a json, yaml or pickle file in any storage.

    Args:
        file (str or Path or file-like object): The file.
        file_format (str, optional): ``json``, ``yaml``, ``yml``, ``pickle``, ``pkl`` or a
            registered one. None takes the ending of the name.
        file_client_args (dict, optional): Deprecated, see :class:`FileClient`.
        backend_args (dict, optional): As for :func:`get_file_backend`.
        **kwargs: Passed to the format's handler.

    Returns:
        object: What was read.

    Raises:
        TypeError: If the format is unknown, or ``file`` neither a path nor an open file.
        ValueError: If both ``file_client_args`` and ``backend_args`` are given.

    Example:
        >>> import io
        >>> load(io.StringIO('{"a": 1}'), file_format="json")
        {'a': 1}
    """
    handler = get_handler(file_format or _ending(file))
    if hasattr(file, "read"):
        return handler.load_from_fileobj(file, **kwargs)
    storage = choose_storage(file, file_client_args, backend_args)
    with storage.open_to_read(file, text=handler.str_like) as stream:
        return handler.load_from_fileobj(stream, **kwargs)


def dump(
    obj: Any,
    file: Any = None,
    file_format: str | None = None,
    file_client_args: dict[str, Any] | None = None,
    backend_args: dict[str, Any] | None = None,
    **kwargs: Any,
) -> Any:
    """Write an object to a json, yaml or pickle file in any storage, or to a string.

    Args:
        obj: The object.
        file (str or Path or file-like object, optional): The file. None returns a string.
        file_format (str, optional): As for :func:`load`; needed without a file name.
        file_client_args (dict, optional): Deprecated, see :class:`FileClient`.
        backend_args (dict, optional): As for :func:`get_file_backend`.
        **kwargs: Passed to the format's handler.

    Returns:
        str or bytes or None: What was written, if there is no ``file``.

    Raises:
        TypeError: If the format is unknown, or ``file`` neither a path nor an open file.
        ValueError: If neither ``file`` nor ``file_format`` is given.

    Example:
        >>> dump({"a": [1, 2]}, file_format="json")
        '{"a": [1, 2]}'
    """
    if file is None and file_format is None:
        raise ValueError("file_format must be specified since file is None")
    handler = get_handler(file_format or _ending(file))
    if file is None:
        return handler.dump_to_str(obj, **kwargs)
    if hasattr(file, "write"):
        return handler.dump_to_fileobj(obj, file, **kwargs)
    storage = choose_storage(file, file_client_args, backend_args)
    # In memory first: an object that cannot be dumped must not cost the file that is there.
    whole: Any = io.StringIO() if handler.str_like else io.BytesIO()
    handler.dump_to_fileobj(obj, whole, **kwargs)
    put = storage.put_text if handler.str_like else storage.put
    return put(whole.getvalue(), file)


def choose_storage(
    file: str | Path, file_client_args: dict[str, Any] | None, backend_args: dict[str, Any] | None
) -> Any:
    """Return what reads and writes a file: a backend, or a client if its arguments are given.

    Args:
        file (str or Path): The file.
        file_client_args (dict, optional): Deprecated, see :class:`FileClient`.
        backend_args (dict, optional): As for :func:`get_file_backend`.

    Returns:
        BaseStorageBackend: The backend.

    Raises:
        TypeError: If ``file`` is not a path.
        ValueError: If both arguments are given.
    """
    if file_client_args is not None:
        warnings.warn(
            '"file_client_args" is deprecated, use "backend_args" instead',
            DeprecationWarning,
            stacklevel=3,
        )
        if backend_args is not None:
            raise ValueError('"file_client_args" and "backend_args" cannot be set together')
    if not isinstance(file, (str, Path)):
        raise TypeError(f"file should be a str, a Path or an open file, but got {type(file)}")
    if file_client_args is not None:
        return FileClient.infer_client(file_client_args, file).client
    return backend_of(file, backend_args)


def _ending(file: Any) -> str | None:
    return str(file).rsplit(".", 1)[-1] if isinstance(file, (str, Path)) else None
