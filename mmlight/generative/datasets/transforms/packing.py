"""The last step of a pipeline: what the model gets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmlight.generative.datasets.data_sample import DataSample
from mmlight.generative.datasets.transforms.base import BaseTransform, key_list, with_channels
from mmlight.registry import TRANSFORMS

# The field of a DataSample that holds an entry of this name.
DATA_FIELDS = {
    "gt": "gt_img",
    "gt_label": "gt_label",
    "gt_heatmap": "gt_heatmap",
    "gt_unsharp": "gt_unsharp",
    "gt_rgb": "gt_rgb",
    "merged": "gt_merged",
    "fg": "gt_fg",
    "bg": "gt_bg",
    "alpha": "gt_alpha",
    "ori_alpha": "ori_alpha",
    "ref": "ref_img",
    "ref_lq": "ref_lq",
    "img_lq": "img_lq",
    "mask": "mask",
    "trimap": "trimap",
    "ori_trimap": "ori_trimap",
    "gray": "gray",
    "cropped_img": "cropped_img",
    "pred_img": "pred_img",
    "prompt": "prompt",
    "latent": "latent",
    "feats": "feats",
}
META_KEYS = (
    "img_path",
    "gt_path",
    "merged_path",
    "trimap_path",
    "ori_shape",
    "img_shape",
    "ori_img_shape",
    "ori_gt_shape",
    "ori_merged_shape",
    "ori_trimap_shape",
    "img_channel_order",
    "gt_channel_order",
    "trimap_channel_order",
    "img_color_type",
    "gt_color_type",
    "sample_idx",
    "num_input_frames",
    "num_output_frames",
    "empty_box",
    "mask_bbox",
    "coord",
    "cell",
)


@TRANSFORMS.register_module()
class PackInputs(BaseTransform):
    """Puts what the model needs into ``inputs`` and what is known besides into ``data_samples``.

    Images become tensors ``(C, H, W)``, lists of images ``(T, C, H, W)``. Ground truths, masks,
    labels and paths of the known names are found by themselves.

    Args:
        keys (str | Sequence[str]): The entries that are inputs, where they are there.
            Defaults to ``("merged", "img")``.
        meta_keys (str | Sequence[str]): Entries to keep as meta information, besides the known
            ones. Defaults to none.
        data_keys (str | Sequence[str]): Entries to keep as data, besides the known ones.
            Defaults to none.

    Example:
        >>> import numpy as np
        >>> packed = PackInputs()({"gt": np.zeros((4, 6, 3), np.uint8), "gt_path": "a.png"})
        >>> packed["inputs"], packed["data_samples"].gt_img.shape, packed["data_samples"].gt_path
        ({}, torch.Size([3, 4, 6]), 'a.png')
    """

    def __init__(
        self,
        keys: str | Sequence[str] = ("merged", "img"),
        meta_keys: str | Sequence[str] = (),
        data_keys: str | Sequence[str] = (),
    ) -> None:
        self.keys = key_list(keys)
        self.meta_keys = key_list(meta_keys)
        self.data_keys = key_list(data_keys)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Pack what is known of an entry.

        Returns:
            dict: ``inputs``, a tensor, or a dict of tensors where none or several of ``keys`` are
            there; and ``data_samples``, a :class:`DataSample`.

        Raises:
            TypeError: If an entry of ``keys`` or ``data_keys`` is no array.
        """
        inputs = {key: to_tensor(results[key], key) for key in self.keys if key in results}
        sample = DataSample(
            metainfo={key: results[key] for key in (*self.meta_keys, *META_KEYS) if key in results}
        )
        for key, field in DATA_FIELDS.items():
            if key in results:
                _set(sample, field, results[key])
        for key in self.data_keys:
            if key in results:
                sample.set_field(to_tensor(results[key], key), key)
        return {
            "inputs": next(iter(inputs.values())) if len(inputs) == 1 else inputs,
            "data_samples": sample,
        }

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(keys={self.keys}, meta_keys={self.meta_keys}, "
            f"data_keys={self.data_keys})"
        )


def _set(sample: DataSample, field: str, value: Any) -> None:
    if field == "gt_label":
        sample.set_gt_label(value)
    else:
        is_text = isinstance(value, str)
        sample.set_field(value if is_text else to_tensor(value, field), field)


def to_tensor(value: Any, key: str) -> Tensor:
    """Turn an image, or a list of images, into a tensor.

    Args:
        value (np.ndarray | Tensor | list): ``(H, W, C)`` or ``(H, W)``; a tensor stays as it is.
        key (str): Its name, for the message.

    Returns:
        Tensor: ``(C, H, W)``, or ``(T, C, H, W)`` of a list.

    Raises:
        TypeError: If it is no array.

    Example:
        >>> to_tensor(np.zeros((4, 6)), "mask").shape
        torch.Size([1, 4, 6])
    """
    if isinstance(value, Tensor):
        return value
    if isinstance(value, list) and value:
        return torch.stack([to_tensor(item, key) for item in value])
    if isinstance(value, np.ndarray):
        if value.ndim not in (2, 3):
            return torch.from_numpy(value)
        return torch.from_numpy(np.ascontiguousarray(with_channels(value).transpose(2, 0, 1)))
    raise TypeError(f"{key!r} must be an array to become a tensor, got {type(value).__name__}")
