"""The network of SRCNN."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from mmlight.model import BaseModule
from mmlight.registry import MODELS


@MODELS.register_module()
class SRCNNNet(BaseModule):
    """Enlarges an image by bicubic interpolation and sharpens it by three convolutions.

    Source: C. Dong, C. C. Loy, K. He, X. Tang, "Image Super-Resolution Using Deep Convolutional
    Networks", 2016.

    Args:
        channels (Sequence[int]): Channels of the image, after the first and the second
            convolution, and of the result. Defaults to ``(3, 64, 32, 3)``.
        kernel_sizes (Sequence[int]): Sides of the kernels, odd. Defaults to ``(9, 1, 5)``.
        upscale_factor (int): Times by which height and width grow. Defaults to 4.

    Raises:
        ValueError: If there are not four channels and three odd kernels.

    Example:
        >>> import torch
        >>> SRCNNNet(upscale_factor=2)(torch.zeros(1, 3, 8, 8)).shape
        torch.Size([1, 3, 16, 16])
    """

    def __init__(
        self,
        channels: Sequence[int] = (3, 64, 32, 3),
        kernel_sizes: Sequence[int] = (9, 1, 5),
        upscale_factor: int = 4,
    ) -> None:
        super().__init__()
        if len(channels) != 4 or len(kernel_sizes) != 3 or any(k % 2 == 0 for k in kernel_sizes):
            raise ValueError(
                f"SRCNNNet has four channels and three odd kernel_sizes, got {channels} and "
                f"{kernel_sizes}"
            )
        self.upscale_factor = upscale_factor
        self.img_upsampler = nn.Upsample(
            scale_factor=upscale_factor, mode="bicubic", align_corners=False
        )
        self.conv1, self.conv2, self.conv3 = (
            nn.Conv2d(channels[i], channels[i + 1], kernel_sizes[i], padding=kernel_sizes[i] // 2)
            for i in range(3)
        )
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge images.

        Args:
            x (Tensor): Images ``(N, C, h, w)``.

        Returns:
            Tensor: Images ``(N, C', h * upscale_factor, w * upscale_factor)``.
        """
        x = self.img_upsampler(x)
        x = self.relu(self.conv1(x))
        x = self.relu(self.conv2(x))
        result: Tensor = self.conv3(x)
        return result
