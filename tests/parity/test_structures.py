"""Data elements against MMEngine's."""

from __future__ import annotations

from tests.parity.compare import assert_same


def elements(engine):
    import importlib
    import re

    import numpy as np
    import torch

    BaseDataElement = importlib.import_module(f"{engine}.structures").BaseDataElement
    element = BaseDataElement(
        metainfo={"shape": (2, 3)},
        inner=BaseDataElement(metainfo={"part": 1}, mask=torch.arange(3.0)),
    )
    results = [re.sub("0x[0-9a-f]+", "address", repr(element))]
    element = BaseDataElement(
        metainfo={"shape": (2, 3)},
        scores=torch.tensor([0.25, 0.5], requires_grad=True),
        boxes=np.arange(4).reshape(1, 4),
        inner=BaseDataElement(mask=torch.arange(3.0)),
        names=["a"],
    )
    for change in (
        lambda e: e.detach(),
        lambda e: e.numpy(),
        lambda e: e.detach().to(torch.float16),
        lambda e: e.detach().to_tensor(),
        lambda e: e.detach().cpu().new(metainfo={"id": 1}),
        lambda e: e.new(only=1),
    ):
        results.append(change(element).to_dict())
    results.append(sorted(element.all_keys()))
    return results


def test_elements(both) -> None:
    theirs, ours = both(elements)
    assert_same(ours, theirs)


def instances(engine):
    import importlib

    import numpy as np
    import torch

    InstanceData = importlib.import_module(f"{engine}.structures").InstanceData
    data = InstanceData(
        metainfo={"shape": (2, 3)},
        tensor=torch.arange(4),
        array=np.arange(8).reshape(4, 2),
        listed=[1, 2, 3, 4],
        text="abcd",
        pair=(1, 2, 3, 4),
    )
    indices = [
        *(0, -1, 3, 4, -5, True, "tensor", "shape", "absent", 1.5, None, (0, 1)),
        *(slice(1, 3), slice(None, None, 2), [0, 2], [9], [True, False, True, False]),
        *(torch.tensor([0, 2]), torch.tensor([True, False, False, True]), torch.tensor(1)),
        *(torch.tensor([[0]]), torch.tensor([True]), torch.tensor([0.5]), np.array([3, 0])),
        *(np.array([True, False, False, True]), torch.tensor([], dtype=torch.int64)),
    ]
    results = []
    for index in indices:
        try:
            part = data[index]
            part = [part.to_dict(), len(part)] if isinstance(part, InstanceData) else part
        except Exception as error:
            part = type(error).__name__
        results.append(part)
    for parts in ([data, data[:2]], [data], [], [data, 3], [data, InstanceData(tensor=[1])]):
        try:
            results.append(InstanceData.cat(parts).to_dict())
        except Exception as error:
            results.append(type(error).__name__)
    return results


def test_instances(both) -> None:
    theirs, ours = both(instances)
    assert_same(ours, theirs)


def pixels_and_labels(engine):
    import importlib
    import warnings

    import numpy as np
    import torch

    warnings.simplefilter("ignore")
    structures = importlib.import_module(f"{engine}.structures")
    pixels = structures.PixelData(image=np.arange(24).reshape(2, 3, 4), heat=torch.rand(3, 4) * 0)
    results = [pixels.shape, tuple(pixels.heat.shape)]

    def attempt(call):
        try:
            value = call()
        except Exception as error:
            value = type(error).__name__
        results.append(value)

    for index in (
        (slice(1, 3), slice(0, 2)),
        *((1, 2), (-2, -2), (slice(None), 0), (9, 0), 1, slice(1), "image"),
        *((1, 2, 3), ("a", 1), ([1], 1)),
    ):
        attempt(lambda index=index: pixels[index].to_dict())
    for value in (torch.zeros(1, 1, 3, 4), np.zeros((3, 5)), [1], np.zeros((2, 3, 4))):
        attempt(lambda value=value: setattr(pixels, "more", value))
    to_onehot, to_label = structures.LabelData.label_to_onehot, structures.LabelData.onehot_to_label
    for label in (
        torch.tensor([2, 0]),
        torch.tensor([1], dtype=torch.int32),
        [1],
        torch.tensor([3]),
    ):
        attempt(lambda label=label: to_onehot(label, 3))
    for onehot in (torch.tensor([0, 1, 1]), torch.tensor([0.0, 1.0]), torch.tensor([0, 2]), [0, 1]):
        attempt(lambda onehot=onehot: to_label(onehot))
    return results


