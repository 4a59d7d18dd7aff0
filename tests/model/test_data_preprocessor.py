"""Batches on their way into a model."""

from collections import OrderedDict, namedtuple

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmlight.generative.models import DataPreprocessor
from mmlight.model import BaseDataPreprocessor, ImgDataPreprocessor
from mmlight.structures import BaseDataElement

Pair = namedtuple("Pair", "a b")


def test_tensors_that_are_on_the_device_are_passed_on():
    tensor = torch.ones(2)
    data = {
        "inputs": [tensor, (tensor,)],
        "pair": Pair(tensor, 1),
        "ordered": OrderedDict(a=tensor),
        "names": ["x", b"y", None, 3, {4}],
    }
    out = BaseDataPreprocessor()(data)
    assert out == data and out is not data
    found = [out["inputs"][0], out["inputs"][1][0], out["pair"].a, out["ordered"]["a"]]
    assert all(item is tensor for item in found)
    assert type(out["pair"]) is Pair and type(out["inputs"][1]) is tuple


@given(
    st.recursive(
        st.sampled_from([torch.zeros(1), "text", None, 1.5]),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.tuples(inner, inner),
            st.dictionaries(st.sampled_from("abc"), inner),
        ),
    )
)
def test_every_tensor_is_moved_and_the_structure_stays(data):
    def leaves(value):
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, (list, tuple)):
            return [leaf for item in value for leaf in leaves(item)]
        return [value]

    moved = BaseDataPreprocessor().to("meta").cast_data(data)
    assert type(moved) is type(data)
    for before, after in zip(leaves(data), leaves(moved), strict=True):
        if isinstance(before, torch.Tensor):
            assert after.device.type == "meta"
        else:
            assert after is before


def test_data_elements_are_moved_as_copies():
    element = BaseDataElement(scores=torch.ones(2))
    moved = BaseDataPreprocessor().to("meta").cast_data([element])[0]
    assert moved.scores.device.type == "meta"
    assert element.scores.device.type == "cpu"


class HostTensor(torch.Tensor):
    """Says that it is pinned or not, and notes how it is copied to a device."""

    pinned = True
    waits: list[bool] = []

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func is torch.Tensor.is_pinned:
            return cls.pinned
        if func is torch.Tensor.to:
            cls.waits.append(not kwargs["non_blocking"])
        with torch._C.DisableTorchFunctionSubclass():
            return func(*args, **(kwargs or {}))


@pytest.mark.parametrize(
    ("pinned", "argument", "waits"),
    [
        (True, {}, False),
        (True, {"non_blocking": None}, False),
        (False, {}, True),
        (True, {"non_blocking": False}, True),
        (False, {"non_blocking": True}, False),
    ],
)
@pytest.mark.parametrize("kind", [BaseDataPreprocessor, ImgDataPreprocessor, DataPreprocessor])
def test_copies_from_pinned_memory_are_not_waited_for(kind, pinned, argument, waits, monkeypatch):
    monkeypatch.setattr(HostTensor, "pinned", pinned)
    monkeypatch.setattr(HostTensor, "waits", [])
    images = torch.zeros(2, 3, 4, 4).as_subclass(HostTensor)
    samples = [{"label": torch.zeros(1).as_subclass(HostTensor)}]
    preprocessor = kind(**argument).to("meta")
    out = preprocessor({"inputs": images, "data_samples": samples})
    assert out["inputs"].device.type == out["data_samples"][0]["label"].device.type == "meta"
    assert HostTensor.waits == [waits, waits]


def test_images_of_a_list_are_normalised_then_padded():
    preprocessor = ImgDataPreprocessor(
        mean=[1, 2, 3], std=[2, 2, 2], pad_size_divisor=4, pad_value=9, bgr_to_rgb=True
    )
    images = [torch.full((3, 4, 5), 5, dtype=torch.uint8), torch.full((3, 2, 2), 5.0)]
    images[1][2] = 7  # red, in BGR
    out = preprocessor({"inputs": images, "data_samples": ["a", "b"]})
    assert out["data_samples"] == ["a", "b"]
    assert out["inputs"].shape == (2, 3, 4, 8)
    assert out["inputs"].dtype == torch.float32
    assert out["inputs"][0, :, 0, 0].tolist() == [2.0, 1.5, 1.0]
    assert out["inputs"][1, :, 0, 0].tolist() == [3.0, 1.5, 1.0]
    assert out["inputs"][1, 0, :, 3].tolist() == [9.0] * 4


def test_a_batch_tensor_is_padded_too():
    out = ImgDataPreprocessor(pad_size_divisor=8)({"inputs": torch.ones(2, 1, 5, 8)})
    assert out["inputs"].shape == (2, 1, 8, 8)
    assert out["inputs"].sum() == 2 * 5 * 8
    assert out["data_samples"] is None


@pytest.mark.parametrize("inputs", [torch.ones(2, 3, 5, 4), [torch.ones(3, 5, 4)] * 2])
def test_a_divisor_of_0_pads_to_the_largest_image_alone(inputs):
    preprocessor = ImgDataPreprocessor(pad_size_divisor=0)
    assert preprocessor({"inputs": inputs})["inputs"].shape == (2, 3, 5, 4)


def test_gray_values_apply_to_all_channels():
    out = ImgDataPreprocessor(mean=[1], std=[2])({"inputs": [torch.full((3, 1, 1), 5.0)]})
    assert out["inputs"].flatten().tolist() == [2.0, 2.0, 2.0]


def test_mean_and_std_are_no_weights_but_move_along():
    preprocessor = ImgDataPreprocessor(mean=[1], std=[2])
    assert preprocessor.state_dict() == {}
    assert preprocessor.to("meta").mean.device.type == "meta"


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"bgr_to_rgb": True, "rgb_to_bgr": True}, "cannot both be True"),
        ({"mean": [1]}, "both None or both given"),
        ({"std": [1]}, "both None or both given"),
        ({"mean": [1, 2], "std": [1]}, "`mean` should have 1 value .* or 3"),
        ({"mean": [1], "std": [1, 2]}, "`std` should have 1 value .* or 3"),
    ],
)
def test_wrong_arguments(kwargs, message):
    with pytest.raises(AssertionError, match=message):
        ImgDataPreprocessor(**kwargs)


@pytest.mark.parametrize(
    ("inputs", "error", "message"),
    [
        (torch.ones(3, 2, 2), AssertionError, "should be a NCHW tensor or a list of tensor"),
        (torch.ones(2, 2, 2, 2), AssertionError, "If the mean has 3 values"),
        ([torch.ones(2, 3, 2, 2)], AssertionError, r"got the tensor with shape .*\[2, 3, 2, 2\]"),
        ([torch.ones(2, 2)], AssertionError, r"got the tensor with shape .*\[2, 2\]"),
        ([torch.ones(1, 2, 2)], AssertionError, "If the mean has 3 values"),
        ("image.png", TypeError, "but got <class 'str'>: 'image.png'"),
        ([torch.ones(3, 2, 2), "image.png"], TypeError, "list of tensors"),
    ],
)
def test_wrong_inputs(inputs, error, message):
    with pytest.raises(error, match=message):
        ImgDataPreprocessor(mean=[1, 2, 3], std=[1, 1, 1])({"inputs": inputs})


@pytest.mark.parametrize("name", ["bgr_to_rgb", "rgb_to_bgr"])
def test_a_text_is_no_truth_value(name):
    with pytest.raises(TypeError, match=f"`{name}` should be True or False, but got 'false'"):
        ImgDataPreprocessor(**{name: "false"})
