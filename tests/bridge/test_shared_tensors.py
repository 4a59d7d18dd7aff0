"""What is equal is held once."""

import io
import pickle

import torch

from mmlight.bridge.shared_tensors import share_equal


def saved_bytes(tree):
    file = io.BytesIO()
    torch.save(tree, file)
    return file.tell()


def test_equal_tensors_are_saved_once_and_stay_what_they_were():
    def tree():
        return {"a": torch.arange(5000), "b": [torch.arange(5000), 3], "c": torch.arange(5001)}

    shared = share_equal(tree())
    assert shared["a"] is shared["b"][0]
    for one, other in ((shared["a"], tree()["a"]), (shared["c"], tree()["c"])):
        assert torch.equal(one, other)
    assert saved_bytes(shared) < saved_bytes(tree()) - 5000 * 8
    assert len(pickle.dumps(shared)) < len(pickle.dumps(tree())) - 5000 * 8


def test_only_what_is_the_same_in_all_is_shared():
    values = [
        torch.zeros(4),
        torch.zeros(2, 2),
        torch.zeros(4, dtype=torch.int32),
        torch.zeros(4, requires_grad=True),
        torch.ones(4),
        torch.tensor(-0.0),
        torch.tensor(0.0),
        torch.zeros(0),
        torch.nn.Parameter(torch.zeros(4)),
    ]
    shared = share_equal(values)
    assert all(one is other for one, other in zip(shared, values, strict=True))
    assert len({id(value) for value in shared}) == len(values)
