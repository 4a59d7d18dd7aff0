"""A resumed pass must yield what the interrupted one would have yielded, to the random draw."""

import os
import random
import select
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset

from mmlight.bridge.rng import rng_state, set_rng_state
from mmlight.runner.endless import EndlessLoader
from mmlight.runner.resumable_loader import ResumableLoader


class Noisy(Dataset):
    """Items that depend on all three global generators, and a record of what was read."""

    def __init__(self, length=23):
        self.length = length
        self.read = []

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        self.read.append(index)
        return torch.tensor([index, torch.rand(()).item(), random.random(), np.random.rand()])


def loader(workers=0, persistent=False, **kwargs):
    kwargs = {"batch_size": 3, "shuffle": True, **kwargs}
    return DataLoader(Noisy(), num_workers=workers, persistent_workers=persistent, **kwargs)


def seed(value):
    random.seed(value)
    np.random.seed(value)
    torch.manual_seed(value)


def same(some, others):
    return len(some) == len(others) and all(map(torch.equal, some, others))


def interrupt(stream, passes, taken):
    """Return position, random state, and what comes after ``taken`` batches of a later pass."""
    for _ in range(passes):
        list(stream)
    batches = iter(stream)
    for _ in range(taken):
        next(batches)
        torch.rand(3)
    position, state = stream.state_dict(), rng_state()
    return position, state, [*batches, torch.rand(1), *stream]


@pytest.mark.parametrize("passes", [0, 1])
@pytest.mark.parametrize("taken", [1, 4, 8])
@pytest.mark.parametrize(("workers", "persistent"), [(0, False), (1, False), (2, False), (2, True)])
def test_a_resumed_pass_continues_to_the_random_draw(workers, persistent, taken, passes):
    seed(0)
    position, state, rest = interrupt(ResumableLoader(loader(workers, persistent)), passes, taken)
    seed(1)
    again = ResumableLoader(loader(workers, persistent))
    set_rng_state(state)
    again.load_state_dict(position)
    assert same([*again, torch.rand(1), *again], rest)


def test_the_loaders_own_generator_is_restored():
    seed(0)
    stream = ResumableLoader(loader(generator=torch.Generator().manual_seed(7)))
    position, state, rest = interrupt(stream, 1, 2)
    again = ResumableLoader(loader(generator=torch.Generator()))
    set_rng_state(state)
    again.load_state_dict(position)
    assert same([*again, torch.rand(1), *again], rest)


def test_what_was_taken_is_not_read_again():
    stream = ResumableLoader(loader(shuffle=False))
    stream.seek(5)
    assert len(list(stream)) == 3
    assert stream.dataloader.dataset.read == list(range(15, 23))


def test_the_position_is_made_of_plain_types(tmp_path):
    stream = ResumableLoader(loader(workers=1))
    next(iter(stream))
    torch.save(stream.state_dict(), tmp_path / "position.pth")
    torch.load(tmp_path / "position.pth", weights_only=True)


class Counting(IterableDataset):
    def __iter__(self):
        return iter(range(10))


def test_an_iterable_dataset_is_read_forward():
    stream = ResumableLoader(DataLoader(Counting(), batch_size=2))
    stream.seek(3)
    assert torch.cat(list(stream)).tolist() == [6, 7, 8, 9]


@pytest.mark.parametrize("taken", [0, 1, 7, 8, 9, 20])
def test_an_endless_loader_is_put_at_any_iteration(taken):
    endless = EndlessLoader(loader(shuffle=False))
    expected = [next(endless) for _ in range(taken + 5)][taken:]
    again = EndlessLoader(loader(shuffle=False))
    again.seek(taken)
    indices = [batch[:, 0].tolist() for batch in (next(again) for _ in range(5))]
    assert indices == [batch[:, 0].tolist() for batch in expected]


def test_an_endless_loader_tells_samplers_the_pass():
    class Sampler:
        def __init__(self):
            self.epochs = []

        def __iter__(self):
            return iter([0, 1])

        def __len__(self):
            return 2

        def set_epoch(self, epoch):
            self.epochs.append(epoch)

    sampler = Sampler()
    endless = EndlessLoader(DataLoader([0, 1], sampler=sampler))
    for _ in range(5):
        next(endless)
    assert sampler.epochs == [1, 2]


@pytest.mark.parametrize("taken", [3, 8, 11])
def test_an_endless_loader_continues_exactly(taken):
    seed(0)
    endless = EndlessLoader(loader())
    for _ in range(taken):
        next(endless)
    position, state = endless.state_dict(), rng_state()
    rest = [next(endless) for _ in range(12)]
    seed(1)
    again = EndlessLoader(loader())
    again.load_state_dict(position)
    set_rng_state(state)
    assert same([next(again) for _ in range(12)], rest)


READS_UNTIL_KILLED = """
import os, signal, sys, torch
from torch.utils.data import DataLoader
from mmlight.runner.resumable_loader import ResumableLoader
from tests.runner.test_resumable_loader import Noisy

loader = DataLoader(Noisy(200), num_workers=2, prefetch_factor=20)
batches = iter(ResumableLoader(loader))
next(batches)
import multiprocessing
print(*(child.pid for child in multiprocessing.active_children()), flush=True)
sys.stdin.readline()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux")
def test_workers_end_with_a_killed_main_process():
    with subprocess.Popen(
        [sys.executable, "-c", READS_UNTIL_KILLED],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as main:
        workers = [os.pidfd_open(int(pid)) for pid in main.stdout.readline().split()]
        assert len(workers) == 2
        main.stdin.write("\n")
        main.stdin.flush()
        assert main.wait() == -signal.SIGKILL
        for worker in workers:
            assert select.select([worker], [], [], 30)[0], "a worker outlived its main process"
            os.close(worker)
