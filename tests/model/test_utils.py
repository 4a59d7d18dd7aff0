"""Small tools that models share."""

import logging

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import fx, nn

from mmlight.logging import MMLogger
from mmlight.model import detect_anomalous_params, merge_dict, stack_batch

SHAPES = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=4)


@given(SHAPES, st.integers(1, 5), st.floats(-3, 3, width=32))
def test_stacked_tensors_stand_at_the_top_left(shapes, divisor, value):
    tensors = [torch.full((2, *shape), 7.0) for shape in shapes]
    batch = stack_batch(tensors, divisor, value)
    assert batch.shape[:2] == (len(shapes), 2)
    for axis in (0, 1):
        size = max(shape[axis] for shape in shapes)
        assert batch.shape[2 + axis] % divisor == 0
        assert size <= batch.shape[2 + axis] < size + divisor
    for item, (height, width) in zip(batch, shapes, strict=True):
        assert (item[:, :height, :width] == 7.0).all()
        assert (item[:, height:] == value).all() and (item[:, :, width:] == value).all()


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ((torch.ones(1, 1),), "Expected input type to be list"),
        ([], "could not be an empty list"),
        ([torch.ones(3, 2, 2), torch.ones(2, 2)], r"dimensions of all tensors must be the same"),
        ([torch.ones(3, 2, 2), torch.ones(1, 2, 2)], r"the channels, to be the same.*\[3, 1\]"),
    ],
)
def test_what_cannot_be_stacked(tensors, message):
    with pytest.raises(AssertionError, match=message):
        stack_batch(tensors)


def test_what_is_no_tensor_is_not_stacked():
    with pytest.raises(TypeError, match="must hold tensors, but got <class 'list'>"):
        stack_batch([torch.ones(1, 2), [1, 2]])


def test_merge_dict():
    first = {"a": 1}
    assert merge_dict(first, {"b": 2}, {"a": 3}) == {"a": 3, "b": 2}
    assert first == {"a": 1} and merge_dict() == {}
    with pytest.raises(AssertionError, match="should be a dict, but got <class 'list'>"):
        merge_dict({}, [1])


def test_merge_dict_can_be_traced():
    class Net(nn.Module):
        def forward(self, data, x):
            return merge_dict({"a": x}, data, {"b": x + 1})

    traced = fx.symbolic_trace(Net())
    assert merge_dict in {node.target for node in traced.graph.nodes}
    assert traced({"a": 5, "c": 6}, torch.zeros(1)) == {"a": 5, "b": torch.ones(1), "c": 6}


def test_parameters_that_the_loss_does_not_depend_on_are_logged():
    records = []
    handler = logging.Handler()
    handler.emit = records.append
    MMLogger.get_instance("test").addHandler(handler)
    net = nn.ModuleDict({"used": nn.Linear(1, 2), "idle": nn.Linear(3, 1, bias=False)})
    net["frozen"] = nn.Linear(1, 1).requires_grad_(False)
    detect_anomalous_params(net["used"](torch.ones(1)).sum(), net)
    assert [(r.levelno, r.getMessage().strip()) for r in records] == [
        (
            logging.ERROR,
            "idle.weight with shape torch.Size([1, 3]) is not in the computational graph",
        )
    ]
