"""A stream goes on from its last pass: what came before is neither read nor drawn again."""

import itertools
import random

import pytest
import torch
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, Sampler

from mmlight.bridge.rng import rng_state, set_rng_state
from mmlight.dataset import DefaultSampler, InfiniteSampler
from mmlight.runner.endless import EndlessLoader
from tests.parity.compare import assert_same

SIZE, BATCH = 50, 4


class Batches(Sampler):
    """The user's own batch sampler; ``taken`` counts the indices that it was given."""

    def __init__(self, sampler, batch_size=BATCH):
        self.sampler, self.batch_size, self.taken = sampler, batch_size, 0

    def __len__(self):
        return len(self.sampler) // self.batch_size

    def indices(self):
        for index in self.sampler:
            self.taken += 1
            yield index

    def __iter__(self):
        indices = self.indices()
        while batch := list(itertools.islice(indices, self.batch_size)):
            yield batch


class Grouped(Batches):
    """Batches of even and of odd indices, each given when it is full."""

    def __iter__(self):
        groups = ([], [])
        for index in self.indices():
            group = groups[index % 2]
            group.append(index)
            if len(group) == self.batch_size:
                yield group[:]
                group.clear()


class Growing(Batches):
    """The batch after every 90th is larger."""

    def __iter__(self):
        indices = self.indices()
        numbers = itertools.count()
        while batch := list(
            itertools.islice(indices, self.batch_size + (next(numbers) % 90 == 89))
        ):
            yield batch


class Shuffled(Batches):
    """Batches in an order of Python's generator."""

    def __iter__(self):
        for batch in super().__iter__():
            random.shuffle(batch)
            yield batch


class Uncopyable(Batches):
    def __deepcopy__(self, memo):
        raise TypeError("there is only one")


def endless(kind, workers=0, sampler=InfiniteSampler, size=SIZE):
    stream = sampler(range(size), seed=5)
    if kind is None:
        return DataLoader(range(size), BATCH, sampler=stream, num_workers=workers)
    made = kind(stream, BATCH, drop_last=False) if kind is BatchSampler else kind(stream)
    return DataLoader(range(size), batch_sampler=made, num_workers=workers)


def batches(loader, number):
    return [next(loader).tolist() for _ in range(number)]


def resumed(kind, state, **kwargs):
    random.seed(1)
    dataloader = endless(kind, **kwargs)
    loader = EndlessLoader(dataloader)
    loader.load_state_dict(state)
    return loader, dataloader


KINDS = [None, BatchSampler, Batches, Grouped, Growing, Shuffled, Uncopyable]


@pytest.mark.parametrize("sampler", [InfiniteSampler, DefaultSampler])
@pytest.mark.parametrize("taken", [7, 1500])
@pytest.mark.parametrize("kind", KINDS)
def test_goes_on_exactly(kind, taken, sampler):
    random.seed(0)
    loader = EndlessLoader(endless(kind, sampler=sampler))
    batches(loader, taken)
    state = loader.state_dict()
    random_state = rng_state()
    rest = batches(loader, 40)
    again, _ = resumed(kind, state, sampler=sampler)
    assert_same(again.state_dict(), state)
    set_rng_state(random_state)
    assert batches(again, 40) == rest


@pytest.mark.parametrize("kind", [BatchSampler, Grouped])
def test_goes_on_exactly_with_workers(kind):
    loader = EndlessLoader(endless(kind, workers=2))
    batches(loader, 1501)
    state = loader.state_dict()
    again, _ = resumed(kind, state, workers=2)
    assert batches(again, 20) == batches(loader, 20)


def test_kept_on_a_second_time_and_later():
    loader = EndlessLoader(endless(Batches))
    expected = batches(loader, 3000)
    first = EndlessLoader(endless(Batches))
    batches(first, 1100)
    second, _ = resumed(Batches, first.state_dict())
    assert batches(second, 1200) == expected[1100:2300]
    third, dataloader = resumed(Batches, second.state_dict())
    assert batches(third, 700) == expected[2300:]
    assert dataloader.batch_sampler.taken <= 705 * BATCH


@pytest.mark.parametrize("kind", [Batches, Grouped])
def test_a_batch_sampler_that_holds_nothing_back_need_not_draw_again(kind):
    loader = EndlessLoader(endless(kind))
    batches(loader, 20_000)
    again, dataloader = resumed(kind, loader.state_dict())
    assert batches(again, 5) == batches(loader, 5)
    assert dataloader.batch_sampler.taken < 1000 * BATCH


@pytest.mark.parametrize("kind", [Growing, Shuffled, Uncopyable])
def test_one_that_would_give_something_else_draws_all_again(kind):
    random.seed(0)
    loader = EndlessLoader(endless(kind))
    batches(loader, 2500)
    _, dataloader = resumed(kind, loader.state_dict())
    assert dataloader.batch_sampler.taken >= 2500 * BATCH


def test_trying_a_batch_sampler_draws_no_random_number():
    loader = EndlessLoader(endless(Shuffled))
    batches(loader, 1500)
    before = random.getstate()
    loader.state_dict()
    assert random.getstate() == before


@pytest.mark.parametrize("kind", [None, BatchSampler, Batches])
def test_few_permutations_are_drawn_however_late_it_is(kind, monkeypatch):
    loader = EndlessLoader(endless(kind, size=16))
    loader.seek(40_000)
    state = loader.state_dict()
    drawn = []
    permutation = torch.randperm
    monkeypatch.setattr(
        torch, "randperm", lambda *args, **kw: drawn.append(args) or permutation(*args, **kw)
    )
    again, _ = resumed(kind, state, size=16)
    after = batches(again, 5)
    assert len(drawn) <= 4
    assert after == batches(loader, 5)


@pytest.mark.parametrize("kind", [None, BatchSampler, Batches, Grouped])
def test_seek_counts_batches_of_any_batch_sampler(kind):
    expected = batches(EndlessLoader(endless(kind)), 60)
    loader = EndlessLoader(endless(kind))
    batches(loader, 3)
    loader.seek(50)
    assert batches(loader, 10) == expected[50:]


def test_generators_within_a_batch_sampler_are_restored():
    def loader(seed):
        drawn = RandomSampler(range(20), generator=torch.Generator().manual_seed(seed))
        return EndlessLoader(DataLoader(range(20), batch_sampler=Batches(drawn)))

    first = loader(0)
    batches(first, 7)
    state = first.state_dict()
    second = loader(1)
    second.load_state_dict(state)
    assert batches(second, 20) == batches(first, 20)


def test_a_checkpoint_of_another_kind_of_sampler_goes_on_at_its_batch():
    loader = EndlessLoader(endless(None, sampler=DefaultSampler))
    batches(loader, 5)
    again, _ = resumed(None, loader.state_dict())
    assert batches(again, 5) == batches(EndlessLoader(endless(None)), 10)[5:]
