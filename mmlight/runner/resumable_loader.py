"""Iterate over a DataLoader so that the same iteration can be continued in another process.

A resumed run must see the batches that the interrupted one would have seen, random augmentation
included, and it must not read what was read before. So an iteration remembers the random state at
its start (the sampler's order comes from it), how many batches were taken, and, with worker
processes, the random state in which each worker left its last batch that was taken.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader, IterableDataset

from mmlight.bridge.rng import ALL, rng_state, set_rng_state
from mmlight.utils.generator_state import pack_generator_state, unpack_generator_state

from .resumable_sampler import Point, ResumableSampler, drawn_from, samplers_of
from .worker_states import Collate, WorkerInit, WorkerState, pickled, plain


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
        self._workers_start: dict[str, Any] | None = None
        self._workers_kept = False
        self._worker_states: dict[int, WorkerState] = {}
        self._resume: dict[str, Any] | None = None
        self._workers = 0
        self._sampler: ResumableSampler | None = None
        self._draws_from = ALL
        self._loader = dataloader
        if isinstance(dataloader, DataLoader) and not isinstance(
            dataloader.dataset, IterableDataset
        ):
            self._loader = self._shadow(dataloader)

    def _shadow(self, dataloader: DataLoader[Any]) -> DataLoader[Any]:
        shadow = copy.copy(dataloader)
        name = "sampler" if dataloader.batch_sampler is None else "batch_sampler"
        sampler = getattr(dataloader, name)
        self._workers = dataloader.num_workers
        # The seed of workers is drawn from torch's generator.
        self._draws_from = drawn_from(sampler) | ({"torch"} if self._workers else set())
        ahead = self._workers * (dataloader.prefetch_factor or 0)
        self._sampler = ResumableSampler(sampler, ahead)
        # DataLoader refuses a change of its sampler once it is built; the copy never began.
        object.__setattr__(shadow, name, self._sampler)
        if self._workers > 0:
            shadow.collate_fn = Collate(dataloader.collate_fn)
            shadow.worker_init_fn = WorkerInit(dataloader.worker_init_fn, shadow.collate_fn)
        return shadow

    def __len__(self) -> int:
        return len(self.dataloader)

    def __iter__(self) -> Iterator[Any]:
        # Nothing may be drawn before `next`, by whoever only looks whether this can be iterated.
        yield from self.begin()

    def begin(self) -> Iterator[Any]:
        """Begin a pass now, workers and random draws included."""
        resume, self._resume = self._resume, None
        if resume is not None:
            return self._take(self._continue(resume))
        self._taken = 0
        self._start = self._random_state()
        if self._sampler is not None:
            self._sampler.begin(None, 0)
        if self._workers > 0:
            self._loader.worker_init_fn.states = {}
            self._workers_kept = self._keeps_workers and self._workers_start is not None
            if not self._workers_kept:
                self._worker_states, self._workers_start = {}, self._start
        return self._take(iter(self._loader))

    @property
    def _keeps_workers(self) -> bool:
        return self._workers > 0 and self.dataloader.persistent_workers

    def _continue(self, resume: dict[str, Any]) -> Iterator[Any]:
        begun = resume["start"] is not None
        self._taken = int(resume["taken"])
        now = rng_state()
        self._start = resume["start"] if begun else self._random_state()
        self._workers_kept = resume["workers_kept"]
        # What mmlight wrote before has the states of kept workers whole instead of their start.
        self._workers_start = resume.get("workers_start") or self._start
        self._worker_states = {
            int(worker): pickled(state) for worker, state in resume["workers"].items()
        }
        self._set_random_state(self._workers_start if self._workers_kept else self._start)
        if self._sampler is None:
            batches: Iterator[Any] = iter(self._loader)
            for _ in range(self._taken):
                next(batches)
        else:
            # Another copy: workers of a pass that was given up would not take over random states.
            self._loader = self._shadow(self.dataloader)
            batches = self._skip(self._point(resume))
        if begun:
            set_rng_state(now)
        return batches

    def _point(self, resume: dict[str, Any]) -> Point | None:
        """Return where the sampler begins; None for where it stands now."""
        assert self._sampler is not None
        if resume["start"] is None:
            return None
        point = resume.get("point")  # what mmlight wrote before has none
        return self._sampler.far(self._taken) if point is None else Point(*point)

    def _skip(self, point: Point | None) -> Iterator[Any]:
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
            if not isinstance(self._loader.collate_fn, Collate):
                self._loader.collate_fn = Collate(self._loader.collate_fn)
        self._sampler.begin(point, self._taken, padding)
        batches: Iterator[Any] = iter(self._loader)
        for _ in range(padding):
            next(batches)
        return batches

    def _take(self, batches: Iterator[Any]) -> Iterator[Any]:
        if self._workers == 0:
            for batch in batches:
                self._taken += 1
                yield batch
            return
        for batch, changed in batches:
            if changed:
                self._worker_states.setdefault(self._taken % self._workers, {}).update(changed)
            self._taken += 1
            yield batch

    def state_dict(self) -> dict[str, Any]:
        """Return the position as plain types: batches taken, random states at the start."""
        if self._resume is not None:
            return self._resume
        state = {
            "taken": self._taken,
            "start": self._start or self._random_state(),
            "point": None if self._sampler is None else list(self._sampler.point(self._taken)),
            "sampler": {} if self._sampler is None else self._sampler.stands(),
            "workers_kept": self._workers_kept,
            "workers": {worker: plain(state) for worker, state in self._worker_states.items()},
        }
        return {**state, "workers_start": self._workers_start} if self._keeps_workers else state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue at ``state`` with the next pass."""
        self._resume = state

    def between_passes(self) -> dict[str, Any]:
        """Return what :meth:`next_pass` needs of the state: less, or nothing."""
        kept = ("workers", "workers_start") if self._keeps_workers else ()
        state = self.state_dict()
        return {name: state[name] for name in ("sampler", *kept)}

    def next_pass(self, state: dict[str, Any]) -> None:
        """Go on after the pass at whose end ``state`` was saved.

        Only endless samplers and workers that outlive a pass (``persistent_workers``) carry
        something into the next.
        """
        sampler = state.get("sampler", {})
        if self._sampler is not None:
            self._sampler.stand(sampler)
        if self._keeps_workers and (state.get("workers") or state.get("workers_start")):
            begin = {"taken": 0, "start": None, "point": None}
            self._resume = {"sampler": sampler, **state, **begin, "workers_kept": True}

    def seek(self, taken: int) -> None:
        """Let the next pass, with today's random states, leave out its first ``taken`` batches."""
        point = None if self._sampler is None else list(self._sampler.far(taken))
        self._resume = {
            "taken": taken,
            "start": self._random_state(),
            "point": point,
            "sampler": {} if point is None else point[1],
            "workers_kept": False,
            "workers": {},
        }

    def _generators(self) -> list[torch.Generator]:
        found: list[torch.Generator] = []
        for owner in (self.dataloader, *samplers_of(self.dataloader)):
            generator = getattr(owner, "generator", None)
            if isinstance(generator, torch.Generator) and generator not in found:
                found.append(generator)
        return found

    def _random_state(self) -> dict[str, Any]:
        states = [pack_generator_state(generator.get_state()) for generator in self._generators()]
        return {"global": rng_state(self._draws_from), "generators": states}

    def _set_random_state(self, state: dict[str, Any]) -> None:
        set_rng_state(state["global"])
        for generator, saved in zip(self._generators(), state["generators"], strict=False):
            generator.set_state(unpack_generator_state(saved))
