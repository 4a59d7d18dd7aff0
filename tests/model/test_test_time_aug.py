"""Prediction with test-time augmentation."""

import pytest
import torch
from torch import nn

from mmlight.model import BaseModel, BaseTTAModel
from mmlight.registry import MODELS


@MODELS.register_module(force=True)
class Doubling(BaseModel):
    def forward(self, inputs, data_samples=None, mode="tensor"):
        return [2 * x + s for x, s in zip(inputs, data_samples, strict=True)]


class Mean(BaseTTAModel):
    def merge_preds(self, data_samples_list):
        return [torch.stack(preds).mean() for preds in data_samples_list]


ONE, TWO = torch.tensor(1.0), torch.tensor(2.0)
INPUTS, SAMPLES = [[ONE, TWO], [3 * ONE, 3 * TWO]], [[0, 1], [0, 1]]


@pytest.mark.parametrize(
    "data", [{"inputs": INPUTS, "data_samples": SAMPLES}, (INPUTS, SAMPLES), [INPUTS, SAMPLES]]
)
@pytest.mark.parametrize("module", [Doubling(), {"type": "Doubling"}])
def test_predictions_on_augmentations_are_merged(module, data):
    assert Mean(module).test_step(data) == [torch.tensor(4.0), torch.tensor(9.0)]


def test_wrong_arguments():
    with pytest.raises(TypeError, match=r"should be a `nn.Module` instance or a dict"):
        Mean(3)
    with pytest.raises(AssertionError, match="must implement `test_step`, but Linear does not"):
        Mean(nn.Linear(1, 1))
    with pytest.raises(TypeError, match="should be a dict, tuple or a list"):
        Mean(Doubling()).test_step(torch.ones(1))
    uneven = {"inputs": [[ONE], [ONE]], "data_samples": [[1]]}
    with pytest.raises(ValueError, match=r"\{'inputs': 2, 'data_samples': 1\}"):
        Mean(Doubling()).test_step(uneven)
    with pytest.raises(NotImplementedError, match="predicts through `test_step`"):
        Mean(Doubling())(ONE)
    with pytest.raises(TypeError, match="abstract"):
        BaseTTAModel(Doubling())
