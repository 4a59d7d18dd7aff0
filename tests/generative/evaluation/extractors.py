"""A small network in the form of NVIDIA's TorchScript files, and what a metric reads it for."""

from __future__ import annotations

import warnings
from pathlib import Path

import torch
from torch import Tensor, nn


class Script(nn.Module):
    """16 features of the means of 16 squares of an image, and 10 classes of them."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.register_buffer("mix", torch.randn(48, 16, generator=generator) * 0.6)
        self.register_buffer("head", torch.randn(16, 10, generator=generator))

    def forward(
        self, images: Tensor, return_features: bool = False, no_output_bias: bool = False
    ) -> Tensor:
        if images.dtype != torch.uint8 or images.shape[1] != 3:
            raise ValueError("the network takes whole grey levels of three channels")
        squares = nn.functional.adaptive_avg_pool2d(images.float(), (4, 4)).flatten(1)
        features = torch.relu((squares / 128 - 1) @ self.mix)
        if return_features:
            return features
        logits = features @ self.head
        return torch.softmax(logits if no_output_bias else logits + 1, dim=1)


def write_script(path: Path) -> Path:
    """Write the network as TorchScript."""
    with warnings.catch_warnings():  # deprecated, and still the form in which these files come
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.script(Script().eval()).save(str(path))
    return path
