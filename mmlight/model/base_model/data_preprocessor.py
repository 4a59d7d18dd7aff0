"""What turns a batch of the dataloader into the input of a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from mmlight.model.utils import stack_batch
from mmlight.registry import MODELS
from mmlight.structures import BaseDataElement


@MODELS.register_module()
class BaseDataPreprocessor(nn.Module):
    """Moves a batch to the device of the model.

    A subclass overrides :meth:`forward` to do more there, such as resizing or mixing a batch.

    Args:
        non_blocking (bool, optional): Whether the host goes on while a tensor is copied; if left
            out, it does where the tensor cannot change meanwhile: in a copy from pinned memory, or
            to a GPU. Give False if the dataset writes to a pinned batch that it has handed out.

    Example:
        >>> preprocessor = BaseDataPreprocessor()
        >>> preprocessor({"inputs": torch.zeros(2)})
        {'inputs': tensor([0., 0.])}
    """

    def __init__(self, non_blocking: bool | None = None) -> None:
        super().__init__()
        self._non_blocking = non_blocking
        self._device = torch.device("cpu")

    @property
    def device(self) -> torch.device:
        """torch.device: Where the batches go."""
        return self._device

    def _apply(self, fn: Callable[..., Any], recurse: bool = True) -> BaseDataPreprocessor:
        # Every way of moving a module, of this one or of one around it, ends here.
        super()._apply(fn, recurse)
        self._device = fn(torch.empty(0, device=self._device)).device
        return self

    def cast_data(self, data: Any) -> Any:
        """Move the tensors in nested containers to the device.

        Args:
            data (Any): Tensors, data elements, and mappings and sequences of them.

        Returns:
            Any: New containers of the same kind (a dict for a mapping); tensors that are on the
            device already, and everything that is not a tensor, are passed on as they are.
        """
        return _cast(data, self._device, self._non_blocking)

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any] | list[Any]:
        """Prepare a batch.

        Args:
            data (dict): A batch, as the dataloader gives it.
            training (bool): Whether augmentation of the training is wanted.

        Returns:
            dict | list: The batch on the device of the model.
        """
        result: dict[str, Any] | list[Any] = self.cast_data(data)
        return result


def _cast(data: Any, device: torch.device, non_blocking: bool | None) -> Any:
    if isinstance(data, torch.Tensor):
        if data.device == device:
            return data
        return data.to(device, non_blocking=_may_go_on(data, device, non_blocking))
    if isinstance(data, (str, bytes)) or data is None:
        return data
    if isinstance(data, BaseDataElement):
        return data.to(device, non_blocking=_may_go_on(data, device, non_blocking))
    if isinstance(data, (dict, Mapping)):  # a dict is found without asking the abstract class
        return {key: _cast(value, device, non_blocking) for key, value in data.items()}
    if isinstance(data, Sequence):
        items = [_cast(item, device, non_blocking) for item in data]
        if type(data) is list:
            return items
        if isinstance(data, tuple) and hasattr(data, "_fields"):
            return type(data)(*items)
        return type(data)(items)  # type: ignore[call-arg]
    return data


def _may_go_on(
    data: torch.Tensor | BaseDataElement, device: torch.device, non_blocking: bool | None
) -> bool:
    """Say whether the host may go on during a copy to a device."""
    if non_blocking is not None:
        return non_blocking
    # CUDA takes what is not pinned before it returns; other devices may not.
    return device.type == "cuda" or (
        device.type != "cpu" and isinstance(data, torch.Tensor) and data.is_pinned()
    )


@MODELS.register_module()
class ImgDataPreprocessor(BaseDataPreprocessor):
    """Moves, converts, normalises, pads and stacks images.

    Args:
        mean (Sequence[float], optional): Mean of the pixels, 1 value or 3; with ``bgr_to_rgb`` in
            the order R, G, B. Images are not normalised when ``mean`` and ``std`` are left out.
        std (Sequence[float], optional): Standard deviation of the pixels, like ``mean``.
        pad_size_divisor (int): Height and width, in pixels, become multiples of it.
        pad_value (float): Value of the padded pixels.
        bgr_to_rgb (bool): Whether the images come as BGR and the model wants RGB.
        rgb_to_bgr (bool): Whether the images come as RGB and the model wants BGR.
        non_blocking (bool, optional): As for :class:`BaseDataPreprocessor`.

    Raises:
        AssertionError: If both conversions are asked for, only one of ``mean`` and ``std`` is
            given, or their length is neither 1 nor 3.

    Example:
        >>> preprocessor = ImgDataPreprocessor(mean=[2.0], std=[2.0], pad_size_divisor=4)
        >>> batch = {"inputs": [torch.zeros(3, 4, 3), torch.zeros(3, 2, 2)]}
        >>> preprocessor(batch)["inputs"].shape
        torch.Size([2, 3, 4, 4])
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(
        self,
        mean: Sequence[float | int] | None = None,
        std: Sequence[float | int] | None = None,
        pad_size_divisor: int = 1,
        pad_value: float | int = 0,
        bgr_to_rgb: bool = False,
        rgb_to_bgr: bool = False,
        non_blocking: bool | None = None,
    ) -> None:
        super().__init__(non_blocking)
        for name, value in (("bgr_to_rgb", bgr_to_rgb), ("rgb_to_bgr", rgb_to_bgr)):
            if not isinstance(value, bool):
                raise TypeError(f"`{name}` should be True or False, but got {value!r}")
        assert not (bgr_to_rgb and rgb_to_bgr), (
            "`bgr_to_rgb` and `rgb_to_bgr` cannot both be True: they undo each other"
        )
        assert (mean is None) == (std is None), (
            f"mean and std should be both None or both given, but got mean={mean}, std={std}"
        )
        self._enable_normalize = mean is not None
        for name, values in (("mean", mean), ("std", std)):
            if values is not None:
                assert len(values) in (1, 3), (
                    f"`{name}` should have 1 value (gray image) or 3 (color image), but got "
                    f"{len(values)}: {values}"
                )
                self.register_buffer(name, torch.tensor(values).view(-1, 1, 1), persistent=False)
        self._channel_conversion = bgr_to_rgb or rgb_to_bgr
        self.pad_size_divisor = pad_size_divisor
        self.pad_value = pad_value

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any] | list[Any]:
        """Prepare a batch of images.

        Args:
            data (dict): ``inputs``, a list of images of shape (C, H, W) or a tensor of shape
                (N, C, H, W), and perhaps ``data_samples``.
            training (bool): Whether augmentation of the training is wanted; for subclasses.

        Returns:
            dict: ``inputs`` as one tensor of shape (N, C, H, W), and ``data_samples``, which is
            None if the batch had none.

        Raises:
            AssertionError: If ``inputs`` is a tensor of another number of dimensions, or if
                ``mean`` has 3 values and an image of a list has not the shape (3, H, W), or a
                batch has neither 3 channels nor 1.
            TypeError: If ``inputs`` is neither a tensor nor a list of tensors.
        """
        data = self.cast_data(data)
        inputs = data["inputs"]
        if isinstance(inputs, torch.Tensor):
            assert inputs.dim() == 4, (
                "The input of `ImgDataPreprocessor` should be a NCHW tensor or a list of tensor, "
                f"but got a tensor with shape: {inputs.shape}"
            )
            self._check_channels(inputs, dims=4, allowed=(1, 3))
            data["inputs"] = self._pad(self._normalize(inputs))
        elif isinstance(inputs, (list, tuple)) and all(torch.is_tensor(i) for i in inputs):
            for image in inputs:
                self._check_channels(image, dims=3, allowed=(3,))
            images = [self._normalize(image) for image in inputs]
            data["inputs"] = stack_batch(images, self.pad_size_divisor, self.pad_value)
        else:
            raise TypeError(
                "`inputs` of `ImgDataPreprocessor` should be a NCHW tensor or a list of tensors, "
                f"but got {type(inputs)}: {inputs!r:.200}"
            )
        data.setdefault("data_samples", None)
        return data

    def _check_channels(self, images: torch.Tensor, dims: int, allowed: tuple[int, ...]) -> None:
        if self._enable_normalize and self.mean.shape[0] == 3:
            assert images.dim() == dims and images.shape[-3] in allowed, (
                "If the mean has 3 values, the input tensor should in shape of (3, H, W) or "
                f"(N, 3, H, W), but got the tensor with shape {images.shape}"
            )

    def _normalize(self, images: torch.Tensor) -> torch.Tensor:
        """Convert one image (C, H, W) or several (N, C, H, W)."""
        if self._channel_conversion and images.dim() > 2 and images.size(-3) == 3:
            images = images.flip(-3)
        images = images.float()
        return (images - self.mean) / self.std if self._enable_normalize else images

    def _pad(self, images: torch.Tensor) -> torch.Tensor:
        height, width = images.shape[-2:]
        divisor = max(self.pad_size_divisor, 1)
        return F.pad(
            images, (0, -width % divisor, 0, -height % divisor), "constant", self.pad_value
        )