def test_pixels_and_labels(both) -> None:
    theirs, ours = both(pixels_and_labels)
    assert_same(ours, theirs)


def answers(engine):
    """What each operation returns, or the type of its error."""
    import copy
    import importlib
    import pickle

    import torch

    structures = importlib.import_module(f"{engine}.structures")
    Element, Instances = structures.BaseDataElement, structures.InstanceData

    class Sample(Element):
        @property
        def boxes(self):
            return self._boxes

        @boxes.setter
        def boxes(self, value):
            self.set_field(value, "_boxes", dtype=torch.Tensor)

        @boxes.deleter
        def boxes(self):
            del self._boxes

    def new():
        return Element(metainfo={"id": 1, "shape": [2]}, x=torch.arange(2.0), y="s")

    def changed(change, element=None):
        element = new() if element is None else element
        change(element)
        items = sorted(element.items(), key=lambda item: item[0])
        return [sorted(element.metainfo_items()), items]

    def sample():
        return Sample(boxes=torch.ones(1, 4))

    operations = [
        lambda: Element({"id": 1}),
        lambda: Element(metainfo=[1]),
        lambda: Element(metainfo={"x": 1}, x=2),
        lambda: Element(_data_fields=1),
        lambda: changed(lambda e: setattr(e, "id", 5)),
        lambda: changed(lambda e: setattr(e, "x", 5)),
        lambda: changed(lambda e: e.set_metainfo({"x": 5})),
        lambda: changed(lambda e: e.set_metainfo({"shape": 5, "more": 6})),
        lambda: changed(lambda e: e.set_data({"id": 5})),
        lambda: changed(lambda e: e.set_data([5])),
        lambda: changed(lambda e: e.set_field(5, "z", dtype=(str, int))),
        lambda: changed(lambda e: e.set_field(5, "z", dtype=str)),
        lambda: changed(lambda e: e.set_field(5, "z", field_type="metainfo")),
        lambda: changed(lambda e: e.set_field(5, "z", field_type="other")),
        lambda: changed(lambda e: setattr(e, "_metainfo_fields", set())),
        lambda: changed(lambda e: delattr(e, "_data_fields")),
        lambda: changed(lambda e: delattr(e, "absent")),
        lambda: changed(lambda e: [delattr(e, "id"), delattr(e, "x")]),
        lambda: changed(lambda e: e.__delitem__("y")),
        lambda: changed(lambda e: e.update(Element(metainfo={"id": 7, "n": 1}, x=2, w=3))),
        lambda: changed(lambda e: e.update(Element(id=7))),
        lambda: changed(lambda e: e.update({"id": 7})),
        lambda: [new().pop("id"), new().pop("y"), new().pop("absent", 3)],
        lambda: new().pop("absent"),
        lambda: new().pop("absent", 1, 2),
        lambda: [new().get("id"), new().get("absent"), new().get("absent", 4)],
        lambda: ["x" in new(), "id" in new(), "to" in new(), "absent" in new()],
        lambda: len(new()),
        lambda: new()["x"],
        lambda: new().to("no such device"),
        lambda: [Element(x=[torch.ones(1)]).to(torch.float16).x, Element(x=None).to_dict()],
        lambda: changed(lambda e: None, sample()),
        lambda: changed(lambda e: None, sample().new()),
        lambda: changed(lambda e: None, copy.deepcopy(sample())),
        lambda: changed(lambda e: None, pickle.loads(pickle.dumps(new()))),
        lambda: changed(lambda e: delattr(e, "boxes"), sample()),
        lambda: Sample(boxes=[1]),
        lambda: [sample().get("boxes"), Sample().get("boxes", 3), "boxes" in sample()],
        lambda: changed(lambda e: setattr(copy.copy(e), "more", 1)),
        lambda: changed(lambda e: e.__setitem__("b", [1]), Instances(a=[1, 2])),
        lambda: changed(lambda e: e.__setitem__("b", 1), Instances(a=[1, 2])),
        lambda: changed(lambda e: setattr(e, "a", [1, 2, 3]), Instances(a=[1, 2])),
        lambda: changed(lambda e: setattr(e, "id", [1]), Instances(metainfo={"id": 1})),
        lambda: [len(Instances()), len(Instances(a=[]))],
        lambda: [part.a for part in Instances(a=[1, 2])],
    ]
    results = []
    for operation in operations:
        try:
            results.append(operation())
        except Exception as error:
            results.append(type(error).__name__)
    return results


def test_answers_and_errors(both) -> None:
    theirs, ours = both(answers)
    assert_same(ours, theirs)
