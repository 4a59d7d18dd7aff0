"""Shows what a model made beside what it was given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mmlight.registry import VISUALIZERS
from mmlight.structures import BaseDataElement
from mmlight.visualization import Visualizer

_GREY = 127


@VISUALIZERS.register_module()
class ConcatImageVisualizer(Visualizer):
    """Puts the images of a sample side by side, tops aligned, into one picture.

    Args:
        fn_key (str): Field of the sample that is a path; its stem names the picture.
        img_keys (Sequence[str]): Fields that are images ``(C, H, W)``, from left to right; they
            may be those of a sample inside.
        pixel_range (dict): For a field its values of black and white. Defaults to 0 and 255.
        bgr2rgb (bool): Whether the images' channels are blue, green, red, where the sample has no
            ``gt_channel_order`` or, for others than ground truths, ``img_channel_order``.
            Defaults to False.
        name (str): Of the visualizer. Defaults to ``visualizer``.
        args, kwargs: Of :class:`~mmlight.visualization.Visualizer`.

    Example:
        >>> import tempfile, torch
        >>> from mmlight.generative.datasets import DataSample
        >>> folder = tempfile.mkdtemp()
        >>> visualizer = ConcatImageVisualizer(
        ...     "gt_path", ["gt_img"], vis_backends=[dict(type="LocalVisBackend")], save_dir=folder
        ... )
        >>> sample = DataSample(metainfo=dict(gt_path="a.png"), gt_img=torch.zeros(3, 4, 4))
        >>> visualizer.add_datasample(sample, step=1)
        >>> [path.name for path in Path(folder).rglob("*.png")]
        ['a_1.png']
    """

    def __init__(
        self,
        fn_key: str,
        img_keys: Sequence[str],
        pixel_range: Mapping[str, Sequence[float]] = {},
        bgr2rgb: bool = False,
        name: str = "visualizer",
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(name, *args, **kwargs)
        self.fn_key = fn_key
        self.img_keys = list(img_keys)
        self.pixel_range = dict(pixel_range)
        self.bgr2rgb = bgr2rgb

    def add_datasample(self, data_sample: BaseDataElement, step: int = 0) -> None:  # type: ignore[override]
        """Give the picture of a sample to the backends.

        Raises:
            KeyError: If the sample lacks the path or one of the images.
        """
        fields = dict(_fields(data_sample))
        for key in (self.fn_key, *self.img_keys):
            if key not in fields:
                raise KeyError(
                    f"{type(self).__name__} finds no {key!r} in a sample with {', '.join(fields)}"
                )
        images = [self._picture(key, fields) for key in self.img_keys]
        height = max(len(image) for image in images)
        padded = [
            np.pad(image, ((0, height - len(image)), (0, 0), (0, 0)), constant_values=_GREY)
            for image in images
        ]
        self.add_image(Path(str(fields[self.fn_key])).stem, np.concatenate(padded, axis=1), step)

    def _picture(self, key: str, fields: Mapping[str, Any]) -> np.ndarray:
        """Make an image ``(H, W, 3)`` of red, green, blue, 0 to 255."""
        values = torch.as_tensor(fields[key]).detach().cpu().float()
        values = values.unsqueeze(0) if values.ndim == 2 else values
        if key in self.pixel_range:
            black, white = self.pixel_range[key]
            values = (values - black) / (white - black) * 255
        pixels = values.clamp(0, 255).round().byte().permute(1, 2, 0).numpy()
        if pixels.shape[-1] == 1:
            return pixels.repeat(3, axis=-1)
        noted = fields.get(f"{'gt' if key.startswith('gt_') else 'img'}_channel_order")
        is_bgr = noted.lower() == "bgr" if noted else self.bgr2rgb
        return pixels[..., ::-1] if is_bgr else pixels


def _fields(sample: BaseDataElement) -> Iterator[tuple[str, Any]]:
    """Each field of a sample, those of samples inside first."""
    for key, value in sample.all_items():
        if isinstance(value, BaseDataElement):
            yield from _fields(value)
        yield key, value
