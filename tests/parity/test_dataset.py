"""Samplers, collate functions and datasets against MMEngine's."""

from __future__ import annotations

import json

import pytest

from tests.parity.compare import assert_same


def sampled(engine, kind, kwargs):
    import importlib
    from itertools import islice, product
    from unittest.mock import patch

    sampler_module = importlib.import_module(f"{engine}.dataset.sampler")
    results = {}
    for seed, (size, world_size) in product(
        (0, 1, 12345), ((1, 1), (10, 2), (7, 3), (23, 4), (3, 8))
    ):
        for rank in range(world_size):
            dist_info = lambda info=(rank, world_size): info  # noqa: E731
            with patch.object(sampler_module, "get_dist_info", dist_info):
                sampler = getattr(sampler_module, kind)(range(size), seed=seed, **kwargs)
            epochs = []
            for epoch in range(3):
                sampler.set_epoch(epoch)
                epochs.append(list(islice(sampler, 3 * size + 1)))
                if kind == "InfiniteSampler":
                    break
            results[seed, size, world_size, rank] = epochs, len(sampler)
    return results


@pytest.mark.parametrize(
    ("kind", "kwargs"),
    [
        ("DefaultSampler", {}),
        ("DefaultSampler", {"round_up": False}),
        ("DefaultSampler", {"shuffle": False}),
        ("InfiniteSampler", {}),
        ("InfiniteSampler", {"shuffle": False}),
    ],
    ids=str,
)
def test_order_of_samples_in_several_processes(both, kind, kwargs):
    theirs, ours = both(sampled, kind, kwargs)
    assert_same(ours, theirs)


def collated(engine, name):
    import importlib
    from collections import OrderedDict, namedtuple

    import numpy as np
    import torch

    function = getattr(importlib.import_module(f"{engine}.dataset"), name)
    element = importlib.import_module(f"{engine}.structures").BaseDataElement
    Pair = namedtuple("Pair", "a b")

    def shown(value):
        if isinstance(value, torch.Tensor):
            return "tensor", str(value.dtype), value.tolist()
        if isinstance(value, element):
            return "element", value.n
        if isinstance(value, dict):
            return type(value).__name__, [(key, shown(item)) for key, item in value.items()]
        if isinstance(value, (list, tuple)):
            return type(value).__name__, [shown(item) for item in value]
        return type(value).__name__, str(value)

    results = []
    for batch in (
        [1, 2],
        [1.5, 2.5],
        [True, False],
        [np.float32(1), np.float32(2)],
        [torch.ones(2), torch.zeros(2)],
        [np.ones((2, 2)), np.zeros((2, 2))],
        ["a", "b"],
        [b"a", b"b"],
        [(1, "x"), (2, "y")],
        [[1, 2.5], [3, 4.5]],
        [[], []],
        [{}, {}],
        [Pair(1, "x"), Pair(2, "y")],
        [range(2), range(2)],
        [{"inputs": torch.ones(1), "n": 1}, {"inputs": torch.zeros(1), "n": 2}],
        [OrderedDict(a=1), OrderedDict(a=2)],
        [{"a": 1}, {"a": 2, "b": 3}],
        [element(n=1), element(n=2)],
        [{"s": element(n=1), "m": {"k": [1, 2]}}, {"s": element(n=2), "m": {"k": [3, 4]}}],
        (element(n=1), element(n=2)),
        (1, 2),
        [(torch.ones(1), element(n=1)), (torch.ones(1), element(n=2))],
        [[1], [1, 2]],
        [None, None],
        [{"a": 1}, {"b": 1}],
    ):
        try:
            results.append(shown(function(batch)))
        except (RuntimeError, TypeError, KeyError) as error:
            results.append(type(error).__name__)
    return results


@pytest.mark.parametrize("name", ["pseudo_collate", "default_collate"])
def test_collated_batches(both, name):
    theirs, ours = both(collated, name)
    assert_same(ours, theirs)


def seeded_workers(engine):
    import importlib
    import random

    import numpy as np
    import torch

    dataset = importlib.import_module(f"{engine}.dataset")
    draws = []
    for worker in ((0, 1, 0, 0), (3, 4, 0, 7), (1, 2, 5, 123456)):
        dataset.worker_init_fn(*worker)
        draws.append((random.random(), np.random.rand(3), torch.rand(3)))
    return draws


