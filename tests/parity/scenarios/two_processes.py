"""Train one of the configs of ``parts`` in two gloo processes; arguments as in ``train``.

``kill_rank`` is the only process that gets the signal of ``kill_at``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
import torch.multiprocessing as mp
import train


def run(engine: str, kind: str, *, work_dir: str, **options: Any) -> list[dict[str, Any]]:
    """Return what ``train.run`` gives in each of the processes, or die as they do."""
    Path(work_dir).mkdir(parents=True, exist_ok=True)
    mp.start_processes(_process, (engine, kind, work_dir, options), nprocs=2, start_method="fork")
    return [torch.load(Path(work_dir, f"rank_{rank}.pt"), weights_only=False) for rank in range(2)]


def _process(rank: int, engine: str, kind: str, work_dir: str, options: dict[str, Any]) -> None:
    variables = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "LOCAL_WORLD_SIZE": 2}
    os.environ.update({name: str(value) for name, value in variables.items()})
    store = Path(work_dir, f"store_{os.getppid()}").as_uri()
    # MMEngine's own `init_dist` asks for a GPU.
    torch.distributed.init_process_group("gloo", init_method=store, rank=rank, world_size=2)
    change = {"launcher": "pytorch", **options.pop("change", {})}
    if options.pop("kill_rank", rank) != rank:
        del options["kill_at"]
    result = train.run(engine, kind, work_dir=work_dir, change=change, **options)
    torch.save(result, Path(work_dir, f"rank_{rank}.pt"))
    torch.distributed.destroy_process_group()
