"""What happens between the dataloader and a generative model, and on the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from mmlight.generative.datasets.data_sample import DataSample
from mmlight.model import BaseDataPreprocessor
from mmlight.registry import MODELS

CHANNEL_ORDERS = ("RGB", "BGR")
PAD_MODES = ("constant", "reflect", "replicate", "circular")
# Entries of the inputs that are no images, whatever the model.
_NEVER_IMAGES = ("noise", "num_batches", "sample_model", "sample_kwargs", "mode", "label")


@MODELS.register_module(name=["DataPreprocessor", "GANDataPreprocessor"])
class DataPreprocessor(BaseDataPreprocessor):
    """Moves a batch to the model's device and its images to the model's range, and back.

    Images come as 0 to 255 and reach the model as ``(image - mean) / std``;
    :meth:`destruct` turns what the model made into 0 to 255 again. Samples of a batch become one
    batched :class:`~mmlight.generative.datasets.DataSample`; of its images those of ``data_keys``
    are moved to the model's range in training, and left as they are for metrics.

    Args:
        mean (float | Sequence[float]): Mean of each channel, in grey levels. Defaults to 127.5,
            for images of -1 to 1.
        std (float | Sequence[float]): Divisor of each channel, in grey levels. Defaults to 127.5.
        pad_size_divisor (int): Height and width of the inputs are made multiples of this, at
            bottom and right. Images of unequal sizes are made equal likewise. Defaults to 1.
        pad_value (float): What is put there, in the model's range. Defaults to 0.
        pad_mode (str): As in :func:`torch.nn.functional.pad`. Defaults to ``constant``.
        non_image_keys (str | Sequence[str], optional): Entries of the inputs that are no images
            and are passed on as they are. Noise and sampling options are known already.
            Defaults to None.
        non_concentate_keys (str | Sequence[str], optional): Entries of the inputs that stay lists.
            Defaults to None.
        output_channel_order (str, optional): Order the model wants, ``RGB`` or ``BGR``. Defaults
            to None, that of the images.
        data_keys (str | Sequence[str]): Images in the samples. Defaults to ``gt_img``.
        stack_data_sample (bool): Whether the samples become one. Defaults to True.
        input_channel_order (str): Order of the images' channels, where the samples do not tell.
            Defaults to ``BGR``, as images are read.
        non_blocking (bool, optional): See :class:`~mmlight.model.BaseDataPreprocessor`.
            Defaults to None.

    Raises:
        ValueError: If an order, a mode or a divisor is not known.

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
        pad_size_divisor: int = 1,
        pad_value: float = 0,
        pad_mode: str = "constant",
        non_image_keys: str | Sequence[str] | None = None,
        non_concentate_keys: str | Sequence[str] | None = None,
        output_channel_order: str | None = None,
        data_keys: str | Sequence[str] = "gt_img",
        stack_data_sample: bool = True,
        input_channel_order: str = "BGR",
        non_blocking: bool | None = None,
    ) -> None:
        super().__init__(non_blocking)
        for name, value in (("mean", mean), ("std", std)):
            values = torch.as_tensor(value, dtype=torch.float32).reshape(-1, 1, 1)
            self.register_buffer(name, values, persistent=False)
        if pad_size_divisor < 1:
            raise ValueError(f"pad_size_divisor must be positive, got {pad_size_divisor}")
        if pad_mode not in PAD_MODES:
            raise ValueError(f"pad_mode must be one of {', '.join(PAD_MODES)}, got {pad_mode!r}")
        self.pad_size_divisor = pad_size_divisor
        self.pad_value = pad_value
        self.pad_mode = pad_mode
        self.non_image_keys = {*_NEVER_IMAGES, *_keys(non_image_keys)}
        self.non_concentate_keys = {*_keys(non_concentate_keys)}
        self.data_keys = _keys(data_keys)
        self.stack_data_sample = stack_data_sample
        self.input_channel_order = _order(input_channel_order)
        self.output_channel_order = _order(output_channel_order)

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Prepare a batch.

        Args:
            data (dict): ``inputs`` is a dict of images and other entries, or just images; images
                are a tensor ``(N, C, H, W)`` or a sequence of ``(C, H, W)``, 0 to 255. A dict
                without ``inputs`` is taken as the inputs themselves.
            training (bool): Whether images of ``data_samples`` go to the model's range.
                Defaults to False.

        Returns:
            dict: ``inputs`` in the model's range on its device, and ``data_samples``, one batched
            sample, or what there was.
        """
        if not isinstance(data, Mapping) or "inputs" not in data:
            data = {"inputs": data}
        data = self.cast_data(data)
        inputs, samples = data["inputs"], self._stack(data.get("data_samples"))
        if isinstance(inputs, Mapping):
            inputs = {
                key: value if key in self.non_image_keys else self._images(value, key, samples)
                for key, value in inputs.items()
            }
        else:
            inputs = self._images(inputs, "img", samples)
        if training and isinstance(samples, DataSample):
            for key in self.data_keys:
                images = samples.get(key)
                if isinstance(images, Tensor):
                    images = self._reorder(images, self._order_of(key, samples))
                    samples.set_field(self._to_range(images), key)
        return {"inputs": inputs, "data_samples": samples}

    def _stack(self, samples: Any) -> Any:
        listed = isinstance(samples, Sequence) and samples and self.stack_data_sample
        if listed and all(isinstance(sample, DataSample) for sample in samples):
            return DataSample.stack(samples)
        return samples

    def _images(self, images: Any, key: str, samples: Any) -> Any:
        order = self._order_of(key, samples)
        if isinstance(images, Sequence) and images and isinstance(images[0], Tensor):
            parts = [self._to_range(self._reorder(image, order)) for image in images]
            return parts if key in self.non_concentate_keys else self._together(parts, samples)
        if not isinstance(images, Tensor):
            return images
        whole = self._to_range(self._reorder(images, order))
        return whole if self.pad_size_divisor == 1 else self._together(list(whole), samples)

    def _to_range(self, images: Tensor) -> Tensor:
        return (images.to(self.mean.dtype) - self.mean) / self.std

    def _together(self, images: list[Tensor], samples: Any) -> Tensor:
        """Pad to one size that the divisor divides, and note by how much."""
        divisor = self.pad_size_divisor
        height, width = (
            -(-max(image.shape[axis] for image in images) // divisor) * divisor for axis in (-2, -1)
        )
        borders = [(height - image.shape[-2], width - image.shape[-1]) for image in images]
        if any(map(any, borders)):
            images = [
                pad(image, (0, right, 0, below), self.pad_mode, self._fill())
                for image, (below, right) in zip(images, borders, strict=True)
            ]
            if isinstance(samples, DataSample):
                samples.set_metainfo({"padding_size": borders})
        return torch.stack(images)

    def _fill(self) -> float | None:
        return self.pad_value if self.pad_mode == "constant" else None

    def _order_of(self, key: str, samples: Any) -> str:
        """Order of the channels of some images, of which the pipeline took note."""
        if self.output_channel_order and isinstance(samples, DataSample):
            name = f"{key.removesuffix('_img') or key}_channel_order"
            noted = samples.metainfo.get(name) or samples.metainfo.get(f"{key}_channel_order")
            noted = noted[0] if isinstance(noted, list) and noted else noted
            if noted:
                return str(noted).upper()
        result: str = self.input_channel_order
        return result

    def _reorder(self, images: Tensor, order: str) -> Tensor:
        if self.output_channel_order in (None, order) or images.shape[-3] != 3:
            return images
        return images.flip(-3)

    def destruct(self, outputs: Tensor, data_samples: Any = None, key: str = "img") -> Tensor:
        """Turn what the model made into images.

        Args:
            outputs (Tensor): Images ``(N, C, H, W)`` or ``(C, H, W)`` in the model's range.
            data_samples (Any): What is known of the images. Defaults to None.
            key (str): The entry of the inputs that ``outputs`` resembles. Defaults to ``img``.

        Returns:
            Tensor: Images of the same shape, 0 to 255, in the dataset's order of channels, without
            what was padded; unchanged if ``key`` is no image.
        """
        if key in self.non_image_keys:
            return outputs
        images = (outputs * self.std + self.mean).clamp(0, 255)
        images = self._reorder(images, self._order_of(key, data_samples))
        borders = getattr(data_samples, "metainfo", {}).get("padding_size")
        sizes: set[Any] = {*borders} if isinstance(borders, list) else {borders}
        if len(sizes) != 1 or None in sizes:  # a batch of several sizes stays padded
            return images
        below, right = sizes.pop()
        return images[..., : images.shape[-2] - below, : images.shape[-1] - right]


def _keys(keys: str | Sequence[str] | None) -> list[str]:
    return [keys] if isinstance(keys, str) else list(keys or ())


def _order(order: Any) -> Any:
    if order is not None and order.upper() not in CHANNEL_ORDERS:
        raise ValueError(f"a channel order must be one of {CHANNEL_ORDERS}, got {order!r}")
    return order.upper() if order else None
