"""What worker processes tell of their random generators, and how they take them up again.

A worker that starts is seeded from a number that the main process draws, so of each generator only
what a worker has drawn from since is sent along, with the batch that drew.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.utils.data import get_worker_info

from mmlight.bridge.rng import CPU, rng_state, set_rng_state
from mmlight.utils import apply_to

WorkerState = dict[str, bytes]
"""Pickled states of those generators of a worker that were drawn from."""


class Collate:
    """Collates; in a worker, it sends the states of generators along that changed meanwhile."""

    def __init__(self, collate_fn: Callable[[Any], Any]) -> None:
        self.collate_fn = collate_fn
        self.sent: WorkerState = {}

    def __call__(self, items: Any) -> Any:
        in_worker = get_worker_info() is not None
        batch = self.collate_fn(items) if not (isinstance(items, list) and not items) else None
        if not in_worker:
            return batch
        if batch is None:
            return None, None
        state = _worker_state()
        changed = {name: value for name, value in state.items() if value != self.sent[name]}
        self.sent = state
        return batch, changed


class WorkerInit:
    """Initialises a worker, then puts its generators where the interrupted run had them."""

    def __init__(self, worker_init_fn: Callable[[int], None] | None, collate: Collate) -> None:
        self.worker_init_fn = worker_init_fn
        self.collate = collate
        self.states: dict[int, WorkerState] = {}

    def __call__(self, worker_id: int) -> None:
        threading.Thread(target=_end_with_parent, daemon=True).start()
        # Ctrl-C reaches all processes of a terminal, and the iteration that runs is to be finished.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if self.worker_init_fn is not None:
            self.worker_init_fn(worker_id)
        set_rng_state(plain(self.states.get(worker_id, {})))
        self.collate.sent = _worker_state()


def plain(state: WorkerState) -> dict[str, Any]:
    """Return a worker's state as a checkpoint holds it."""
    arrays = {name: pickle.loads(value) for name, value in state.items()}
    result: dict[str, Any] = apply_to(
        arrays, lambda value: isinstance(value, np.ndarray), torch.from_numpy
    )
    return result


def pickled(state: dict[str, Any]) -> WorkerState:
    """Return a worker's state from what a checkpoint holds."""
    # A tensor's pickle tells where its memory was, so that those of equal ones differ.
    arrays = apply_to(state, torch.is_tensor, torch.Tensor.numpy)
    return {name: pickle.dumps(value) for name, value in arrays.items()}


def _worker_state() -> WorkerState:
    return pickled(rng_state(CPU))


def _end_with_parent() -> None:
    """End a worker whose main process was killed.

    It would end by itself, but for what it still has to say: with nobody reading, and random states
    among the batches, the pipe is soon full and the worker waits for ever.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
