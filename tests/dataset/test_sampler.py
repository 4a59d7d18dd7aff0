"""Which index comes next."""

from itertools import islice
from unittest.mock import patch

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import BatchSampler

from mmlight.dataset import DefaultSampler, InfiniteSampler, sampler
from mmlight.registry import DATA_SAMPLERS
from tests.parity.compare import assert_same


def of_each_process(kind, size, world_size, **kwargs):
    samplers = []
    for rank in range(world_size):
        with patch.object(sampler, "get_dist_info", lambda r=rank: (r, world_size)):
            samplers.append(kind(range(size), **kwargs))
    return samplers


SIZES = st.integers(1, 40)
WORLD_SIZES = st.integers(1, 6)
SEEDS = st.integers(0, 2**31)


@given(SIZES, WORLD_SIZES, SEEDS, st.booleans())
def test_all_processes_together_see_every_sample_once(size, world_size, seed, shuffle):
    samplers = of_each_process(
        DefaultSampler, size, world_size, seed=seed, shuffle=shuffle, round_up=False
    )
    shares = [list(s) for s in samplers]
    assert sorted(index for share in shares for index in share) == list(range(size))
    assert [len(share) for share in shares] == [len(s) for s in samplers]


@given(SIZES, WORLD_SIZES, SEEDS)
def test_rounding_up_gives_all_processes_equally_many(size, world_size, seed):
    samplers = of_each_process(DefaultSampler, size, world_size, seed=seed)
    shares = [list(s) for s in samplers]
    assert {len(share) for share in shares} == {len(samplers[0])}
    dealt = [index for turn in zip(*shares, strict=True) for index in turn]
    assert sorted(dealt[:size]) == list(range(size))
    assert dealt[size:] == dealt[: len(dealt) - size]


def test_the_order_depends_on_seed_and_epoch():
    default = DefaultSampler(range(100), seed=3)
    first = list(default)
    assert list(default) == first
    default.set_epoch(1)
    second = list(default)
    assert second != first
    assert list(DefaultSampler(range(100), seed=4)) == second
    assert list(DefaultSampler(range(100), shuffle=False)) == list(range(100))


def test_a_seed_is_drawn_when_none_is_given():
    assert isinstance(DefaultSampler(range(3)).seed, int)
    assert isinstance(InfiniteSampler(range(3)).seed, int)


def test_an_empty_dataset():
    assert list(DefaultSampler([], seed=0)) == []
    with pytest.raises(ValueError, match="at least one item"):
        next(iter(InfiniteSampler([], seed=0)))


@given(SIZES, WORLD_SIZES, SEEDS, st.booleans())
def test_an_endless_stream_is_permutation_after_permutation(size, world_size, seed, shuffle):
    samplers = of_each_process(InfiniteSampler, size, world_size, seed=seed, shuffle=shuffle)
    shares = [list(islice(s, 3 * size)) for s in samplers]
    dealt = [index for turn in zip(*shares, strict=True) for index in turn]
    for start in range(0, len(dealt) - size + 1, size):
        assert sorted(dealt[start : start + size]) == list(range(size))
    assert {len(s) for s in samplers} == {size}


def test_iterating_again_goes_on():
    stream = InfiniteSampler(range(10), seed=0)
    expected = list(islice(InfiniteSampler(range(10), seed=0), 25))
    assert list(islice(stream, 12)) + list(islice(stream, 13)) == expected
    stream.set_epoch(3)
    assert next(iter(stream)) == next(islice(InfiniteSampler(range(10), seed=0), 25, None))


@given(SIZES, WORLD_SIZES, st.lists(st.integers(0, 120), min_size=1, max_size=4), st.booleans())
def test_seek_goes_anywhere(size, world_size, positions, shuffle):
    whole = of_each_process(InfiniteSampler, size, world_size, seed=1, shuffle=shuffle)[-1]
    stream = of_each_process(InfiniteSampler, size, world_size, seed=1, shuffle=shuffle)[-1]
    expected = list(islice(whole, 125))
    for position in positions:
        stream.seek(position)
        assert list(islice(stream, 5)) == expected[position : position + 5]


