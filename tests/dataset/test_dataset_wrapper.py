"""Datasets made of other datasets."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import TensorDataset

from mmlight.dataset import BaseDataset, ClassBalancedDataset, ConcatDataset, RepeatDataset
from mmlight.registry import DATASETS


@DATASETS.register_module(force=True)
class CountedNumbers(BaseDataset):
    def __init__(self, count=3, cats=(), **kwargs):
        self.count = count
        self.cats = cats
        super().__init__(**kwargs)

    def load_data_list(self):
        return [{"n": n} for n in range(self.count)]

    def get_cat_ids(self, idx):
        return self.cats[idx] if self.cats else super().get_cat_ids(idx)


def numbers(dataset):
    return [dataset[i]["n"] for i in range(len(dataset))]


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_concatenation(counts):
    dataset = ConcatDataset([CountedNumbers(count) for count in counts])
    expected = [n for count in counts for n in range(count)]
    assert numbers(dataset) == expected
    assert [dataset[i - len(expected)]["n"] for i in range(len(expected))] == expected
    assert [dataset.get_data_info(i)["n"] for i in range(len(expected))] == expected


@given(st.integers(1, 4), st.integers(0, 4))
def test_repetition(count, times):
    dataset = RepeatDataset(CountedNumbers(count), times)
    assert numbers(dataset) == list(range(count)) * times
    if times:
        assert dataset[-1]["n"] == dataset.get_data_info(count * times - 1)["n"] == count - 1


def test_balance():
    cats = [[0], [0], [0], [0, 1], [], [0], [0], [0], [2], [2]]
    dataset = ClassBalancedDataset(CountedNumbers(10, cats), oversample_thr=0.9)
    # The factors are sqrt(0.9 / 0.7) of class 0, sqrt(0.9 / 0.1) = 3 of 1, sqrt(0.9 / 0.2) of 2.
    times = [2, 2, 2, 3, 1, 2, 2, 2, 3, 3]
    assert numbers(dataset) == [n for n, count in enumerate(times) for _ in range(count)]
    assert dataset.get_cat_ids(6) == [0, 1]
    assert numbers(ClassBalancedDataset(CountedNumbers(10, cats), 1e-3)) == list(range(10))


@pytest.mark.parametrize(
    ("kind", "kwargs"),
    [
        (ConcatDataset, {"datasets": [{"type": "CountedNumbers", "lazy_init": True}]}),
        (RepeatDataset, {"dataset": {"type": "CountedNumbers", "lazy_init": True}, "times": 1}),
        (
            ClassBalancedDataset,
            {
                "dataset": {
                    "type": "CountedNumbers",
                    "cats": [[0], [0], [1]],
                    "lazy_init": True,
                },
                "oversample_thr": 0.1,
            },
        ),
    ],
)
def test_configs_lazy_initialisation_and_refused_subsets(kind, kwargs):
    dataset = kind(**kwargs, lazy_init=True)
    inner = dataset.datasets[0] if kind is ConcatDataset else dataset.dataset
    assert dataset.metainfo == {} and not inner._fully_initialized
    assert dataset[2]["n"] == 2
    assert inner._fully_initialized and len(dataset) == 3
    assert len(kind(**kwargs, lazy_init=True)) == 3
    dataset.full_init()
    for wrong in (3, -4):
        with pytest.raises((IndexError, ValueError), match=r"of 3 samples|length"):
            dataset[wrong]
    for method in (dataset.get_subset, dataset.get_subset_):
        with pytest.raises(NotImplementedError, match=f"`{kind.__name__}` does not support"):
            method([0])


@pytest.mark.parametrize("wrong", [3, [1, 2], "CountedNumbers"])
def test_what_is_no_dataset(wrong):
    for build in (
        lambda: ConcatDataset([wrong]),
        lambda: RepeatDataset(wrong, 2),
        lambda: ClassBalancedDataset(wrong, 0.1),
    ):
        with pytest.raises(TypeError, match="should be config or dataset instance"):
            build()


@pytest.mark.parametrize(
    "wrong", [CountedNumbers(), {"type": "CountedNumbers"}, "CountedNumbers", 3]
)
def test_what_is_no_sequence_of_datasets(wrong):
    with pytest.raises(TypeError, match="datasets should be a sequence of configs or datasets"):
        ConcatDataset(wrong)


@pytest.mark.parametrize(
    ("times", "error", "message"),
    [
        ("2", TypeError, "times should be an int, but got <class 'str'>"),
        (1.5, TypeError, "times should be an int, but got <class 'float'>"),
        (-1, ValueError, "times should not be negative, but got -1"),
    ],
)
def test_wrong_times(times, error, message):
    with pytest.raises(error, match=message):
        RepeatDataset(CountedNumbers(), times)


def test_a_wrong_threshold():
    with pytest.raises(TypeError, match=r"oversample_thr should be a number, but got .*str"):
        ClassBalancedDataset(CountedNumbers(cats=[[0]] * 3), "0.1")


def test_balance_of_wrapped_datasets():
    inner = ConcatDataset([CountedNumbers(cats=[[0], [0], [0]]), CountedNumbers(1, cats=[[1]])])
    balanced = ClassBalancedDataset(RepeatDataset(inner, 2), oversample_thr=1.0)
    assert numbers(balanced) == [0, 0, 1, 1, 2, 2, 0, 0] * 2
    assert [balanced.get_cat_ids(n) for n in (5, 7)] == [[0], [1]]


def test_balance_of_a_dataset_that_tells_no_categories():
    with pytest.raises(NotImplementedError, match=r"TensorDataset.* must implement `get_cat_ids`"):
        ClassBalancedDataset(TensorDataset(torch.arange(2)), 0.1)


def test_balance_needs_categories():
    with pytest.raises(NotImplementedError, match="must implement `get_cat_ids`"):
        ClassBalancedDataset(CountedNumbers(), 0.1)


def test_nothing_to_concatenate():
    with pytest.raises(ValueError, match="at least one dataset"):
        ConcatDataset([])


ARRAY = {"palette": np.zeros(3)}


@pytest.mark.parametrize(
    ("first", "second", "error", "message"),
    [
        ({"a": 1}, {}, ValueError, "a is not in the meta information of dataset 1"),
        ({}, {"a": 1}, ValueError, "a is not in the meta information of dataset 0"),
        ({"a": 1}, {"a": 2}, ValueError, "differs from that of dataset 0 in a: 2 and 1"),
        ({"a": 1}, {"a": [1]}, TypeError, "The type <class 'list'> of a in dataset 1"),
        (ARRAY, {"palette": np.ones(3)}, ValueError, "differs from that of dataset 0 in palette"),
    ],
)
def test_meta_information_must_agree(first, second, error, message):
    datasets = [CountedNumbers(metainfo=first), CountedNumbers(metainfo=second)]
    with pytest.raises(error, match=message):
        ConcatDataset(datasets)
    key = next(iter({**first, **second}))
    assert len(ConcatDataset(datasets, ignore_keys=key)) == 6
    assert ConcatDataset(datasets, ignore_keys=[key]).metainfo.keys() == first.keys()


def test_equal_meta_information():
    datasets = [CountedNumbers(metainfo={"palette": np.zeros(3)}) for _ in range(2)]
    assert len(ConcatDataset(datasets)) == 6
    with pytest.raises(TypeError, match="ignore_keys should be a list or str"):
        ConcatDataset(datasets, ignore_keys=3)


def test_wrappers_of_wrappers_and_of_other_datasets():
    inner = RepeatDataset(ConcatDataset([CountedNumbers(2), CountedNumbers(1)]), 2)
    assert numbers(ConcatDataset([inner, inner])) == [0, 1, 0] * 4
    tensors = TensorDataset(torch.arange(2))
    assert [item[0].item() for item in RepeatDataset(tensors, 2)] == [0, 1, 0, 1]
    assert DATASETS.build({"type": "RepeatDataset", "dataset": tensors, "times": 5})[9][0] == 1
