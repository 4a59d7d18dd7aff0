"""One process at a time writes a run's files into a folder.

The lock is the operating system's (``fcntl.lockf``), and ends with the process, however that ends:
what a dead one leaves behind stops nobody. A process may take it several times. File systems that
several machines share pass it on (NFS does by default); where one does not, a run on another
machine is not noticed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_NAME = ".run.lock"
_TAKEN = (errno.EACCES, errno.EAGAIN)


class FolderInUseError(RuntimeError):
    """Another process writes its files into the folder."""


@dataclass
class _Held:
    file: IO[str]
    times: int = 1


_held: dict[str, _Held] = {}
if hasattr(os, "register_at_fork"):  # a lock is not handed down
    os.register_at_fork(after_in_child=_held.clear)


def hold_folder(folder: str | os.PathLike[str]) -> str | None:
    """Keep other processes from writing a run's files into a folder, until :func:`release_folder`.

    Args:
        folder: The folder, which is made if necessary.

    Returns:
        What a user should know: that an earlier run of another machine may not have ended, or that
        the folder cannot be locked. None as a rule.

    Raises:
        FolderInUseError: If another process has the folder.
        OSError: If nothing can be written there.

    Example:
        >>> import tempfile
        >>> folder = tempfile.mkdtemp()
        >>> hold_folder(folder)
        >>> release_folder(folder)
        >>> os.listdir(folder)
        []
    """
    path = _path_in(folder)
    if path in _held:
        _held[path].times += 1
        return None
    os.makedirs(os.path.dirname(path), exist_ok=True)
    try:
        import fcntl
    except ImportError:  # Windows
        return f"a second run in {folder} would not be noticed: this system has no such locks"
    while True:
        file = open(path, "a+", encoding="utf-8")  # noqa: SIM115  # open as long as it is held
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = _read(file)
            file.close()
            if error.errno in _TAKEN:
                raise FolderInUseError(
                    f"another run writes its files into {folder}: {owner or 'a process'}. Give "
                    "this run a work_dir of its own, or end the other one"
                ) from None
            return f"a second run in {folder} would not be noticed: {error.strerror}"
        if _is_there(file, path):
            break
        file.close()  # its owner has ended, and has taken the file away, since it was opened
    earlier = _read(file)
    file.truncate(0)
    file.write(f"process {os.getpid()} on {socket.gethostname()}, since {time.ctime()}")
    file.flush()
    _held[path] = _Held(file)
    if earlier and f" on {socket.gethostname()}," not in earlier:
        return (
            f"an earlier run in {folder} did not say that it ended: {earlier}. From this machine "
            "it cannot be seen; if it still runs, both write the same files"
        )
    return None


def release_folder(folder: str | os.PathLike[str]) -> None:
    """Undo one :func:`hold_folder`; a folder that is not held stays as it is."""
    path = _path_in(folder)
    held = _held.get(path)
    if held is None:
        return
    held.times -= 1
    if held.times == 0:
        del _held[path]
        with contextlib.suppress(FileNotFoundError):  # somebody has removed the whole folder
            os.unlink(path)
        held.file.close()


def _path_in(folder: str | os.PathLike[str]) -> str:
    return str(Path(os.fspath(folder).removeprefix("file://")).resolve() / _NAME)


def _read(file: IO[str]) -> str:
    file.seek(0)
    return file.read().strip()


def _is_there(file: IO[str], path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False