def test_a_stream_that_runs_follows_a_seek_and_another_stream():
    expected = list(islice(InfiniteSampler(range(10), seed=1), 30))
    sampler = InfiniteSampler(range(10), seed=1)
    first, second = iter(sampler), iter(sampler)
    assert [next(first), next(second), next(first)] == expected[:3]
    sampler.seek(17)
    assert [next(first), next(first), next(second)] == expected[17:20]


def test_seek_before_the_beginning():
    with pytest.raises(ValueError, match="should not be negative, but got -1"):
        InfiniteSampler(range(3), seed=0).seek(-1)


def test_samplers_are_registered_and_make_batches():
    built = DATA_SAMPLERS.build({"type": "InfiniteSampler", "dataset": range(3), "shuffle": False})
    assert list(islice(BatchSampler(built, 2, drop_last=False), 3)) == [[0, 1], [2, 0], [1, 2]]
    assert DATA_SAMPLERS.get("DefaultSampler") is DefaultSampler


def test_an_endless_stream_can_leave_some_out():
    expected = list(islice(InfiniteSampler(range(10), seed=1), 40))
    sampler = InfiniteSampler(range(10), seed=1)
    taken = list(islice(sampler, 4))
    sampler.skip(23)
    assert taken + list(islice(sampler, 5)) == expected[:4] + expected[27:32]
    with pytest.raises(ValueError, match="negative"):
        sampler.skip(-100)


def same_kind(kind, size=10, **kwargs):
    return kind(range(size), **{"seed": 1, **kwargs})


@given(SIZES, SEEDS, st.integers(0, 50), st.booleans())
def test_a_loaded_epoch_is_the_saved_one(size, seed, epoch, shuffle):
    saved = DefaultSampler(range(size), seed=seed, shuffle=shuffle)
    saved.set_epoch(epoch)
    loaded = DefaultSampler(range(size), seed=seed + 1, shuffle=shuffle)
    loaded.load_state_dict(saved.state_dict())
    assert list(loaded) == list(saved)
    assert loaded.state_dict() == saved.state_dict() == {"seed": seed, "epoch": epoch}


@given(SIZES, WORLD_SIZES, SEEDS, st.integers(0, 120), st.integers(0, 120), st.booleans())
def test_a_loaded_stream_goes_on_and_back(size, world_size, seed, taken, other, shuffle):
    saved, whole, loaded = (
        of_each_process(InfiniteSampler, size, world_size, seed=s, shuffle=shuffle)[-1]
        for s in (seed, seed, seed + 1)
    )
    expected = list(islice(whole, 130))
    assert list(islice(saved, taken)) == expected[:taken]
    list(islice(loaded, other))
    loaded.load_state_dict(saved.state_dict())
    assert_same(loaded.state_dict(), saved.state_dict())
    assert list(islice(loaded, 10)) == expected[taken : taken + 10]
    loaded.seek(other)  # perhaps before what was loaded
    assert list(islice(loaded, 10)) == expected[other : other + 10]


@pytest.mark.parametrize(("before", "now"), [(7, 10), (10, 7)])
def test_of_a_stream_over_another_length_seed_and_position_count(before, now):
    saved, loaded = same_kind(InfiniteSampler, before), same_kind(InfiniteSampler, now, seed=2)
    list(islice(saved, 25))
    loaded.load_state_dict(saved.state_dict())
    expected = list(islice(same_kind(InfiniteSampler, now), 40))
    assert list(islice(loaded, 10)) == expected[25:35]


def test_a_seed_of_zero_is_a_seed():
    for kind in (DefaultSampler, InfiniteSampler):
        assert same_kind(kind, seed=0).seed == 0


def test_a_loaded_stream_needs_no_pass_before(monkeypatch):
    saved, loaded = same_kind(InfiniteSampler), same_kind(InfiniteSampler)
    list(islice(saved, 95))
    state = saved.state_dict()
    drawn = []
    permutation = torch.randperm
    monkeypatch.setattr(torch, "randperm", lambda *a, **k: drawn.append(a) or permutation(*a, **k))
    loaded.load_state_dict(state)
    list(islice(loaded, 7))
    assert len(drawn) == 2  # those of the tenth pass and of the eleventh


def test_the_stream_of_a_seed_is_what_torch_draws_with_it():
    generator = torch.Generator().manual_seed(9)
    expected = [i for _ in range(2) for i in torch.randperm(6, generator=generator).tolist()]
    assert list(islice(InfiniteSampler(range(6), seed=9), 12)) == expected
