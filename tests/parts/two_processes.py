"""What each of two processes does to all parts of a group; returns what went wrong, by the cell."""

from __future__ import annotations

import traceback
from pathlib import Path

import torch

from tests.parts.cases import PARTS


def run_group(folder: Path, cells: list[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Run each (part, way) in turn; an empty text means that it worked."""
    failures = {}
    for name, way in cells:
        own = folder / f"{name}_{way}"
        own.mkdir(parents=True, exist_ok=True)
        try:
            if way == "config":
                PARTS[name].config(own)
            else:
                PARTS[name].trainer(own, way == "automatic")
            failures[name, way] = ""
        except Exception:
            failures[name, way] = traceback.format_exc()[-3000:]
        if torch.distributed.is_initialized():
            torch.distributed.barrier()
    return failures
