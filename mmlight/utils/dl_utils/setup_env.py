"""Settings of the process that data loading depends on."""

from __future__ import annotations

import os
import warnings

import torch.multiprocessing as mp


def set_multi_processing(
    mp_start_method: str = "fork", opencv_num_threads: int = 0, distributed: bool = False
) -> None:
    """Set how worker processes start and how many threads each may use.

    Args:
        mp_start_method (str): ``fork``, ``spawn`` or ``forkserver``; not used on Windows.
        opencv_num_threads (int): Threads of OpenCV; 0 turns its threads off.
        distributed (bool): Several processes share the machine, so give OpenMP and MKL one thread
            each, unless the environment says otherwise.

    Example:
        >>> set_multi_processing(mp_start_method="spawn")  # doctest: +SKIP
    """
    if os.name != "nt":
        current = mp.get_start_method(allow_none=True)
        if current not in (None, mp_start_method):
            warnings.warn(
                f"the start method of processes changes from {current!r} to {mp_start_method!r}; "
                "mp_cfg in env_cfg sets it",
                stacklevel=2,
            )
        mp.set_start_method(mp_start_method, force=True)
    _set_opencv_threads(opencv_num_threads)
    if distributed:
        for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ.setdefault(variable, "1")


def _set_opencv_threads(num_threads: int) -> None:
    try:
        import cv2
    except ImportError:
        return  # nothing to set without OpenCV
    cv2.setNumThreads(num_threads)
