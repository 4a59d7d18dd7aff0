"""DataSample: taking a batch apart and putting it together."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmlight.generative.datasets import DataSample


@given(st.lists(st.integers(0, 9), min_size=1, max_size=5))
def test_stack_and_split_undo_each_other(labels: list[int]) -> None:
    samples = [
        DataSample(
            metainfo={"name": str(label)},
            fake_img=torch.full((1, 2, 2), float(label)),
            caption=f"a {label}",
            ema=DataSample(noise=torch.full((3,), label)),
        ).set_gt_label(label)
        for label in labels
    ]
    batch = DataSample.stack(samples)
    assert batch.fake_img.shape == (len(labels), 1, 2, 2)
    assert batch.metainfo["name"] == [str(label) for label in labels]
    for ours, theirs in zip(batch.split(), samples, strict=True):
        assert torch.equal(ours.fake_img, theirs.fake_img)
        assert ours.gt_label.label.tolist() == theirs.gt_label.label.tolist()
        assert ours.caption == theirs.caption
        assert torch.equal(ours.ema.noise, theirs.ema.noise)


def test_values_that_are_no_batch() -> None:
    batch = DataSample(noise=torch.zeros(2, 3), sample_model="ema")
    assert [s.sample_model for s in batch.split(allow_nonseq_value=True)] == ["ema", "ema"]
    with pytest.raises(TypeError, match="sample_model"):
        batch.split()


def test_batches_of_different_sizes() -> None:
    with pytest.raises(ValueError, match="different sizes"):
        DataSample(a=torch.zeros(2, 1), b=torch.zeros(3, 1)).split()


def test_samples_with_different_fields() -> None:
    with pytest.raises(KeyError, match="different fields"):
        DataSample.stack([DataSample(a=1), DataSample(b=1)])


def test_nothing() -> None:
    assert DataSample().split() == []
    assert DataSample.stack([]).keys() == []


@pytest.mark.parametrize("label", [3, [1, 2], torch.tensor([4])])
def test_labels(label: object) -> None:
    stored = DataSample().set_gt_label(label).gt_label.label  # type: ignore[arg-type]
    assert stored.tolist() == torch.as_tensor(label).reshape(-1).tolist()


def test_meta_information_is_stacked_and_taken_apart_again() -> None:
    samples = [
        DataSample(metainfo={"gt_path": f"{i}.png", "ori_shape": (4, 6, 3)}, img=torch.zeros(1))
        for i in range(3)
    ]
    again = DataSample.stack(samples).split()
    assert [sample.metainfo for sample in again] == [sample.metainfo for sample in samples]


def test_samples_of_meta_information_alone() -> None:
    samples = [DataSample(metainfo={"gt_path": f"{i}.png"}) for i in range(3)]
    assert [one.gt_path for one in DataSample.stack(samples).split()] == ["0.png", "1.png", "2.png"]
