"""The folders that a run writes to, kept from other runs."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from mmlight.dist import broadcast_object_list, is_main_process
from mmlight.fileio.folder_lock import FolderInUseError, hold_folder, release_folder


class HeldFolders:
    """Holds folders for all processes of a run: the first one asks, and all learn its answer.

    Example:
        >>> import os, tempfile
        >>> folder, held = tempfile.mkdtemp(), HeldFolders()
        >>> held.hold([folder], logging.getLogger())
        >>> held.release()
        >>> os.listdir(folder)
        []
    """

    def __init__(self) -> None:
        self._held: list[str] = []

    def hold(self, folders: Iterable[str], logger: logging.Logger) -> None:
        """Keep other runs out of ``folders``, all or none, until :meth:`release`.

        Args:
            folders: Folders of this machine.
            logger: Where to warn of what cannot be known.

        Raises:
            FolderInUseError: If another process has one of them.
            OSError: If one cannot be written to.
        """
        refused: list[Exception | None] = [None]
        if is_main_process():
            try:
                for folder in folders:
                    note = hold_folder(folder)
                    self._held.append(folder)
                    if note is not None:
                        logger.warning(f"{note}.")
            except (FolderInUseError, OSError) as error:
                refused = [error]
        broadcast_object_list(refused)  # else the others would wait for the one that is refused
        if refused[0] is not None:
            self.release()
            raise refused[0]

    def release(self) -> None:
        """Let other runs into the folders."""
        while self._held:
            release_folder(self._held.pop())
