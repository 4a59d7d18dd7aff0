"""Runner.build_dataloader: every form its config may have, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.utils.data import BatchSampler, DataLoader, Dataset

from mmlight.dataset import DefaultSampler, pseudo_collate
from mmlight.registry import DATA_SAMPLERS, DATASETS, FUNCTIONS
from mmlight.runner import Runner

IN_ORDER = {"type": "DefaultSampler", "shuffle": False}


class Letters(Dataset):
    """The first ``size`` letters; ``full_init`` writes them in capitals."""

    metainfo = {"language": "en"}

    def __init__(self, size: int) -> None:
        self.letters = "abcdefghij"[:size]

    def full_init(self) -> None:
        self.letters = self.letters.upper()

    def __len__(self) -> int:
        return len(self.letters)

    def __getitem__(self, index: int) -> str:
        return self.letters[index]


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DATASETS._module_dict, "Letters", Letters)
    monkeypatch.setitem(DATA_SAMPLERS._module_dict, "BatchSampler", BatchSampler)
    monkeypatch.setitem(FUNCTIONS._module_dict, "joined", joined)


def joined(items: list[str], by: str = "") -> str:
    return by.join(items)


def build(seed: int | None = None, diff_rank_seed: bool = False, **cfg: Any) -> DataLoader:
    base = {"dataset": {"type": "Letters", "size": 5}, "sampler": IN_ORDER, "batch_size": 2}
    cfg = {key: value for key, value in {**base, **cfg}.items() if value != "left out"}
    return Runner.build_dataloader(cfg, seed, diff_rank_seed)


def test_documented_form() -> None:
    loader = build(num_workers=0, drop_last=True)
    assert list(loader) == [["A", "B"], ["C", "D"]]
    assert loader.collate_fn.func is pseudo_collate
    assert isinstance(loader.sampler, DefaultSampler)


def test_config_is_left_as_it_is() -> None:
    cfg = {
        "dataset": {"type": "Letters", "size": 5},
        "sampler": {**IN_ORDER},
        "batch_size": 2,
        "collate_fn": {"type": "joined", "by": "-"},
    }
    first, second = Runner.build_dataloader(cfg), Runner.build_dataloader(cfg)
    assert list(first) == list(second) == ["A-B", "C-D", "E"]


def test_built_parts_are_taken_as_they_are() -> None:
    dataset = Letters(4)
    sampler = torch.utils.data.SequentialSampler(dataset)
    loader = build(dataset=dataset, sampler=sampler, collate_fn=joined)
    assert loader.dataset is dataset and loader.sampler is sampler
    assert list(loader) == ["ab", "cd"], "full_init is for what was built from a config"
    assert Runner.build_dataloader(loader) is loader


def test_batch_sampler_takes_the_place_of_the_batch_size() -> None:
    loader = build(batch_sampler={"type": "BatchSampler", "drop_last": False})
    assert list(loader) == [["A", "B"], ["C", "D"], ["E"]]
    assert loader.batch_size is None and loader.batch_sampler.batch_size == 2


@pytest.mark.parametrize(("batches", "expected"), [(1, 1), (2, 2), (9, 3)])
def test_part_of_an_epoch(batches: int, expected: int) -> None:
    loader = build(num_batch_per_epoch=batches)
    assert len(list(loader)) == expected
    assert loader.dataset.metainfo == Letters.metainfo


def test_seed_goes_to_the_sampler_unless_ranks_differ() -> None:
    shuffled = {"type": "DefaultSampler", "shuffle": True}
    assert build(seed=11, sampler=shuffled).sampler.seed == 11
    assert build(seed=11, diff_rank_seed=True, sampler=shuffled).sampler.seed != 11


class Draws(Dataset):
    """What the generators of a worker draw."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> float:
        return float(torch.rand(()))


def test_workers_are_seeded() -> None:
    draws = [list(build(seed=3, dataset=Draws(), num_workers=2)) for _ in range(2)]
    assert draws[0] == draws[1]
    assert len({value for batch in draws[0] for value in batch}) == 4


def test_worker_init_fn_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple] = []
    monkeypatch.setitem(
        FUNCTIONS._module_dict, "init", lambda worker_id, by=0: calls.append((worker_id, by))
    )
    for given in ({"type": "init", "by": 7}, lambda worker_id: calls.append((worker_id, 0))):
        build(worker_init_fn=given).worker_init_fn(2)
    assert calls == [(2, 7), (2, 0)]


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"dataset": "left out"}, KeyError, "dataset"),
        ({"dataset": {"type": "Leters", "size": 3}}, KeyError, "Letters"),
        ({"collate_fn": "joined"}, TypeError, "collate_fn should be a dict or a function"),
        ({"collate_fn": 3}, TypeError, "collate_fn"),
        ({"collate_fn": {"by": "-"}}, KeyError, 'collate_fn needs a "type"'),
        ({"collate_fn": {"type": "default_colate"}}, KeyError, "default_collate"),
        ({"worker_init_fn": 3}, TypeError, "worker_init_fn"),
        ({"batchsize": 3}, TypeError, "batchsize"),
    ],
)
def test_configs_that_cannot_be_meant(changes: dict, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        build(**changes)


@pytest.mark.parametrize("given", [None, 3, "DataLoader"])
def test_something_else(given: Any) -> None:
    with pytest.raises(TypeError, match="dataloader should be a DataLoader or a dict"):
        Runner.build_dataloader(given)


def test_one_of_several_processes_needs_a_sampler(monkeypatch: pytest.MonkeyPatch) -> None:
    # Torch's own samplers would let every process read all samples.
    monkeypatch.setattr("mmlight.runner.dataloader.get_world_size", lambda: 2)
    with pytest.raises(KeyError, match="sampler"):
        build(sampler="left out")
