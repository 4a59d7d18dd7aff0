"""Restore, then save, is the identity; and what is saved is small, also by former mmlights."""

import copy
import io
import random

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from mmlight.bridge.rng import rng_state, set_rng_state
from mmlight.bridge.shared_tensors import share_equal
from mmlight.dataset import DefaultSampler, InfiniteSampler
from mmlight.runner.endless import EndlessLoader
from mmlight.runner.resumable_loader import ResumableLoader
from mmlight.utils.generator_state import unpack_generator_state
from tests.parity.compare import assert_same
from tests.runner.test_resumable_loader import Noisy, same, seed


def loader(workers=0, persistent=False, dataset=None, sampler=None):
    dataset = dataset or Noisy()
    return DataLoader(
        dataset,
        batch_size=3,
        shuffle=None if sampler else True,
        sampler=sampler and sampler(dataset, seed=2),
        num_workers=workers,
        persistent_workers=persistent,
    )


WORKERS = [(0, False), (2, False), (2, True)]


@pytest.mark.parametrize("taken", [0, 5])
@pytest.mark.parametrize(("workers", "persistent"), WORKERS)
def test_a_position_is_saved_as_it_was_restored(workers, persistent, taken):
    stream = ResumableLoader(loader(workers, persistent))
    list(stream)
    batches = iter(stream)
    for _ in range(taken):
        next(batches)
    state = stream.state_dict()
    again = ResumableLoader(loader(workers, persistent))
    again.load_state_dict(state)
    assert_same(again.state_dict(), state)
    if taken:  # begun, with no batch taken yet
        again.begin()
        assert_same(again.state_dict(), state)


@pytest.mark.parametrize("sampler", [None, DefaultSampler, InfiniteSampler])
@pytest.mark.parametrize(("workers", "persistent"), WORKERS)
def test_what_is_between_passes_is_saved_as_it_was_restored(workers, persistent, sampler):
    stream = ResumableLoader(loader(workers, persistent, sampler=sampler))
    for _ in zip(range(8), stream):
        pass
    state = stream.between_passes()
    again = ResumableLoader(loader(workers, persistent, sampler=sampler))
    again.next_pass(state)
    assert_same(again.between_passes(), state)
    third = ResumableLoader(loader(workers, persistent, sampler=sampler))
    third.next_pass(again.state_dict())
    assert_same(third.between_passes(), state)
    assert bool(state.get("workers")) == persistent


def test_kept_workers_go_on_after_two_restores_between_passes():
    seed(0)
    stream = ResumableLoader(loader(2, persistent=True))
    list(stream)
    position, state = stream.between_passes(), rng_state()
    expected = [*stream, *stream]
    for _ in range(2):
        again = ResumableLoader(loader(2, persistent=True))
        again.next_pass(position)
        position = again.between_passes()
    set_rng_state(state)
    assert same([*again, *again], expected)


@pytest.mark.parametrize("taken", [0, 3, 11, 16])
@pytest.mark.parametrize("sampler", [None, DefaultSampler, InfiniteSampler])
@pytest.mark.parametrize("workers", [0, 2])
def test_an_endless_position_is_saved_as_it_was_restored(workers, sampler, taken):
    endless = EndlessLoader(loader(workers, sampler=sampler))
    for _ in range(taken):
        next(endless)
    state = endless.state_dict()
    again = EndlessLoader(loader(workers, sampler=sampler))
    again.load_state_dict(state)
    assert_same(again.state_dict(), state)


def test_an_endless_loader_goes_back_to_its_first_pass():
    endless = EndlessLoader(loader(sampler=DefaultSampler))
    first = endless.state_dict()
    expected = [next(endless)[:, 0].tolist() for _ in range(20)]
    endless.load_state_dict(first)
    assert [next(endless)[:, 0].tolist() for _ in range(20)] == expected


class Drawing(Noisy):
    """Draws from one generator alone."""

    def __init__(self, name):
        super().__init__()
        self.name = name

    def __getitem__(self, index):
        draw = {
            "python": random.random,
            "numpy": np.random.rand,
            "torch": lambda: torch.rand(()).item(),
        }
        return torch.tensor(draw[self.name]())