def test_seeds_of_workers(both):
    theirs, ours = both(seeded_workers)
    assert_same(ours, theirs)


@pytest.fixture
def ann_file(tmp_path):
    path = tmp_path / "ann.json"
    entries = [{"img_path": f"{n}.jpg", "n": n, "cats": [n % 3 == 0, 5]} for n in range(10)]
    path.write_text(json.dumps({"metainfo": {"task": "file", "version": 1}, "data_list": entries}))
    return path


def read(engine, folder, wrapper, wrapper_kwargs, cases):
    import importlib

    import numpy as np

    module = importlib.import_module(f"{engine}.dataset")

    class Numbers(module.BaseDataset):
        METAINFO = {"task": "class", "name": "numbers"}

        def filter_data(self):
            if self.filter_cfg is None:
                return self.data_list
            return [item for item in self.data_list if item["n"] >= self.filter_cfg["least"]]

        def get_cat_ids(self, idx):
            return self.get_data_info(idx)["cats"]

        def prepare_data(self, idx):
            data = super().prepare_data(idx)
            return None if data["n"] == 4 else data

    results = []
    for kwargs in cases:
        np.random.seed(0)
        dataset = Numbers(ann_file="ann.json", data_root=folder, **kwargs)
        if wrapper == "ConcatDataset":
            dataset = module.ConcatDataset([dataset, dataset])
        elif wrapper:
            dataset = getattr(module, wrapper)(dataset, **wrapper_kwargs)
        length = len(dataset)
        items = [dataset[n] for n in range(1 - length, length)]
        infos = [dataset.get_data_info(n) for n in range(length)]
        results.append((length, dataset.metainfo, items, infos, np.random.rand()))
    return results


@pytest.mark.parametrize("serialize_data", [True, False])
def test_datasets(both, ann_file, serialize_data):
    cases = [
        {},
        {"data_prefix": {"img_path": "imgs"}, "metainfo": {"task": "given", "x": 2}},
        {"data_prefix": {"img_path": "/imgs/"}, "indices": 7},
        {"indices": -3},
        {"indices": [1, 9, 1, -2], "filter_cfg": {"least": 0}},
        {"filter_cfg": {"least": 6}},
    ]
    cases = [{**case, "serialize_data": serialize_data} for case in cases]
    theirs, ours = both(read, str(ann_file.parent), None, {}, cases)
    assert_same(ours, theirs)


@pytest.mark.parametrize(
    ("wrapper", "wrapper_kwargs"),
    [
        ("ConcatDataset", {}),
        ("RepeatDataset", {"times": 3}),
        ("ClassBalancedDataset", {"oversample_thr": 0.9}),
        ("ClassBalancedDataset", {"oversample_thr": 1e-3}),
    ],
    ids=str,
)
def test_wrapped_datasets(both, ann_file, wrapper, wrapper_kwargs):
    theirs, ours = both(read, str(ann_file.parent), wrapper, wrapper_kwargs, [{}])
    assert_same(ours, theirs)


def subsets(engine, folder, serialize_data):
    import importlib

    module = importlib.import_module(f"{engine}.dataset")
    results, kept = [], []
    for indices in (0, 3, -3, 9, [2, 0, 9, 2], (-1, 4), []):
        for in_place in (False, True):
            dataset = module.BaseDataset(
                ann_file="ann.json", data_root=folder, serialize_data=serialize_data
            )
            part = dataset if in_place else dataset.get_subset(indices)
            if in_place:
                dataset.get_subset_(indices)
            # MMEngine takes an object for another whose place in memory it has.
            kept.append((dataset, part))
            items = [part[n] for n in range(len(part))]
            results.append((indices, in_place, items, len(dataset), part.metainfo))
    return results


@pytest.mark.parametrize("serialize_data", [True, False])
def test_subsets(both, ann_file, serialize_data):
    theirs, ours = both(subsets, str(ann_file.parent), serialize_data)
    assert_same(ours, theirs)
