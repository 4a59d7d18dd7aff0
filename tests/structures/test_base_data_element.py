"""BaseDataElement: fields, copies, and what it does to all tensors at once."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmlight.structures import BaseDataElement

NAMES = st.text("abcdefgh", min_size=1, max_size=4).filter(
    lambda name: not hasattr(BaseDataElement, name)
)


class Sample(BaseDataElement):
    """A subclass in the documented style, with a typed property."""

    @property
    def gt_instances(self):
        return self._gt_instances

    @gt_instances.setter
    def gt_instances(self, value):
        self.set_field(value, "_gt_instances", dtype=BaseDataElement)

    @gt_instances.deleter
    def gt_instances(self):
        del self._gt_instances


@pytest.fixture
def element() -> BaseDataElement:
    return BaseDataElement(
        metainfo={"img_shape": (4, 6), "ids": [1]},
        scores=torch.ones(2, requires_grad=True),
        boxes=np.zeros((2, 4)),
        inner=BaseDataElement(metainfo={"part": 1}, mask=torch.zeros(3)),
        names=["a", "b"],
    )


@given(meta=st.dictionaries(NAMES, st.integers()), data=st.dictionaries(NAMES, st.integers()))
def test_is_two_dicts_in_one(meta: dict, data: dict) -> None:
    if set(meta) & set(data):
        with pytest.raises(AttributeError, match="metainfo already"):
            BaseDataElement(metainfo=meta, **data)
        return
    element = BaseDataElement(metainfo=meta, **data)
    assert element.metainfo == meta and dict(element.metainfo_items()) == meta
    assert element.metainfo_keys() == list(meta) and element.metainfo_values() == [*meta.values()]
    assert dict(element.items()) == data
    assert element.keys() == list(data) and element.values() == [*data.values()]
    assert element.all_keys() == [*meta, *data]
    assert element.all_values() == [*meta.values(), *data.values()]
    assert dict(element.all_items()) == element.to_dict() == {**meta, **data}
    for name, value in {**meta, **data}.items():
        assert name in element and getattr(element, name) == element.get(name) == value
        assert element.pop(name) == value and name not in element
        assert element.get(name, "gone") == element.pop(name, "gone") == "gone"
    assert element.all_keys() == []


def test_set_change_and_delete(element: BaseDataElement) -> None:
    element.scores = torch.zeros(1)
    element.set_metainfo({"img_shape": (1, 1)})
    assert element.scores.tolist() == [0] and element.img_shape == (1, 1)
    del element.scores
    del element.img_shape
    element.set_data({"labels": 3})
    assert element.keys() == ["boxes", "inner", "names", "labels"]
    assert element.metainfo_keys() == ["ids"]


def test_errors(element: BaseDataElement) -> None:
    with pytest.raises(AssertionError, match="metainfo must be a dict, but got list"):
        BaseDataElement(metainfo=[1])  # type: ignore[arg-type]
    with pytest.raises(AssertionError, match="data must be a dict"):
        element.set_data(1)  # type: ignore[arg-type]
    with pytest.raises(AssertionError, match="must be a BaseDataElement"):
        element.update({"a": 1})  # type: ignore[arg-type]
    with pytest.raises(AttributeError, match="img_shape cannot be set as data"):
        element.img_shape = (2, 2)
    with pytest.raises(AttributeError, match="scores cannot be set as metainfo"):
        element.set_metainfo({"scores": 1})
    with pytest.raises(AssertionError, match="'data' or 'metainfo'"):
        element.set_field(1, "a", field_type="other")
    with pytest.raises(AssertionError, match="a must be of type"):
        element.set_field(1, "a", dtype=(str, list))
    for change in (
        lambda: setattr(element, "_data_fields", {}),
        lambda: delattr(element, "_data_fields"),
    ):
        with pytest.raises(AttributeError, match="_data_fields is kept by BaseDataElement"):
            change()
    with pytest.raises(KeyError, match="'absent' is neither metainfo nor data"):
        element.pop("absent")
    with pytest.raises(AssertionError, match="a name and a default"):
        element.pop("a", 1, 2)
    with pytest.raises(AttributeError):
        getattr(element, "absent")  # noqa: B009
    assert element.img_shape == (4, 6)


def test_metainfo_is_copied_and_data_is_not() -> None:
    ids, scores = [1], torch.ones(1)
    element = BaseDataElement(metainfo={"ids": ids}, scores=scores)
    ids.append(2)
    assert element.ids == [1] and element.scores is scores
    assert element.new().ids is not element.ids


def test_new(element: BaseDataElement) -> None:
    assert element.new().scores is element.scores and element.new().metainfo == element.metainfo
    other = element.new(metainfo={"id": 3})
    assert other.metainfo == {"id": 3} and other.keys() == element.keys()
    other = element.new(labels=1)
    assert other.keys() == ["labels"] and other.metainfo == element.metainfo


def test_update(element: BaseDataElement) -> None:
    element.update(BaseDataElement(metainfo={"img_shape": (9, 9)}, names=["c"], extra=1))
    assert element.img_shape == (9, 9) and element.names == ["c"] and element.extra == 1


def test_tensor_methods_reach_nested_elements_and_leave_the_rest(element: BaseDataElement) -> None:
    half = element.to(torch.float16)
    assert half.scores.dtype == half.inner.mask.dtype == torch.float16
    assert half.boxes is element.boxes and half.names is element.names
    assert element.inner.mask.dtype == torch.float32
    detached = element.detach()
    assert not detached.scores.requires_grad and element.scores.requires_grad
    arrays = element.numpy()
    assert isinstance(arrays.scores, np.ndarray) and isinstance(arrays.inner.mask, np.ndarray)
    tensors = arrays.to_tensor()
    assert isinstance(tensors.boxes, torch.Tensor) and isinstance(tensors.inner.mask, torch.Tensor)
    moved = element.to("meta")
    assert moved.scores.device.type == moved.inner.mask.device.type == "meta"
    assert element.cpu().metainfo == element.metainfo and element.cpu().inner.part == 1


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_cuda_without_a_gpu(element: BaseDataElement) -> None:
    with pytest.raises((AssertionError, RuntimeError)):
        element.cuda()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_cuda(element: BaseDataElement) -> None:
    assert element.cuda().inner.mask.is_cuda and not element.cuda().cpu().inner.mask.is_cuda


class Pinnable(torch.Tensor):
    """Is pinned by being made 1, so that it takes no GPU."""

    def pin_memory(self, device=None):
        return torch.ones_like(self)


def test_pinning_reaches_every_tensor() -> None:
    zero = torch.zeros(1).as_subclass(Pinnable)
    element = BaseDataElement(a=zero, inner=BaseDataElement(b=zero, names=["x"]), metainfo={"n": 1})
    pinned = element.pin_memory()
    assert pinned.a.item() == pinned.inner.b.item() == 1
    assert pinned.inner.names == ["x"] and pinned.n == 1
    assert element.a.item() == 0


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_a_dataloader_pins_elements(element: BaseDataElement) -> None:
    loader = torch.utils.data.DataLoader([element], collate_fn=list, pin_memory=True)
    (batch,) = loader
    assert batch[0].scores.is_pinned() and batch[0].inner.mask.is_pinned()


@pytest.mark.parametrize(
    "copied",
    [BaseDataElement.clone, copy.deepcopy, lambda element: pickle.loads(pickle.dumps(element))],
)
def test_copies_are_deep(copied) -> None:
    element = Sample(metainfo={"ids": [1]}, boxes=torch.zeros(2), deep=[{"x": torch.zeros(1)}])
    element.gt_instances = BaseDataElement(labels=torch.zeros(1))
    other = copied(element)
    other.boxes += 1
    other.deep[0]["x"] += 1
    other.gt_instances.labels += 1
    other.ids.append(2)
    other.extra = 1
    assert element.boxes.tolist() == [0, 0] and element.deep[0]["x"].tolist() == [0]
    assert element.gt_instances.labels.tolist() == [0]
    assert element.ids == [1] and "extra" not in element
    assert type(other) is Sample and other.keys() == ["boxes", "deep", "gt_instances", "extra"]


@pytest.mark.parametrize("make", [list, dict, lambda: (torch.ones(1) * 2,)])
def test_what_is_one_object_stays_one_in_a_copy(make) -> None:
    shared = make()
    other = BaseDataElement(first=shared, second=[shared]).clone()
    assert other.first is other.second[0] and other.first is not shared


def test_a_list_that_holds_itself_can_be_copied() -> None:
    ring: list = []
    ring.append(ring)
    other = BaseDataElement(ring=ring).clone()
    assert other.ring[0] is other.ring and other.ring is not ring


def test_a_copy_inside_a_graph_stays_in_it() -> None:
    weight = torch.ones(2, requires_grad=True)
    element = BaseDataElement(scores=weight * 3)
    element.clone().scores.sum().backward()
    assert weight.grad is not None and weight.grad.tolist() == [3, 3]


def test_a_property_is_one_typed_field() -> None:
    sample = Sample(gt_instances=BaseDataElement(labels=1))
    assert sample.keys() == ["gt_instances"] and "gt_instances" in sample
    assert sample.to_dict() == {"gt_instances": {"labels": 1}}
    assert sample.new().gt_instances is sample.gt_instances
    assert sample.cpu().gt_instances.labels == 1
    with pytest.raises(AssertionError, match="_gt_instances must be of type"):
        sample.gt_instances = torch.rand(5, 4)
    assert sample.pop("gt_instances").labels == 1
    assert "gt_instances" not in sample and sample.keys() == []
    sample.gt_instances = BaseDataElement()
    del sample.gt_instances
    assert "gt_instances" not in sample


def test_repr() -> None:
    element = BaseDataElement(
        metainfo={"img_shape": (2, 3)}, inner=BaseDataElement(x=1), table={"a": {"b": 2}}
    )
    text = repr(element)
    assert text.startswith(
        "<BaseDataElement(\n\n    META INFORMATION\n    img_shape: (2, 3)\n\n    DATA FIELDS\n"
        "    inner: <BaseDataElement(\n"
    )
    assert "\n                DATA FIELDS\n                x: 1\n            ) at 0x" not in text
    assert "\n            DATA FIELDS\n            x: 1\n        ) at 0x" in text
    assert "\n    table: \n        a: \n            b: 2\n) at 0x" in text
