"""DataPreprocessor: to the model's range and back."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmlight.generative.models import DataPreprocessor
from mmlight.registry import MODELS


@given(st.integers(0, 255), st.floats(-50, 200), st.floats(1, 200), st.sampled_from([1, 3]))
def test_there_and_back(level: int, mean: float, std: float, channels: int) -> None:
    preprocessor = DataPreprocessor([mean] * channels, [std] * channels)
    image = torch.full((2, channels, 4, 4), level, dtype=torch.uint8)
    inside = preprocessor({"inputs": {"img": image}}, True)["inputs"]["img"]
    torch.testing.assert_close(inside, (image.float() - mean) / std)
    torch.testing.assert_close(preprocessor.destruct(inside), image.float(), atol=0.01, rtol=0)


def test_lists_are_stacked_and_the_rest_is_left() -> None:
    images = [torch.zeros(3, 4, 4), torch.ones(3, 4, 4)]
    batch = {
        "inputs": {"img": images, "num_batches": 2, "mask": torch.ones(2)},
        "data_samples": ["a"],
    }
    result = DataPreprocessor(non_image_keys="mask")(batch)
    assert result["inputs"]["img"].shape == (2, 3, 4, 4)
    assert result["inputs"]["num_batches"] == 2
    assert torch.equal(result["inputs"]["mask"], torch.ones(2))
    assert result["data_samples"] == ["a"]


def test_inputs_may_be_images_or_stand_alone() -> None:
    preprocessor = MODELS.build({"type": "GANDataPreprocessor"})
    assert preprocessor({"inputs": torch.zeros(1, 1, 2, 2)})["inputs"].unique().tolist() == [-1]
    noise = torch.zeros(2, 3)
    assert preprocessor({"noise": noise})["inputs"]["noise"] is noise


def test_order_of_channels() -> None:
    preprocessor = DataPreprocessor(0, 1, input_channel_order="RGB", output_channel_order="bgr")
    image = torch.arange(3).reshape(1, 3, 1, 1).to(torch.uint8)
    inside = preprocessor({"inputs": image})["inputs"]
    assert inside.flatten().tolist() == [2, 1, 0]
    assert preprocessor.destruct(inside).flatten().tolist() == [0, 1, 2]


def test_what_is_out_of_range_is_clamped() -> None:
    levels = DataPreprocessor().destruct(torch.tensor([-2.0, 2.0]).reshape(2, 1, 1, 1))
    assert levels.flatten().tolist() == [0, 255]


def test_bad_input() -> None:
    with pytest.raises(ValueError, match="pad_mode must be one of"):
        DataPreprocessor(pad_mode="mirror")
    with pytest.raises(ValueError, match="GBR"):
        DataPreprocessor(input_channel_order="GBR")
