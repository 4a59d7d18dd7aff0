"""How bright and how colourful images are, in six numbers."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mmlight.registry import MODELS


@MODELS.register_module()
class ColourStatistics(nn.Module):
    """Turns images into the mean and the deviation of their brightness and opponent colours.

    Opponent colours are red against green, ``R - G``, and yellow against blue,
    ``(R + G) / 2 - B``. Use it as the feature extractor of
    :class:`~mmlight.generative.evaluation.FrechetDistance` where colours are what is made.

    Source: D. Hasler, S. Süsstrunk, "Measuring Colourfulness in Natural Images", 2003.

    Example:
        >>> grey = torch.full((2, 3, 8, 8), 100, dtype=torch.uint8)
        >>> ColourStatistics()(grey)[0].tolist()
        [100.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    """

    num_features = 6

    def forward(self, images: Tensor) -> Tensor:
        """Compute the statistics.

        Args:
            images (Tensor): ``(N, 3, H, W)``, red, green, blue, 0 to 255.

        Returns:
            Tensor: ``(N, 6)``: means of brightness, red against green and yellow against blue,
            then their standard deviations, grey levels.

        Raises:
            ValueError: If the images have not three channels.
        """
        if images.ndim != 4 or images.shape[1] != 3:
            raise ValueError(f"images must be (N, 3, H, W), got {tuple(images.shape)}")
        red, green, blue = images.float().unbind(1)
        opponent = torch.stack(
            ((red + green + blue) / 3, red - green, (red + green) / 2 - blue), dim=1
        ).flatten(2)
        return torch.cat((opponent.mean(2), opponent.std(2, correction=0)), dim=1)
