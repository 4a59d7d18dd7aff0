"""Runs a function in several gloo processes at once, connected as torchrun would have it.

They are forks of a server that has imported everything, so they begin within milliseconds.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import socket
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

_LIMIT_IN_SECONDS = 120


def together(
    folder: Path, function: Callable[..., Any], *args: Any, processes: int = 2, **kwargs: Any
) -> list:
    """Return what ``function(*args, **kwargs)`` returned in each process.

    Args:
        folder: Where the processes leave their results.
        function: A function of a module under ``tests``.
        *args: Its arguments.
        processes: How many; a single one is connected to none.
        **kwargs: Further arguments of the function.
    """
    folder.mkdir(parents=True, exist_ok=True)
    context: Any = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["mmlight.runner", "lightning.pytorch", __name__])
    port = _free_port()
    ranks = [
        context.Process(target=_run, args=(rank, processes, port, folder, function, args, kwargs))
        for rank in range(processes)
    ]
    for rank in ranks:
        rank.start()
    for rank in ranks:
        rank.join(_LIMIT_IN_SECONDS)
    codes = [rank.exitcode for rank in ranks]
    for rank in ranks:
        rank.kill()
    logs = "\n".join((folder / f"{rank}.log").read_text() for rank in range(processes))
    assert codes == [0] * processes, f"exit codes {codes}\n{logs[-8000:]}"
    return [torch.load(folder / f"{rank}.pt", weights_only=False) for rank in range(processes)]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _run(
    rank: int,
    processes: int,
    port: int,
    folder: Path,
    function: Callable[..., Any],
    args: tuple,
    kwargs: dict[str, Any],
) -> None:
    log = os.open(folder / f"{rank}.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # a single GPU cannot be two
    torch.set_num_threads(1)
    for seed in (random.seed, np.random.seed, torch.seed):  # forks would draw the same numbers
        seed()
    if processes > 1:
        os.environ.update(
            RANK=str(rank),
            LOCAL_RANK=str(rank),
            WORLD_SIZE=str(processes),
            LOCAL_WORLD_SIZE=str(processes),
            GROUP_RANK="0",
            MASTER_ADDR="127.0.0.1",
            MASTER_PORT=str(port),
            TORCHELASTIC_RUN_ID="test",
        )
    code = 1
    try:
        torch.save(function(*args, **kwargs), folder / f"{rank}.pt")
        code = 0
    except BaseException:
        traceback.print_exc()
    os._exit(code)  # without waiting for the others, who may have failed