@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize("name", ["python", "numpy", "torch"])
def test_of_a_worker_only_what_it_drew_from_is_kept(name, persistent):
    seed(0)
    stream = ResumableLoader(loader(2, persistent, Drawing(name)))
    if persistent:
        list(stream)
    batches = iter(stream)
    for _ in range(3):
        next(batches)
    state = stream.state_dict()
    assert {*map(tuple, state["workers"].values())} == {(name,)}
    again = ResumableLoader(loader(2, persistent, Drawing(name)))
    again.load_state_dict(state)
    assert same([*again], [*batches])


class Switching(Noisy):
    """Draws from NumPy's generator for the first items that a worker reads, then from all three."""

    def __getitem__(self, index):
        self.read.append(index)
        if len(self.read) <= 9:
            return torch.tensor([index, 0.0, 0.0, np.random.rand()])
        return super().__getitem__(index)


def test_kept_workers_draw_for_the_first_time_after_a_resume():
    seed(0)
    dataset = Switching()
    stream = ResumableLoader(loader(2, True, dataset))
    first = iter(stream)
    for _ in range(2):
        next(first)
    state = stream.state_dict()
    rest = [*first]
    again = ResumableLoader(loader(2, True, Switching()))
    again.load_state_dict(state)
    resumed = [*again]
    assert same([batch[:, 0] for batch in resumed], [batch[:, 0] for batch in rest])


def saved_bytes(tree):
    file = io.BytesIO()
    torch.save(tree, file)
    return file.tell()


class Quiet(Noisy):
    def __getitem__(self, index):
        return index


@pytest.mark.parametrize("sampler", [None, DefaultSampler, InfiniteSampler])
@pytest.mark.parametrize("workers", [0, 8])
def test_what_a_process_saves_is_small(workers, sampler):
    seed(0)
    train = EndlessLoader(loader(workers, workers > 0, Quiet(), sampler=sampler))
    val = ResumableLoader(loader(workers, workers > 0, Quiet(), sampler=DefaultSampler))
    list(val)
    for _ in range(10):
        next(train)
    parts = {"rng": rng_state(), "loader": train.state_dict(), "val_loader": val.between_passes()}
    assert saved_bytes(share_equal(parts)) < 12_288


def in_former_layout(state):
    """Return a state as mmlight wrote it until November 2026."""
    former = copy.deepcopy(state)
    for name in ("point", "sampler", "workers_start"):
        former.pop(name, None)
    start = former["start"]
    start["global"] = former_rng({**rng_state(), **start["global"]})
    start["generators"] = [unpack_generator_state(one) for one in start["generators"]]
    former["workers"] = {
        worker: former_rng({**rng_state(), **one}) for worker, one in former["workers"].items()
    }
    return former


def former_rng(state):
    now = rng_state()
    set_rng_state(state)
    version, internal, gauss = random.getstate()
    name, keys, *rest = np.random.get_state()
    former = {
        "python": [version, torch.tensor(internal, dtype=torch.int64), gauss],
        "numpy": [name, torch.from_numpy(keys.astype(np.int64)), *rest],
        "torch": torch.get_rng_state(),
    }
    set_rng_state(now)
    return former


@pytest.mark.parametrize("sampler", [None, DefaultSampler, InfiniteSampler])
@pytest.mark.parametrize(("workers", "persistent"), WORKERS)
def test_the_former_layout_goes_on_exactly(workers, persistent, sampler, tmp_path):
    seed(0)
    endless = EndlessLoader(loader(workers, persistent, sampler=sampler))
    for _ in range(11):
        next(endless)
    torch.save(in_former_layout(endless.state_dict()), tmp_path / "former.pth")
    state = rng_state()
    expected = [next(endless) for _ in range(12)]
    seed(1)
    again = EndlessLoader(loader(workers, persistent, sampler=sampler))
    again.load_state_dict(torch.load(tmp_path / "former.pth", weights_only=True))
    set_rng_state(state)
    assert same([next(again) for _ in range(12)], expected)


def test_the_former_layout_between_passes():
    seed(0)
    stream = ResumableLoader(loader(2, persistent=True))
    list(stream)
    position, state = in_former_layout(stream.state_dict()), rng_state()
    expected = [*stream]
    seed(1)
    again = ResumableLoader(loader(2, persistent=True))
    again.next_pass(position)
    set_rng_state(state)
    assert same([*again], expected)
