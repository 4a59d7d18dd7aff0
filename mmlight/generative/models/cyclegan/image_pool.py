"""The images that a discriminator is shown again."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


class ImagePool:
    """Keeps images that were made before, and gives some of them in place of new ones.

    Source: Shrivastava et al., "Learning from Simulated and Unsupervised Images through
    Adversarial Training", CVPR 2017.

    Random numbers come from NumPy. The images kept are the list ``images``.

    Args:
        buffer_size (int): Images to keep; 0 for none.
        buffer_ratio (float): How likely a kept image is given, once there are so many.
            Defaults to 0.5.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
        >>> pool = ImagePool(buffer_size=1, buffer_ratio=1.0)
        >>> [pool.query(torch.full((1, 1, 1, 1), float(i))).item() for i in range(3)]
        [0.0, 0.0, 1.0]
    """

    def __init__(self, buffer_size: int, buffer_ratio: float = 0.5) -> None:
        if buffer_size < 0:
            raise ValueError(f"buffer_size must not be negative, got {buffer_size}")
        if not 0 <= buffer_ratio <= 1:
            raise ValueError(f"buffer_ratio must be from 0 to 1, got {buffer_ratio}")
        self.buffer_size = buffer_size
        self.buffer_ratio = buffer_ratio
        self.images: list[Tensor] = []

    @torch.no_grad()
    def query(self, images: Tensor) -> Tensor:
        """Keep new images, and give as many, new or kept.

        Args:
            images (Tensor): Images ``(N, C, H, W)``.

        Returns:
            Tensor: Images ``(N, C, H, W)``. One that is given in place of a new one has gone from
            the pool, and the new one has its place.
        """
        if self.buffer_size == 0:
            return images
        return torch.stack([self._swap(image) for image in images.detach()])

    def _swap(self, image: Tensor) -> Tensor:
        # Copies: a view would keep the whole batch.
        if len(self.images) < self.buffer_size:
            self.images.append(image.clone())
            return image
        if np.random.random() >= self.buffer_ratio:
            return image
        place = np.random.randint(0, self.buffer_size)
        kept, self.images[place] = self.images[place], image.clone()
        return kept
