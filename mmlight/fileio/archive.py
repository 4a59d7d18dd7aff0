"""The archives in which torch keeps checkpoints, looked at before torch does."""

from __future__ import annotations

import os
import tarfile
import zipfile
from typing import IO

_LOCAL_HEADER = 30  # bytes, before the name


class ArchiveError(ValueError):
    """An archive that torch would not have written."""


def zip_records(file: IO[bytes], strict: bool = True) -> dict[str, int] | None:
    """Check the archive that torch has written its checkpoints in since version 1.6.

    Its parts are stored as they are, side by side, in one folder; so what it holds is never larger
    than the file.

    Args:
        file: The file, open.
        strict: Whether to refuse what torch would not have written.

    Returns:
        dict or None: Sizes of the storages in the archive by their keys; None for another file.

    Raises:
        zipfile.BadZipFile: If a part has changed since it was written; torch does not look.
        ArchiveError: If ``strict`` and torch would not have written it so.
    """
    file.seek(0)
    if file.read(4) != b"PK\x03\x04":
        if strict:
            _refuse_tar(file)
        return None
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        if strict:
            _check_entries(entries, file.seek(0, os.SEEK_END))
        bad = archive.testzip()
    if bad is not None:
        raise zipfile.BadZipFile(f"the checksum of its part {bad} is wrong")
    return {
        entry.filename.rsplit("/", 1)[1]: entry.file_size
        for entry in entries
        if entry.filename.split("/")[1:-1] == ["data"]
    }


def _check_entries(entries: list[zipfile.ZipInfo], size: int) -> None:
    end = 0
    names = set()
    folder = entries[0].filename.split("/")[0] if entries else ""
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        name = entry.filename
        top, *inner = name.split("/")
        if top != folder or not inner or {"", ".", ".."} & {top, *inner} or "\\" in name:
            raise ArchiveError(f"its part {name!r:.60} lies outside its folder {folder!r:.60}")
        # torch looks names up without regard to case.
        if name.casefold() in names:
            raise ArchiveError(f"it has two parts {name!r:.60}")
        names.add(name.casefold())
        if inner[0].casefold() == "constants.pkl":
            raise ArchiveError("it is a TorchScript archive, which holds code; see torch.jit.load")
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
            raise ArchiveError(f"its part {name!r:.60} is compressed, which torch never does")
        if entry.header_offset < end:
            raise ArchiveError(f"its part {name!r:.60} overlaps with the one before")
        end = entry.header_offset + _LOCAL_HEADER + len(name) + entry.file_size
    if end > size:
        raise ArchiveError("its parts are larger than the file")


def _refuse_tar(file: IO[bytes]) -> None:
    file.seek(0)
    if tarfile.is_tarfile(file):
        raise ArchiveError("it is a tar archive, the format of torch before version 0.2")
    file.seek(0)
