"""Iterate over a DataLoader so that the same iteration can be continued in another process.

A resumed run must see the batches that the interrupted one would have seen, random augmentation
included, and it must not read what was read before. So an iteration remembers the random state at
its start (the sampler's order comes from it), how many batches were taken, and, with worker
processes, the random state in which each worker left its last batch that was taken.
"""

from __future__ import annotations

import copy
import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from mmlight.bridge.rng import rng_state, set_rng_state


class _SkippingSampler:
    """A sampler that leaves out its first draws once, without anything being read for them."""

    def __init__(self, sampler: Any) -> None:
        self.sampler = sampler
        self.skip = 0
        self.padding = 0
        self.before_draws: Callable[[], None] | None = None

    def __iter__(self) -> Iterator[Any]:
        before_draws, self.before_draws = self.before_draws, None
        if before_draws is not None:
            before_draws()
        if self.skip and (stream := endless_stream(self.sampler)) is not None:
            stream.seek(0)  # it may have been drawn from for a pass that was given up
        draws = iter(self.sampler)
        skip, padding, self.skip, self.padding = self.skip, self.padding, 0, 0
        for _ in range(skip):
            next(draws, None)
        # Workers take batches in turn: empty ones keep each worker on the batches it would have.
        for _ in range(padding):
            yield _EMPTY
        yield from draws

    def __len__(self) -> int:
        return len(self.sampler)


_EMPTY: list[Any] = []


def endless_stream(sampler: Any) -> Any:
    """Return the sampler, or the one in a batch sampler, that has no end but can ``seek``."""
    for candidate in (sampler, getattr(sampler, "sampler", None)):
        if hasattr(candidate, "seek"):
            return candidate
    return None


class _Collate:
    """Collates; in a worker, it sends the worker's random state along whenever that changed."""

    def __init__(self, collate_fn: Callable[[Any], Any]) -> None:
        self.collate_fn = collate_fn
        self.sent = b""

    def __call__(self, items: Any) -> Any:
        in_worker = get_worker_info() is not None
        batch = self.collate_fn(items) if not (isinstance(items, list) and not items) else None
        if not in_worker:
            return batch
        if batch is None:
            return None, None
        state = pickle.dumps(rng_state(cuda=False))
        if state == self.sent:
            return batch, None
        self.sent = state
        return batch, state


class _WorkerInit:
    """Initialises a worker, then puts its generators where the interrupted run had them."""

    def __init__(self, worker_init_fn: Callable[[int], None] | None) -> None:
        self.worker_init_fn = worker_init_fn
        self.states: dict[int, bytes] = {}

    def __call__(self, worker_id: int) -> None:
        threading.Thread(target=_end_with_parent, daemon=True).start()
        # Ctrl-C reaches all processes of a terminal, and the iteration that runs is to be finished.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if self.worker_init_fn is not None:
            self.worker_init_fn(worker_id)
        if worker_id in self.states:
            set_rng_state(pickle.loads(self.states[worker_id]))


