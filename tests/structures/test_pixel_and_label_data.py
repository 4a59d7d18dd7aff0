"""PixelData and LabelData."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmlight.structures import LabelData, PixelData


@pytest.fixture
def pixels() -> PixelData:
    return PixelData(
        metainfo={"id": 1},
        image=np.arange(2 * 20 * 40).reshape(2, 20, 40),
        heat=torch.arange(20 * 40).reshape(1, 20, 40),
    )


def test_shape(pixels: PixelData) -> None:
    assert pixels.shape == (20, 40)
    assert PixelData().shape is None


@pytest.mark.parametrize("make", [np.zeros, torch.zeros])
def test_a_missing_channel_dimension_is_added(pixels: PixelData, make) -> None:
    with pytest.warns(UserWarning, match="map gets a channel dimension"):
        pixels.map = make((20, 40))
    assert tuple(pixels.map.shape) == (1, 20, 40)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (torch.zeros(1, 3, 20, 40), "must have 2 or 3 dimensions"),
        (np.zeros(40), "must have 2 or 3 dimensions"),
        (torch.zeros(3, 20, 41), r"\(20, 41\), but this PixelData has \(20, 40\)"),
        ([[1]], "but got list"),
        (3, "but got int"),
    ],
)
def test_a_wrong_value(pixels: PixelData, value, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        pixels.other = value
    assert "other" not in pixels


rows = st.slices(20).filter(lambda part: (part.step or 1) > 0) | st.integers(-20, 19)
columns = st.slices(40).filter(lambda part: (part.step or 1) > 0) | st.integers(-40, 39)


@given(row=rows, column=columns)
def test_a_part_is_that_part_of_every_value(row, column) -> None:
    image = np.arange(2 * 20 * 40).reshape(2, 20, 40)
    part = PixelData(metainfo={"id": 1}, image=image, heat=torch.from_numpy(image))[row, column]
    kept_rows = row if isinstance(row, slice) else [row]
    kept_columns = column if isinstance(column, slice) else [column]
    expected = image[:, kept_rows][:, :, kept_columns]
    assert np.array_equal(part.image, expected)
    assert np.array_equal(part.heat.numpy(), expected)
    assert part.shape == expected.shape[1:] and part.id == 1


@pytest.mark.parametrize(
    ("index", "error"),
    [
        (10, TypeError),
        (slice(1, 2), TypeError),
        ("image", TypeError),
        (("a", "b"), TypeError),
        ((torch.tensor([1]), 2), TypeError),
        ((1, 2, 3), AssertionError),
    ],
)
def test_a_wrong_index(pixels: PixelData, index, error: type[Exception]) -> None:
    with pytest.raises(error, match="PixelData is indexed"):
        pixels[index]


@given(labels=st.sets(st.integers(0, 9)))
def test_labels_and_onehot_are_inverse(labels: set[int]) -> None:
    label = torch.tensor(sorted(labels), dtype=torch.int64)
    onehot = LabelData.label_to_onehot(label, 10)
    assert onehot.shape == (10,) and onehot.sum() == len(labels)
    assert torch.equal(LabelData.onehot_to_label(onehot), label)


def test_wrong_labels() -> None:
    with pytest.raises(AssertionError, match="below num_classes=3"):
        LabelData.label_to_onehot(torch.tensor([3]), 3)
    with pytest.raises(AssertionError, match="label must be a"):
        LabelData.label_to_onehot([1], 3)  # type: ignore[arg-type]
    with pytest.raises(AssertionError, match=r"must have the shape \(N,\)"):
        LabelData.label_to_onehot(torch.tensor([[1], [2]]), 3)
    with pytest.raises(TypeError, match="num_classes must be an int, but got None"):
        LabelData.label_to_onehot(torch.tensor([1]), None)  # type: ignore[arg-type]
    with pytest.raises(IndexError, match="integer type"):
        LabelData.label_to_onehot(torch.tensor([1.0]), 3)
    with pytest.raises(ValueError, match="only 0 and 1"):
        LabelData.onehot_to_label(torch.tensor([0, 2]))
    with pytest.raises(ValueError, match="one dimension"):
        LabelData.onehot_to_label(torch.tensor([[0, 1]]))
    with pytest.raises(AssertionError, match="onehot must be a"):
        LabelData.onehot_to_label([0, 1])  # type: ignore[arg-type]
