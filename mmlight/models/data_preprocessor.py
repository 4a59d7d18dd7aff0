"""What happens between the dataloader and a generative model, and on the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from mmlight.model import BaseDataPreprocessor
from mmlight.registry import MODELS

CHANNEL_ORDERS = ("RGB", "BGR")
# Entries of the inputs that are no images, whatever the model.
_NEVER_IMAGES = ("noise", "num_batches", "sample_model", "sample_kwargs", "mode", "label")


def _order(order: str | None) -> str | None:
    if order is not None and order.upper() not in CHANNEL_ORDERS:
        raise ValueError(f"a channel order must be one of {CHANNEL_ORDERS}, got {order!r}")
    return order.upper() if order else None


@MODELS.register_module(name=["DataPreprocessor", "GANDataPreprocessor"])
class DataPreprocessor(BaseDataPreprocessor):
    """Moves a batch to the model's device and its images to the model's range, and back.

    Images come as 0 to 255 and reach the model as ``(image - mean) / std``;
    :meth:`destruct` turns what the model made into 0 to 255 again.

    Args:
        mean (float | Sequence[float]): Mean of each channel, in grey levels. Defaults to 127.5,
            for images of -1 to 1.
        std (float | Sequence[float]): Divisor of each channel, in grey levels. Defaults to 127.5.
        non_image_keys (str | Sequence[str], optional): Entries of the inputs that are no images
            and are passed on as they are. Noise and sampling options are known already.
            Defaults to None.
        input_channel_order (str): Order of the channels of the dataset's images, ``RGB`` or
            ``BGR``. Defaults to ``RGB``.
        output_channel_order (str, optional): Order the model wants. Defaults to that of the
            dataset.
        non_blocking (bool, optional): See :class:`~mmlight.model.BaseDataPreprocessor`.
            Defaults to None.

    Raises:
        ValueError: If a channel order is not known.

    Example:
        >>> preprocessor = DataPreprocessor()
        >>> images = [torch.zeros(1, 4, 4, dtype=torch.uint8)] * 2
        >>> batch = preprocessor(dict(inputs=dict(img=images)))
        >>> batch["inputs"]["img"].shape, batch["inputs"]["img"].min().item()
        (torch.Size([2, 1, 4, 4]), -1.0)
        >>> preprocessor.destruct(batch["inputs"]["img"]).max().item()
        0.0
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        mean: float | Sequence[float] = 127.5,
        std: float | Sequence[float] = 127.5,
        non_image_keys: str | Sequence[str] | None = None,
        input_channel_order: str = "RGB",
        output_channel_order: str | None = None,
        non_blocking: bool | None = None,
    ) -> None:
        super().__init__(non_blocking)
        for name, value in (("mean", mean), ("std", std)):
            values = torch.as_tensor(value, dtype=torch.float32).reshape(-1, 1, 1)
            self.register_buffer(name, values, persistent=False)
        keys = [non_image_keys] if isinstance(non_image_keys, str) else non_image_keys or ()
        self.non_image_keys = {*_NEVER_IMAGES, *keys}
        self.input_channel_order = _order(input_channel_order)
        self.output_channel_order = _order(output_channel_order) or self.input_channel_order

    def forward(self, data: dict, training: bool = False) -> dict:
        """Prepare a batch.

        Args:
            data (dict): ``inputs`` is a dict of images and other entries, or just images; images
                are a tensor ``(N, C, H, W)`` or a sequence of ``(C, H, W)``, 0 to 255. A dict
                without ``inputs`` is taken as the inputs themselves.
            training (bool): Whether the model trains. Defaults to False.

        Returns:
            dict: ``inputs`` in the model's range on its device, and ``data_samples`` or None.

        Raises:
            ValueError: If the images of a batch differ in size.
        """
        if not isinstance(data, Mapping) or "inputs" not in data:
            data = {"inputs": data}
        data = self.cast_data(data)
        inputs = data["inputs"]
        if isinstance(inputs, Mapping):
            inputs = {
                key: value if key in self.non_image_keys else self._images(value, key)
                for key, value in inputs.items()
            }
        else:
            inputs = self._images(inputs, "inputs")
        return {"inputs": inputs, "data_samples": data.get("data_samples")}

    def _images(self, images: Any, key: str) -> Any:
        if isinstance(images, Sequence) and images and isinstance(images[0], Tensor):
            shapes = {tuple(image.shape) for image in images}
            if len(shapes) > 1:
                raise ValueError(f"images {key!r} of one batch differ in shape: {sorted(shapes)}")
            images = torch.stack(list(images))
        if not isinstance(images, Tensor):
            return images
        return (self._reorder(images).to(self.mean.dtype) - self.mean) / self.std

    def _reorder(self, images: Tensor) -> Tensor:
        if self.input_channel_order == self.output_channel_order or images.shape[-3] != 3:
            return images
        return images.flip(-3)

    def destruct(self, outputs: Tensor, data_samples: Any = None, key: str = "img") -> Tensor:
        """Turn what the model made into images.

        Args:
            outputs (Tensor): Images ``(N, C, H, W)`` or ``(C, H, W)`` in the model's range.
            data_samples (Any): What is known of the images, for subclasses that need it.
                Defaults to None.
            key (str): The entry of the inputs that ``outputs`` resembles. Defaults to ``img``.

        Returns:
            Tensor: Images of the same shape, 0 to 255, in the dataset's order of channels;
            unchanged if ``key`` is no image.
        """
        if key in self.non_image_keys:
            return outputs
        return self._reorder((outputs * self.std + self.mean).clamp(0, 255))
