"""What a folder can be resumed from: one answer for the Runner, the command line and scripts."""

from __future__ import annotations

import logging
import os.path as osp
from typing import Any

from mmlight.fileio import LocalBackend, get_file_backend
from mmlight.fileio.checkpoint_file import (
    CheckpointFileError,
    DamagedCheckpointError,
    read_checkpoint,
)
from mmlight.fileio.checkpoint_names import checkpoints_in
from mmlight.logging import print_log

_POINTER = "last_checkpoint"


def find_latest_checkpoint(path: str) -> str | None:
    """Return the checkpoint that a run in a folder can go on from.

    That is the one that the file ``last_checkpoint`` names. Where that file is missing or names
    none, or what it names is missing or damaged, it is the newest good checkpoint in the folder,
    rather one with an optimizer than one without, and a warning says so.

    Args:
        path: Work directory of a run.

    Returns:
        Path of the checkpoint, None if there is none. One that is named is returned where nothing
        can take its place, and so is a damaged one: reading it says what is wrong. A folder that
        has been moved is found where it is now.

    Example:
        >>> import tempfile
        >>> from mmlight.runner import save_checkpoint
        >>> work_dir = tempfile.mkdtemp()
        >>> save_checkpoint({"meta": {"iter": 500}}, osp.join(work_dir, "iter_500.pth"))
        >>> with open(osp.join(work_dir, "last_checkpoint"), "w") as file:
        ...     _ = file.write("work_dirs/dcgan/iter_500.pth")
        >>> osp.basename(find_latest_checkpoint(work_dir))
        'iter_500.pth'
    """
    named, trouble = _named_in(path)
    if named is not None:
        damage = _damage_of(named)
        if damage is None:
            return named
        trouble = f"the file {_POINTER} in {path} names a checkpoint that is no good: {damage}"
    found, passed_over = _newest_good(path, besides=named)
    if found is not None:
        note = f"{trouble}. The newest good checkpoint there is {found}"
        if passed_over:
            note = f"{note}; newer, but no good: {'; '.join(passed_over.values())}"
        print_log(f"{note}.", "current", logging.WARNING)
        return found
    if named is None and not passed_over:
        print_log(f"There is nothing in {path} to resume from: {trouble}.", "current")
        return None
    print_log(f"{trouble}, and {path} has no good checkpoint.", "current", logging.WARNING)
    return named if named is not None else next(iter(passed_over))


def _named_in(folder: str) -> tuple[str | None, str]:
    """The checkpoint that ``last_checkpoint`` names, or else what is wrong with that file."""
    pointer = osp.join(folder, _POINTER)
    if not osp.isfile(pointer):
        return None, f"there is no file {_POINTER} in {folder}"
    with open(pointer, "rb") as file:
        content = file.read()
    try:
        latest = content.decode().strip()
    except UnicodeDecodeError:
        latest = "\0"
    if not latest:
        return None, f"the file {_POINTER} in {folder} is empty"
    if not latest.isprintable():
        return None, f"the file {_POINTER} in {folder} holds no path"
    here = osp.join(folder, osp.basename(latest))
    if "://" not in latest and not osp.exists(latest) and osp.exists(here):
        return here, ""
    return latest, ""


def _damage_of(path: str) -> str | None:
    """What is wrong with the checkpoint; a store keeps no half of a file, and is not read twice."""
    try:
        backend = get_file_backend(path)
    except KeyError as error:  # of a scheme that nobody knows
        return str(error.args[0])
    if backend.isdir(path):  # one in several files
        return None
    if not backend.isfile(path):
        return f"there is no checkpoint {path}"
    if isinstance(backend, LocalBackend):
        try:
            _read(path)
        except DamagedCheckpointError as error:
            return str(error)
        except CheckpointFileError:  # whole, and how it is to be read is known to who reads it
            return None
    return None


def _read(path: str) -> Any:
    with open(path.removeprefix("file://"), "rb") as file:
        return read_checkpoint(file, "meta")


def _newest_good(folder: str, besides: str | None) -> tuple[str | None, dict[str, str]]:
    """The newest checkpoint that a run can go on from, and what is wrong with newer ones."""
    second: str | None = None
    passed_over: dict[str, str] = {}
    for candidate in map(str, checkpoints_in(folder)):
        if candidate == besides:
            continue
        try:
            checkpoint = _read(candidate)
        except CheckpointFileError as error:
            if second is None:
                passed_over[candidate] = str(error)
            continue
        if not _has_position(checkpoint):  # published weights, or not of a run
            continue
        if "optimizer" in checkpoint or checkpoint.get("optimizer_states"):
            return candidate, passed_over
        second = second or candidate
    return second, passed_over


def _has_position(checkpoint: Any) -> bool:
    if not isinstance(checkpoint, dict):
        return False
    return "global_step" in checkpoint or "iter" in checkpoint.get("meta", {})
