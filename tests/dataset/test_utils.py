"""Seeding of workers, and how samples become a batch."""

import random
import warnings
from collections import OrderedDict, namedtuple

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmlight.dataset import default_collate, pseudo_collate, worker_init_fn
from mmlight.registry import FUNCTIONS
from mmlight.structures import BaseDataElement

Pair = namedtuple("Pair", "a b")


def test_each_worker_has_seeds_of_its_own():
    def draws(*worker):
        worker_init_fn(*worker)
        return random.random(), np.random.rand(), torch.rand(1).item()

    workers = [(w, 2, rank, 7) for rank in (0, 1) for w in (0, 1)]
    drawn = [draws(*worker) for worker in workers]
    assert len({first for first, _, _ in drawn}) == 4
    assert drawn == [draws(*worker) for worker in workers]
    np.random.seed(7 + 2 * 1 + 1)
    assert drawn[3][1] == np.random.rand()


@pytest.mark.parametrize(("worker_id", "heard"), [(0, 1), (1, 0)])
def test_only_the_first_worker_may_warn(worker_id, heard):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        worker_init_fn(worker_id, 2, 0, 0, disable_subprocess_warning=True)
        warnings.warn("something", stacklevel=1)
    assert len(caught) == heard


@given(
    st.recursive(
        st.integers(-5, 5),
        lambda inner: st.one_of(
            st.tuples(inner, inner),
            st.lists(inner, min_size=1, max_size=3),
            st.dictionaries(st.sampled_from("abc"), inner, min_size=1),
        ),
        max_leaves=6,
    ),
    st.integers(1, 4),
)
def test_collating_copies_of_a_sample_repeats_its_leaves(sample, count):
    def leaves(value):
        if isinstance(value, dict):
            return [leaf for key in value for leaf in leaves(value[key])]
        if isinstance(value, (list, tuple)):
            return [leaf for item in value for leaf in leaves(item)]
        return [value]

    expected = [leaf for leaf in leaves(sample) for _ in range(count)]
    assert leaves(pseudo_collate([sample] * count)) == expected
    stacked = leaves(default_collate([sample] * count))
    assert [x for tensor in stacked for x in tensor.tolist()] == expected


def test_pseudo_collate_stacks_nothing():
    element = BaseDataElement(x=1)
    tensor = torch.ones(2)
    batch = pseudo_collate(
        [{"inputs": tensor, "data_samples": element}, {"inputs": tensor, "data_samples": element}]
    )
    assert batch["inputs"][1] is tensor and batch["data_samples"] == [element, element]
    assert pseudo_collate([(1, "x"), (2, "y")]) == [(1, 2), ("x", "y")]


def test_default_collate_stacks_numbers_arrays_and_tensors():
    element = BaseDataElement(x=1)
    sample = {"t": torch.ones(2), "a": np.zeros(3), "f": 1.5, "s": "x", "e": element}
    batch = default_collate([sample, sample])
    assert batch["t"].shape == (2, 2)
    assert batch["a"].shape == (2, 3) and batch["a"].dtype == torch.float64
    assert batch["f"].tolist() == [1.5, 1.5]
    assert batch["s"] == ["x", "x"]
    assert batch["e"] == [element, element]


@pytest.mark.parametrize("collate", [pseudo_collate, default_collate])
def test_types_of_containers_stay(collate):
    assert type(collate([Pair(1, 2), Pair(3, 4)])) is Pair
    assert type(collate([OrderedDict(a=1), OrderedDict(a=2)])) is OrderedDict
    with pytest.raises(RuntimeError, match=r"as many items, but got \[1, 2\]"):
        collate([[1], [1, 2]])


def test_collate_functions_are_registered():
    assert FUNCTIONS.get("pseudo_collate") is pseudo_collate
    assert FUNCTIONS.get("default_collate") is default_collate
