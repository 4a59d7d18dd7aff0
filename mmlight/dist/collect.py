"""Results of a dataset that was split over processes, put back in its order."""

from __future__ import annotations

import pickle
import shutil
import tempfile
from itertools import zip_longest
from pathlib import Path
from typing import Any

import torch.distributed as torch_dist

from .utils import barrier, get_dist_info

_MISSING = object()


def collect_results(
    results: list[Any], size: int, device: str = "cpu", tmpdir: str | None = None
) -> list[Any] | None:
    """Put the results of all processes into one list, in the main process.

    Args:
        results (list): Results of this process, which pickle can take. Process r of n holds those
            of samples r, r + n, r + 2n and so on.
        size (int): Number of samples; what goes beyond was padding.
        device (str): ``cpu`` passes them through files, ``gpu`` and ``npu`` through the backend.
        tmpdir (str, optional): Folder of the files; must be None unless ``device`` is ``cpu``.

    Returns:
        list or None: The results in the order of the samples; None in the other processes.

    Raises:
        NotImplementedError: If ``device`` is not one of them.
        AssertionError: If ``tmpdir`` is given for another device than ``cpu``.

    Example:
        >>> collect_results(["a", "b", "padding"], size=2)
        ['a', 'b']
    """
    if device not in ("cpu", "gpu", "npu"):
        raise NotImplementedError(f"device must be 'cpu', 'gpu' or 'npu', but got {device!r}")
    if device == "cpu":
        return collect_results_cpu(results, size, tmpdir)
    assert tmpdir is None, f"tmpdir should be None when device is {device!r}"
    return collect_results_gpu(results, size)


def collect_results_cpu(
    result_part: list[Any], size: int, tmpdir: str | None = None
) -> list[Any] | None:
    """Put the results of all processes into one list through files that all can reach.

    Args:
        result_part (list): As ``results`` of :func:`collect_results`.
        size (int): Number of samples.
        tmpdir (str, optional): Folder of the files, removed afterwards. None makes one in the
            working directory.

    Returns:
        list or None: The results in the order of the samples; None in the other processes.

    Example:
        >>> collect_results_cpu(["a", "b"], size=2)
        ['a', 'b']
    """
    rank, world_size = get_dist_info()
    if world_size == 1:
        return result_part[:size]
    folder = _shared_folder(tmpdir, rank)
    with (folder / f"part_{rank}.pkl").open("wb") as file:
        pickle.dump(result_part, file, protocol=pickle.HIGHEST_PROTOCOL)
    barrier()
    try:
        parts = _read_parts(folder, world_size) if rank == 0 else None
    finally:
        # Nobody goes on to the next call, perhaps into the same folder, before this is removed.
        barrier()
    return None if parts is None else _interleave(parts, size)


def _read_parts(folder: Path, world_size: int) -> list[list[Any]]:
    parts = []
    for part_rank in range(world_size):
        path = folder / f"part_{part_rank}.pkl"
        if not path.exists():
            raise FileNotFoundError(
                f"{path} is missing: the folder must be one that all processes can reach; give "
                "such a tmpdir, or collect with device='gpu'"
            )
        parts.append(pickle.loads(path.read_bytes()))
    shutil.rmtree(folder)
    return parts


def collect_results_gpu(result_part: list[Any], size: int) -> list[Any] | None:
    """Put the results of all processes into one list through the backend.

    Args:
        result_part (list): As ``results`` of :func:`collect_results`.
        size (int): Number of samples.

    Returns:
        list or None: The results in the order of the samples; None in the other processes.

    Example:
        >>> collect_results_gpu(["a", "b"], size=2)
        ['a', 'b']
    """
    rank, world_size = get_dist_info()
    if world_size == 1:
        return result_part[:size]
    parts: list[Any] | None = [None] * world_size if rank == 0 else None
    torch_dist.gather_object(result_part, parts)
    return None if parts is None else _interleave(parts, size)


def _shared_folder(tmpdir: str | None, rank: int) -> Path:
    name = [tmpdir]
    if tmpdir is None:
        if rank == 0:
            # Not the system's temporary folder, which no two machines share.
            name = [tempfile.mkdtemp(prefix=".dist_results_", dir=".")]
        torch_dist.broadcast_object_list(name)
    folder = Path(str(name[0]))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _interleave(parts: list[list[Any]], size: int) -> list[Any]:
    rounds = zip_longest(*parts, fillvalue=_MISSING)
    ordered = [result for one_round in rounds for result in one_round if result is not _MISSING]
    return ordered[:size]
