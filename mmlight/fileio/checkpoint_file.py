"""Reading and writing checkpoint files so that neither a crash nor a stranger's file does harm.

Writing is atomic: a file exists under its name only when it is complete. Reading takes tensors and
a listed set of plain types, nothing that could run code, and finds a damaged file out.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import torch

from mmlight.fileio import LocalBackend, get_file_backend
from mmlight.fileio.archive import ArchiveError, zip_records
from mmlight.fileio.checkpoint_names import checkpoints_in
from mmlight.fileio.safe_arrays import RefusedError
from mmlight.fileio.safe_pickle import SafePickles

_FORCED = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"


class CheckpointFileError(RuntimeError):
    """A checkpoint file that cannot be read as it is: damaged, or with more than plain data."""


class DamagedCheckpointError(CheckpointFileError):
    """A checkpoint file that is corrupt or was cut off."""


def read_checkpoint(
    path: str | os.PathLike[str] | IO[bytes],
    map_location: Any = None,
    weights_only: bool = True,
    backend_args: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Read a checkpoint, one that MMEngine wrote included.

    Args:
        path: Path or URL of the file, or the open file.
        map_location: Where tensors go, as for :func:`torch.load`.
        weights_only: Whether to refuse everything but tensors and plain types. Reading with False
            can run code that the file brings along: only for files you trust.
        backend_args: Arguments of the storage backend.

    Returns:
        What the file holds.

    Raises:
        FileNotFoundError: If there is no such file.
        CheckpointFileError: If the file is damaged, or ``weights_only`` and it holds other types.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "epoch_1.pth")
        >>> write_checkpoint({"state_dict": {"weight": torch.ones(2)}}, path)
        >>> read_checkpoint(path)
        {'state_dict': {'weight': tensor([1., 1.])}}
    """
    if not isinstance(path, (str, os.PathLike)):
        return _read(path, getattr(path, "name", "the checkpoint"), map_location, weights_only)
    name = os.fspath(path)
    backend = get_file_backend(name, backend_args=backend_args)
    if not isinstance(backend, LocalBackend):
        return _read(io.BytesIO(backend.get(name)), name, map_location, weights_only)
    name = name.removeprefix("file://")
    if not os.path.isfile(name):
        raise FileNotFoundError(f"there is no checkpoint {name}")
    with open(name, "rb") as file:
        try:
            return _read(file, name, map_location, weights_only)
        except DamagedCheckpointError as error:
            other = _newest_usable(Path(name))
            if other is None:
                raise
            raise DamagedCheckpointError(
                f"{error}; the newest usable checkpoint beside it is {other}"
            ) from error


def write_checkpoint(
    checkpoint: Any, path: str | os.PathLike[str], backend_args: dict[str, Any] | None = None
) -> None:
    """Write ``checkpoint`` so that ``path`` is at any moment the old file or the complete new one.

    Args:
        checkpoint: What :func:`torch.save` takes.
        path: Path or URL of the file; its folder is made if necessary.
        backend_args: Arguments of the storage backend.

    Raises:
        OSError: If the disk is full or the folder cannot be written. It names ``path``; what was
            there before is untouched.
    """
    name = os.fspath(path)
    backend = get_file_backend(name, backend_args=backend_args)
    if isinstance(backend, LocalBackend):
        with _replacing(name.removeprefix("file://")) as file:
            torch.save(checkpoint, file)
        return
    buffer = io.BytesIO()
    torch.save(checkpoint, buffer)
    backend.put(buffer.getvalue(), name)


def write_text_atomically(text: str, path: str | os.PathLike[str]) -> None:
    """Write a small text file the way :func:`write_checkpoint` writes a checkpoint."""
    with _replacing(path) as file:
        file.write(text.encode())


@contextlib.contextmanager
def _replacing(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A file to write to that becomes ``path`` at the end, or else vanishes."""
    target = Path(path)
    # Always the same name, so that what a killed run left behind is overwritten by the next one.
    temporary = target.with_name(f".{target.name}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
        _sync_folder(target.parent)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        cause = _os_error(error)
        if cause is None:
            raise
        kept = "; the file of that name is still the previous one" if target.exists() else ""
        reason = cause.strerror or cause
        raise OSError(cause.errno, f"cannot write {target}: {reason}{kept}") from error


def _os_error(error: BaseException | None) -> OSError | None:
    """The error of the system behind ``error``: torch's writer fails once more while closing."""
    while error is not None and not isinstance(error, OSError):
        error = error.__context__
    return error


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power failure, where the system lets folders be synced."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read(file: IO[bytes], name: str, map_location: Any, weights_only: bool) -> dict[str, Any]:
    """Read an open file, and say what is wrong with it in terms of a checkpoint."""
    if weights_only and os.environ.get(_FORCED, "0").lower() in ("1", "y", "yes", "true"):
        raise CheckpointFileError(
            f"{name} cannot be read with {_FORCED} set: torch then takes no list but its own, "
            f"which is less strict than that of mmlight. Unset it"
        )
    intact = False
    try:
        records = zip_records(file, strict=weights_only)
        intact = records is not None
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        # torch's own strict reader differs between versions, and believes sizes in a file.
        reader = SafePickles(size, records) if weights_only else None
        content: dict[str, Any] = torch.load(
            file, map_location, pickle_module=reader, weights_only=False
        )
        return content
    except RefusedError as error:
        raise CheckpointFileError(
            f"{name} holds {error}, which is not among the types that are safe to read. If you "
            f"trust the file, read it with weights_only=False."
        ) from error
    except ArchiveError as error:
        raise CheckpointFileError(f"{name} is not safe to read: {error}") from error
    except Exception as error:
        cause = f"{type(error).__name__}: {error}".splitlines()[0]
        if intact:
            raise CheckpointFileError(f"{name} cannot be read here: {cause}") from error
        raise DamagedCheckpointError(f"{name} is corrupt or was cut off ({cause})") from error


def _newest_usable(damaged: Path) -> Path | None:
    """The newest other checkpoint in the folder of ``damaged`` that can be read."""
    for path in checkpoints_in(damaged.parent):
        if path != damaged:
            with open(path, "rb") as file, contextlib.suppress(CheckpointFileError):
                _read(file, path.name, "meta", weights_only=True)
                return path
    return None
