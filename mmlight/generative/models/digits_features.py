"""A small classifier of handwritten digits, whose features say how alike two sets of digits are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from mmlight.registry import MODELS

WEIGHTS = Path(__file__).with_name("digits_features.npz")


@MODELS.register_module()
class DigitsFeatures(nn.Module):
    """Turns 32 x 32 images of digits into 64 features.

    The weights come with the package; ``tools/train_digits_features.py`` trained them on the
    ``train`` split of :class:`~mmlight.generative.datasets.DigitsDataset`. Use it as the feature
    extractor of :class:`~mmlight.generative.evaluation.FrechetDistance`.

    Args:
        pretrained (bool): Load the weights of the package. Defaults to True.

    Example:
        >>> features = DigitsFeatures()
        >>> features(torch.zeros(2, 1, 32, 32, dtype=torch.uint8)).shape
        torch.Size([2, 64])
    """

    num_features = 64

    def __init__(self, pretrained: bool = True) -> None:
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(512, self.num_features),
            nn.ReLU(),
        )
        self.head = nn.Linear(self.num_features, 10)
        if pretrained:
            with np.load(WEIGHTS) as weights:
                self.load_state_dict(
                    {name: torch.from_numpy(array).float() for name, array in weights.items()}
                )
            self.requires_grad_(False).eval()

    def forward(self, images: Tensor) -> Tensor:
        """Compute the features of images.

        Args:
            images (Tensor): ``(N, 1 or 3, 32, 32)``, 0 to 255; of colours the mean counts. Those of
                4, 8 or 16 pixels a side, as a growing GAN makes them, are enlarged.

        Returns:
            Tensor: Features ``(N, 64)``.

        Raises:
            ValueError: If the images are of another size.
        """
        height, width = images.shape[-2:]
        if height != width or height not in (4, 8, 16, 32):
            raise ValueError(f"images must be 32 x 32, or 4, 8 or 16, got {tuple(images.shape)}")
        images = images.float().mean(dim=1, keepdim=True) / 127.5 - 1
        if height < 32:
            images = interpolate(images, size=(32, 32), mode="bilinear")
        result: Tensor = self.backbone(images)
        return result

    def classify(self, images: Tensor) -> Tensor:
        """Score the classes of images.

        Args:
            images (Tensor): As in :meth:`forward`.

        Returns:
            Tensor: Logits ``(N, 10)``, one for each digit.
        """
        result: Tensor = self.head(self(images))
        return result