def _end_with_parent() -> None:
    """End a worker whose main process was killed.

    It would end by itself, but for what it still has to say: with nobody reading, and random states
    among the batches, the pipe is soon full and the worker waits for ever.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


class ResumableLoader:
    """Iterates over ``dataloader``, again and again, and can save and restore its position.

    Each ``iter()`` is one pass. A position that was restored is where the next pass begins; nothing
    that came before it is read, unless the dataset is an ``IterableDataset``.

    Args:
        dataloader: Any iterable; a ``DataLoader`` is continued to the exact random draw.

    Example:
        >>> loader = torch.utils.data.DataLoader(range(6), batch_size=2, shuffle=True)
        >>> stream = ResumableLoader(loader)
        >>> batches = iter(stream)
        >>> _ = next(batches)
        >>> position = stream.state_dict()
        >>> rest = torch.cat(list(batches))
        >>> again = ResumableLoader(loader)
        >>> again.load_state_dict(position)
        >>> bool((torch.cat(list(again)) == rest).all())
        True
    """

    def __init__(self, dataloader: Any) -> None:
        self.dataloader = dataloader
        self._taken = 0
        self._start: dict[str, Any] = {}
        self._workers_kept = False
        self._worker_states: dict[int, bytes] = {}
        self._resume: dict[str, Any] | None = None
        self._workers = 0
        self._sampler: _SkippingSampler | None = None
        self._loader = dataloader
        if isinstance(dataloader, DataLoader) and not isinstance(
            dataloader.dataset, IterableDataset
        ):
            self._loader = self._shadow(dataloader)

    def _shadow(self, dataloader: DataLoader) -> DataLoader:
        shadow = copy.copy(dataloader)
        name = "sampler" if dataloader.batch_sampler is None else "batch_sampler"
        self._sampler = _SkippingSampler(getattr(dataloader, name))
        # DataLoader refuses a change of its sampler once it is built; the copy never began.
        object.__setattr__(shadow, name, self._sampler)
        self._workers = dataloader.num_workers
        if self._workers > 0:
            shadow.collate_fn = _Collate(dataloader.collate_fn)
            shadow.worker_init_fn = _WorkerInit(dataloader.worker_init_fn)
        return shadow

    def __len__(self) -> int:
        return len(self.dataloader)

    def __iter__(self) -> Iterator[Any]:
        # Nothing may be drawn before `next`, by whoever only looks whether this can be iterated.
        yield from self.begin()

    def begin(self) -> Iterator[Any]:
        """Begin a pass now, workers and random draws included."""
        resume, self._resume = self._resume, None
        if resume is None:
            self._taken = 0
            if self._workers > 0:
                self._loader.worker_init_fn.states = {}
                self._workers_kept = self.dataloader.persistent_workers and bool(self._start)
                if not self._workers_kept:
                    self._worker_states = {}
            self._start = self._random_state()
            return self._take(iter(self._loader))
        return self._take(self._continue(resume))

    def _continue(self, resume: dict[str, Any]) -> Iterator[Any]:
        begun = resume["start"] is not None
        self._taken = int(resume["taken"])
        self._start = resume["start"] if begun else self._random_state()
        self._workers_kept = resume["workers_kept"]
        self._worker_states = {
            int(worker): pickle.dumps(state) for worker, state in resume["workers"].items()
        }
        now = rng_state()
        self._set_random_state(self._start)
        if self._sampler is None:
            batches = iter(self._loader)
            for _ in range(self._taken):
                next(batches)
        else:
            # Another copy: workers of a pass that was given up would not take over random states.
            self._loader = self._shadow(self.dataloader)
            batches = self._skip()
        if begun:
            set_rng_state(now)
        return batches

    def _skip(self) -> Iterator[Any]:
        assert self._sampler is not None
        if self._workers > 0:
            self._loader.worker_init_fn.states = dict(self._worker_states)
            padding = self._taken % self._workers
            if self._workers_kept:
                # The interrupted run drew no seed for its workers here, since it had them already.
                self._sampler.before_draws = lambda: self._set_random_state(self._start)
        else:
            # One empty batch makes the sampler draw its order now, from the restored generators.
            padding = 1
            if not isinstance(self._loader.collate_fn, _Collate):
                self._loader.collate_fn = _Collate(self._loader.collate_fn)
        self._sampler.skip, self._sampler.padding = self._taken, padding
        batches = iter(self._loader)
        for _ in range(padding):
            next(batches)
        return batches

    def _take(self, batches: Iterator[Any]) -> Iterator[Any]:
        if self._workers == 0:
            for batch in batches:
                self._taken += 1
                yield batch
            return
        for batch, state in batches:
            if state is not None:
                self._worker_states[self._taken % self._workers] = state
            self._taken += 1
            yield batch

    def state_dict(self) -> dict[str, Any]:
        """Return the position as plain types: batches taken, random states at the start."""
        return {
            "taken": self._taken,
            "start": self._start or self._random_state(),
            "workers_kept": self._workers_kept,
            "workers": {
                worker: pickle.loads(state) for worker, state in self._worker_states.items()
            },
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue at ``state`` with the next pass."""
        self._resume = state

    def next_pass(self, state: dict[str, Any]) -> None:
        """Go on after the pass at whose end ``state`` was saved.

        Only workers that outlive a pass (``persistent_workers``) carry something into the next.
        """
        if self._workers > 0 and self.dataloader.persistent_workers and state["workers"]:
            self._resume = {**state, "taken": 0, "start": None, "workers_kept": True}

    def seek(self, taken: int) -> None:
        """Let the next pass, with today's random states, leave out its first ``taken`` batches."""
        start = self._random_state()
        self._resume = {"taken": taken, "start": start, "workers_kept": False, "workers": {}}

    def _generators(self) -> list[torch.Generator]:
        found = []
        for owner in (self.dataloader, getattr(self.dataloader, "sampler", None)):
            generator = getattr(owner, "generator", None)
            if isinstance(generator, torch.Generator) and generator not in found:
                found.append(generator)
        return found

    def _random_state(self) -> dict[str, Any]:
        return {
            "global": rng_state(),
            "generators": [generator.get_state() for generator in self._generators()],
        }

    def _set_random_state(self, state: dict[str, Any]) -> None:
        set_rng_state(state["global"])
        for generator, saved in zip(self._generators(), state["generators"], strict=False):
            generator.set_state(saved)
