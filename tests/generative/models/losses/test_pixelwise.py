"""The pixel losses against torch and by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from mmlight.registry import MODELS

PRED, TARGET = torch.rand(2, 3, 4, 4), torch.rand(2, 3, 4, 4)
REFERENCES = {
    "L1Loss": F.l1_loss,
    "MSELoss": F.mse_loss,
    "CharbonnierLoss": lambda a, b, reduction: getattr(((a - b) ** 2 + 1e-12).sqrt(), reduction)(),
}


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_as_torch_has_them(name: str, reduction: str) -> None:
    loss = MODELS.build({"type": name, "loss_weight": 0.5, "reduction": reduction})
    expected = REFERENCES[name](PRED, TARGET, reduction=reduction) / 2
    torch.testing.assert_close(loss(PRED, TARGET), expected)


def build(**options: object) -> torch.nn.Module:
    return MODELS.build({"type": "L1Loss", **options})


def test_weights_choose_what_counts() -> None:
    weight = torch.zeros(2, 1, 4, 4)
    weight[0, :, :2], weight[1, :, :, 3] = 1, 1
    difference = (PRED - TARGET).abs()
    chosen: list[Tensor] = [difference[0, :, :2], difference[1, :, :, 3]]
    together = torch.cat([values.flatten() for values in chosen]).mean()
    torch.testing.assert_close(build()(PRED, TARGET, weight), together)
    each = torch.stack([values.mean() for values in chosen]).mean()
    torch.testing.assert_close(build(sample_wise=True)(PRED, TARGET, weight), each)
    kept = build(reduction="none")(PRED, TARGET, weight)
    torch.testing.assert_close(kept, difference * weight)


def test_an_unknown_reduction() -> None:
    with pytest.raises(ValueError, match="one of none, mean, sum, got 'max'"):
        build(reduction="max")
