"""A sampler that begins late: what comes before is neither read nor, where possible, drawn again.

An InfiniteSampler can be put anywhere, so an iteration over it can begin anew at any batch at whose
end nothing of what was drawn is held back. A batch sampler of torch's always is so. One of the
user's may group what it draws or count its batches: it is believed once a copy of it that began in
the middle gave the same as it gave for a long while. Until then, and if not, its draws are repeated
from where the iteration was begun.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from torch.utils.data import (
    BatchSampler,
    DistributedSampler,
    RandomSampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

from mmlight.bridge.rng import ALL, rng_state, set_rng_state
from mmlight.dataset import DefaultSampler, InfiniteSampler

_WATCHED = 1000
"""Draws that a copy must repeat before a batch sampler is believed."""
_DRAW_NOTHING = (DefaultSampler, InfiniteSampler, SequentialSampler, DistributedSampler)
_DRAW_FROM_TORCH = (RandomSampler, SubsetRandomSampler, WeightedRandomSampler)
_EMPTY: list[Any] = []


class Point(NamedTuple):
    """A place where an iteration can begin anew."""

    taken: int
    """Draws that come before."""
    sampler: dict[str, Any]
    """State of the sampler there."""


def samplers_of(dataloader: Any) -> list[Any]:
    """Return a dataloader's samplers, those within others last.

    Args:
        dataloader: Anything; of what is no ``DataLoader``, those are found that it names alike.
    """
    found: list[Any] = []
    waiting = [getattr(dataloader, name, None) for name in ("sampler", "batch_sampler")]
    while waiting:
        sampler = waiting.pop(0)
        if sampler is not None and not any(sampler is other for other in found):
            found.append(sampler)
            waiting.append(getattr(sampler, "sampler", None))
    return found


def drawn_from(sampler: Any) -> frozenset[str]:
    """Return from which global generators a sampler may draw: all, unless it is a known one."""
    if type(sampler) is BatchSampler:
        return drawn_from(sampler.sampler)
    if type(sampler) in _DRAW_NOTHING:
        return frozenset()
    return frozenset({"torch"}) if type(sampler) in _DRAW_FROM_TORCH else ALL


class ResumableSampler:
    """Iterates over ``sampler``, from its beginning or from a :class:`Point`.

    Args:
        sampler: What the dataloader draws from.
        ahead: Draws that the dataloader makes before their batches are taken, at most.
    """

    def __init__(self, sampler: Any, ahead: int) -> None:
        self.sampler = sampler
        self.skip = 0
        self.padding = 0
        self.before_draws: Callable[[], None] | None = None
        self._ours = _ours(sampler)
        self._start = Point(0, {})
        self._watch: _Watch | None = None
        if isinstance(self._ours, InfiniteSampler):
            self._watch = _Watch(sampler, self._ours, ahead)

    def begin(self, start: Point | None, taken: int, padding: int = 0) -> None:
        """Let the next iteration begin after ``taken`` draws, as many as possible not repeated.

        Args:
            start: Where to begin; None for where the sampler stands.
            taken: Draws to leave out, those before ``start`` included.
            padding: How many empty ones come first.
        """
        if start is not None:
            self.stand(start.sampler)
        self._start = start or Point(0, self.stands())
        self.skip, self.padding = taken - self._start.taken, padding

    def stands(self) -> dict[str, Any]:
        """Return the state of the sampler, which is ahead of the draws that were taken."""
        return {} if self._ours is None else self._ours.state_dict()

    def stand(self, state: dict[str, Any]) -> None:
        """Let the next iteration begin where a sampler of this kind stood."""
        if self._ours is not None and state.keys() == self.stands().keys():
            self._ours.load_state_dict(state)

    def far(self, taken: int) -> Point:
        """Go to the last point before ``taken`` draws of a stream that begins with the run."""
        if not isinstance(self._ours, InfiniteSampler):
            return Point(0, self.stands())
        size = _size_of_draws(self.sampler)
        self._ours.seek(taken * size)
        if taken * size > 0:
            self._ours.draw_pass()
        return Point(taken if size else 0, self.stands())

    def point(self, taken: int) -> Point:
        """Return the last point that is known before ``taken`` draws of this iteration."""
        found = None if self._watch is None else self._watch.last_before(taken)
        return found or self._start

    def __iter__(self) -> Iterator[Any]:
        before_draws, self.before_draws = self.before_draws, None
        if before_draws is not None:
            before_draws()
        draws = iter(self.sampler)
        if self._watch is not None:
            draws = self._watch.watched(draws, self._start.taken)
        skip, padding, self.skip, self.padding = self.skip, self.padding, 0, 0
        for _ in range(skip):
            next(draws, None)
        # Workers take batches in turn: empty ones keep each worker on the batches it would have.
        for _ in range(padding):
            yield _EMPTY
        yield from draws

    def __len__(self) -> int:
        return len(self.sampler)


def _ours(sampler: Any) -> DefaultSampler | InfiniteSampler | None:
    for candidate in (sampler, getattr(sampler, "sampler", None)):
        if isinstance(candidate, DefaultSampler | InfiniteSampler):
            return candidate
    return None


def _size_of_draws(sampler: Any) -> int:
    """Return how many indices each draw has, 0 if that may be different each time."""
    if type(sampler) is BatchSampler:
        return sampler.batch_size
    return int(isinstance(sampler, InfiniteSampler))


class _Watch:
    """Notes after which draws an endless stream can begin anew."""

    def __init__(self, sampler: Any, stream: InfiniteSampler, ahead: int) -> None:
        self.stream = stream
        self.believed = _size_of_draws(sampler) > 0
        self.fresh = None if self.believed else _copy_of(sampler, stream)
        self.points: deque[Point] = deque(maxlen=ahead + 2 + (not self.believed) * _WATCHED)
        self.draws: deque[Any] = deque(maxlen=self.points.maxlen)
        self.number = 0

    def watched(self, draws: Iterator[Any], number: int) -> Iterator[Any]:
        """Give the draws on, of which the first is number ``number``."""
        self.points.clear()
        self.draws.clear()
        self.number = number
        held = -self.stream.state_dict()["position"]
        for draw in draws:
            self.number += 1
            held -= len(draw) if hasattr(draw, "__len__") else 1
            state = self.stream.state_dict()
            if state["position"] + held == 0:
                self.points.append(Point(self.number, state))
            if self.fresh is not None:
                self.draws.append(draw)
            yield draw

    def last_before(self, taken: int) -> Point | None:
        if self.fresh is not None and len(self.draws) == self.draws.maxlen:
            self.believed = self._repeats(*self.fresh)
            self.fresh = None
        if not self.believed:
            return None
        return next((point for point in reversed(self.points) if point.taken <= taken), None)

    def _repeats(self, sampler: Any, stream: InfiniteSampler) -> bool:
        """Try whether a copy that begins in the middle goes on as this batch sampler went on."""
        first = self.number - len(self.draws)
        start = next((point for point in self.points if point.taken >= first), None)
        if start is None or 2 * (self.number - start.taken) < _WATCHED:
            return False
        stream.load_state_dict(start.sampler)
        state = rng_state()
        try:
            again = iter(sampler)
            expected = list(self.draws)[start.taken - first :]
            return all(next(again, None) == draw for draw in expected)
        finally:
            set_rng_state(state)


def _copy_of(sampler: Any, stream: InfiniteSampler) -> tuple[Any, InfiniteSampler] | None:
    """Return a copy of a batch sampler as it is before it is begun, and of its stream."""
    other = copy.copy(stream)
    try:
        copied = copy.deepcopy(sampler, {id(stream): other, id(stream.dataset): stream.dataset})
    except Exception:  # whatever a user's object raises that cannot be copied: it is not tried
        return None
    return copied, other
