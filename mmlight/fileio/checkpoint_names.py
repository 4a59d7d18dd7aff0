"""Which files of a folder are checkpoints."""

from __future__ import annotations

import os
from pathlib import Path

_SUFFIXES = (".pth", ".ckpt", ".pt")


def checkpoints_in(folder: str | os.PathLike[str]) -> list[Path]:
    """Return the checkpoint files of a folder of this machine, the newest first.

    Args:
        folder: The folder; one that does not exist has none.

    Example:
        >>> checkpoints_in("no/such/folder")
        []
    """
    if not os.path.isdir(folder):
        return []
    found = [
        path
        for path in Path(folder).iterdir()
        if path.suffix in _SUFFIXES and not path.name.startswith(".") and path.is_file()
    ]
    return sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True)
