"""Images that are made better."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor
from torch.nn.functional import interpolate

from mmlight.engine.samplers import sampling
from mmlight.generative.datasets import DataSample
from mmlight.generative.models import BaseEditModel
from mmlight.sampling.images import order_of, rgb
from mmlight.sampling.inputs import batches_of, read_images


def sample(
    model: BaseEditModel,
    num: int | None = None,
    inputs: str | Sequence[str] | None = None,
) -> dict[str, list[Tensor]]:
    """Make images better.

    Args:
        model (BaseEditModel): The model.
        num (int, optional): How many at most. Defaults to None: 16, or all of ``inputs``.
        inputs (str | Sequence[str], optional): The images. Defaults to None, those of the
            config's dataset.

    Returns:
        dict[str, list[Tensor]]: ``input``, ``output`` and, if the dataset has it, ``gt``: uint8
        images ``(3, H, W)``.

    Raises:
        ValueError: If the config has no images.
    """
    with sampling(model, seed=0):
        if inputs is None:
            batches = batches_of(model, 16 if num is None else num)
        else:
            order = {"img_channel_order": order_of(model)}
            batches = (
                {"inputs": [image], "data_samples": [DataSample(metainfo=order)]}
                for image in read_images(model, inputs, num)
            )
        found: dict[str, list[Tensor]] = {"input": [], "output": []}
        for batch in batches:
            (made,) = model.test_step(batch)
            images = {"input": made.input, "output": made.output.pred_img}
            if "gt_img" in made:
                images["gt"] = made.gt_img
            for name, image in images.items():
                found.setdefault(name, []).extend(rgb(model, [image]))
    return found


def layout(images: dict[str, list[Tensor]]) -> dict[str, list[list[Tensor]]]:
    """Lay out each input, made as large as the output by bicubic interpolation, beside that.

    Args:
        images (dict): What :func:`sample` gave.

    Returns:
        dict: Rows of images, by the name of the picture.
    """
    large = [
        _as_large(given, made)
        for given, made in zip(images["input"], images["output"], strict=True)
    ]
    columns = [large, *(column for name, column in images.items() if name != "input")]
    return {"samples": [list(row) for row in zip(*columns, strict=True)]}


def _as_large(image: Tensor, other: Tensor) -> Tensor:
    size = other.shape[-2:]
    if image.shape[-2:] == size:
        return image
    larger = interpolate(image[None].float(), size, mode="bicubic", align_corners=False)
    return larger[0].round().clamp(0, 255).byte()
