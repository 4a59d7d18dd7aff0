"""InstanceData: one length for all, indexing, joining."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmlight.structures import BaseDataElement, InstanceData


class Polygons:
    """A type of one's own, as documented: a length, items that keep the dimension, cat."""

    def __init__(self, items: list) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index):
        if isinstance(index, int):
            index = slice(index, None, len(self))
        return Polygons(self.items[index])

    @staticmethod
    def cat(parts: list) -> Polygons:
        return Polygons([item for part in parts for item in part.items])


def instances(length: int) -> InstanceData:
    rows = list(range(length))
    return InstanceData(
        metainfo={"img_shape": (4, 6)},
        tensor=torch.tensor(rows),
        array=np.array(rows).reshape(length, 1),
        listed=rows,
        tupled=tuple(rows),
        text="".join(chr(97 + row) for row in rows),
        custom=Polygons(rows),
        nested=InstanceData(x=torch.tensor(rows)),
    )


def rows_of(data: InstanceData) -> list[int]:
    """Which rows there are, after checking that every value agrees about it."""
    rows = data.tensor.tolist()
    assert isinstance(data.array, np.ndarray) and data.array[:, 0].tolist() == rows
    assert isinstance(data.listed, list) and data.listed == rows
    assert isinstance(data.tupled, tuple) and list(data.tupled) == rows
    assert isinstance(data.text, str) and [ord(letter) - 97 for letter in data.text] == rows
    assert isinstance(data.custom, Polygons) and data.custom.items == rows
    assert isinstance(data.nested, InstanceData) and data.nested.x.tolist() == rows
    assert len(data) == len(rows)
    assert data.metainfo == {"img_shape": (4, 6)}
    return rows


@given(data=st.data(), length=st.integers(1, 6))
def test_every_kind_of_index(data, length: int) -> None:
    rows = np.arange(length)
    ints = data.draw(st.lists(st.integers(-length, length - 1), max_size=8))
    flags = data.draw(st.lists(st.booleans(), min_size=length, max_size=length))
    part = data.draw(st.slices(length).filter(lambda part: (part.step or 1) > 0))
    subject = instances(length)
    for index in (ints, np.array(ints, dtype=np.int64), torch.tensor(ints, dtype=torch.int64)):
        assert rows_of(subject[index]) == [rows[position] for position in ints]
    for index in (flags, np.array(flags), torch.tensor(flags)):
        assert rows_of(subject[index]) == rows[flags].tolist()
    assert rows_of(subject[part]) == rows[part].tolist()
    for position in range(-length, length):
        assert (
            rows_of(subject[position]) == rows_of(subject[np.int64(position)]) == [rows[position]]
        )
    assert rows_of(subject) == rows.tolist()


@given(lengths=st.lists(st.integers(0, 4), min_size=1, max_size=4))
def test_joined_parts_are_the_whole(lengths: list[int]) -> None:
    whole = instances(sum(lengths))
    ends = np.cumsum(lengths)
    parts = [whole[int(end) - length : int(end)] for end, length in zip(ends, lengths)]
    assert rows_of(InstanceData.cat(parts)) == list(range(sum(lengths)))


def test_a_name_is_an_index() -> None:
    data = instances(2)
    data["more"] = [1, 2]
    assert data["more"] == [1, 2] and data["img_shape"] == (4, 6)
    with pytest.raises(AttributeError):
        data["absent"]


def test_iterates_over_instances() -> None:
    assert [rows_of(row) for row in instances(3)] == [[0], [1], [2]]


def test_lengths_must_agree() -> None:
    data = instances(4)
    with pytest.raises(AssertionError, match="more has the length 3, but this InstanceData has 4"):
        data.more = torch.zeros(3)
    with pytest.raises(
        AssertionError, match="more of InstanceData must have a length, but got int"
    ):
        data.more = 3
    with pytest.raises(AttributeError, match="metainfo already"):
        data.img_shape = [1, 2, 3, 4]
    with pytest.raises(AttributeError, match="_data_fields is kept"):
        data._data_fields = {}
    assert len(InstanceData()) == 0
    empty = InstanceData()
    empty.x = [1]
    del empty.x
    empty.y = [1, 2]
    assert len(empty) == 2


@pytest.mark.parametrize(
    ("index", "error", "message"),
    [
        (4, IndexError, "index 4 is out of range for 4 instances"),
        (-5, IndexError, "index -5 is out of range"),
        ([9], IndexError, "9"),
        (1.5, AssertionError, "but got float"),
        (None, AssertionError, "but got NoneType"),
        ((0, 1), AssertionError, "but got tuple"),
        (torch.tensor([[0]]), AssertionError, "the index has 2 dimensions"),
        (torch.tensor(0), AssertionError, "the index has 0 dimensions"),
        (torch.tensor([0.5]), AssertionError, "int64 or bool"),
        (torch.tensor([True, False]), AssertionError, "the length 2, but there are 4 instances"),
        (np.array([0.5]), AssertionError, "integers or booleans"),
        (["a"], AssertionError, "integers or booleans"),
    ],
)
def test_a_wrong_index(index, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        instances(4)[index]


class OnlySliced:
    def __len__(self) -> int:
        return 2

    def __getitem__(self, index):
        return self


def test_a_type_without_cat_can_be_sliced_only() -> None:
    data = InstanceData(x=OnlySliced())
    assert isinstance(data[0:2].x, OnlySliced)
    with pytest.raises(ValueError, match="x is a OnlySliced without `cat`"):
        data[torch.tensor([0, 1])]
    with pytest.raises(ValueError, match="x is a OnlySliced without `cat`"):
        InstanceData.cat([data, data])


def test_what_cannot_be_joined() -> None:
    data = instances(1)
    with pytest.raises(AssertionError, match="must not be empty"):
        InstanceData.cat([])
    with pytest.raises(AssertionError, match="but got BaseDataElement"):
        InstanceData.cat([data, BaseDataElement()])  # type: ignore[list-item]
    with pytest.raises(AssertionError, match="must have the same keys"):
        InstanceData.cat([data, InstanceData(tensor=torch.zeros(1))])
    assert InstanceData.cat([data]) is data
    assert len(InstanceData.cat([InstanceData(), InstanceData()])) == 0


def test_tensor_methods_keep_the_type() -> None:
    data = instances(3)
    assert rows_of(data.numpy().to_tensor().new(**dict(data.items()))) == [0, 1, 2]
    assert data.to(torch.float64).nested.x.dtype == torch.float64
