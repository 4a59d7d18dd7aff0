from collections import namedtuple

import numpy as np
import pytest
import torch

from mmlight.dist import cast_data_device, get_data_device

cpu, meta = torch.device("cpu"), torch.device("meta")


@pytest.mark.parametrize("device", [cpu, meta])
def test_get_data_device_of_containers(device):
    data = torch.zeros(2, device=device)
    for nested in (data, [data, data], (data,), {"a": data, "b": [data]}):
        assert get_data_device(nested) == device


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ([], ValueError, "should not be empty"),
        ({}, ValueError, "should not be empty"),
        (1, TypeError, "should be a Tensor, a sequence or a dict, but got 1"),
        (["a"], TypeError, "but got 'a'"),
        ([torch.zeros(1), torch.zeros(1, device="meta")], ValueError, "cpu and meta"),
        ({"a": torch.zeros(1), "b": torch.zeros(1, device="meta")}, ValueError, "cpu and meta"),
    ],
)
def test_get_data_device_says_what_is_wrong(data, error, message):
    with pytest.raises(error, match=message):
        get_data_device(data)


def test_cast_data_device_moves_at_any_depth():
    data = {"a": torch.zeros(2), "b": [torch.zeros(1), (torch.zeros(3),)]}
    moved = cast_data_device(data, meta)
    assert get_data_device(moved) == meta
    assert isinstance(moved["b"], list) and isinstance(moved["b"][1], tuple)
    assert get_data_device(data) == cpu


def test_cast_data_device_keeps_named_tuples():
    Pair = namedtuple("Pair", "image label")
    moved = cast_data_device(Pair(torch.zeros(2), [torch.ones(1)]), meta)
    assert isinstance(moved, Pair) and moved.image.device == moved.label[0].device == meta


def test_a_tensor_that_is_there_stays_the_same_object():
    data = torch.zeros(2)
    assert cast_data_device(data, cpu) is data


def test_cast_data_device_into_other_tensors():
    data = {"a": torch.ones(2), "b": [torch.arange(3)]}
    out = {"a": torch.zeros(2), "b": [torch.zeros(3, dtype=torch.int64)]}
    target = out["a"]
    result = cast_data_device(data, cpu, out=out)
    assert target.tolist() == [1, 1] and result["a"] is target
    assert out["b"][0].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("data", "out", "error", "message"),
    [
        (1, None, TypeError, "but got 1"),
        ("abc", None, TypeError, "but got 'abc'"),
        (np.zeros(2), None, TypeError, "a list of them or a dict, but got array"),
        ([], None, ValueError, "should not be empty"),
        ({}, None, ValueError, "should not be empty"),
        ([torch.ones(1)], torch.ones(1), TypeError, "out should be a <class 'list'>"),
        ({"a": torch.ones(1)}, {"b": torch.ones(1)}, ValueError, r"keys \['a'\], but has \['b'\]"),
        ([torch.ones(1)], [torch.ones(1)] * 2, ValueError, "1 items like data, but has 2"),
        (torch.ones(2), torch.ones(1), ValueError, r"shape \(2,\), but has \(1,\)"),
    ],
)
def test_cast_data_device_says_what_is_wrong(data, out, error, message):
    with pytest.raises(error, match=message):
        cast_data_device(data, cpu, out=out)
