"""Images of SinGAN, at all scales."""

from __future__ import annotations

from torch import Tensor

from mmlight.engine.samplers import sampling
from mmlight.generative.models import SinGAN
from mmlight.sampling.images import grid_rows, rgb


def sample(model: SinGAN, num: int = 16, seed: int = 0) -> dict[str, list[Tensor]]:
    """Make the image that was learnt, and new ones, at all scales that have trained.

    Args:
        model (SinGAN): The model.
        num (int): Number of new images. Defaults to 16.
        seed (int): Seed. Defaults to 0.

    Returns:
        dict[str, list[Tensor]]: uint8 images ``(3, H, W)`` by ``recon_0``, one, ``rand_0``,
        ``num``, and so on to the last scale.

    Raises:
        RuntimeError: If the noises of the training are not there.
    """
    images: dict[str, list[Tensor]] = {}
    with sampling(model, seed):
        for mode in ("recon", *["rand"] * num):
            (made,) = model({"mode": mode, "get_prev_res": True})
            for scale, image in enumerate([*made.prev_res_list, made.fake_img]):
                images.setdefault(f"{mode}_{scale}", []).extend(rgb(model, [image]))
    return images


def layout(images: dict[str, list[Tensor]]) -> dict[str, list[list[Tensor]]]:
    """Lay out the scales side by side, the learnt image first, and the new images of the last.

    Args:
        images (dict): What :func:`sample` gave.

    Returns:
        dict: Rows of images, by the name of the picture.
    """
    scales = range(len(images) // 2)
    learnt, new = ([images[f"{mode}_{scale}"] for scale in scales] for mode in ("recon", "rand"))
    rows = [*zip(*learnt, strict=True), *zip(*new, strict=True)]
    return {"scales": [list(row) for row in rows], "samples": grid_rows(new[-1])}
