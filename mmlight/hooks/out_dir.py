"""Where a hook writes when it is given an ``out_dir``."""

from __future__ import annotations

import os.path as osp
from typing import Any

from mmlight.fileio import get_file_backend
from mmlight.logging import print_log


def check_backend_args(
    file_client_args: dict[str, Any] | None, backend_args: dict[str, Any] | None
) -> dict[str, Any] | None:
    """Return the arguments of the storage backend, whichever of the two names they came under.

    Raises:
        ValueError: If both are given.
    """
    if file_client_args is None:
        return backend_args
    print_log("`file_client_args` is deprecated, use `backend_args`", "current", level=30)
    if backend_args is not None:
        raise ValueError("file_client_args and backend_args cannot both be given")
    return file_client_args


def experiment_dir(out_dir: str, work_dir: str, backend_args: dict[str, Any] | None) -> str:
    """Join ``out_dir``, a folder or URL, and the last part of ``work_dir``.

    Example:
        >>> experiment_dir("/archive", "/home/me/work_dirs/dcgan/", None)
        '/archive/dcgan'
    """
    backend = get_file_backend(out_dir, backend_args=backend_args)
    result: str = backend.join_path(out_dir, osp.basename(work_dir.rstrip(osp.sep)))
    return result
