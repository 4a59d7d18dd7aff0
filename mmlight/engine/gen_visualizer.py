"""Shows samples of generative models through any visualizer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from mmlight.engine.sample_grid import images_by_key, make_grid, to_images
from mmlight.registry import VISUALIZERS
from mmlight.visualization import LocalVisBackend, Visualizer

VIS_MODES = ("image", "gif")
_GIF_FRAME_MS = 100


def add_samples(
    visualizer: Visualizer,
    name: str,
    gen_samples: Sequence[Any],
    target_keys: str | Sequence[str] | None = None,
    vis_mode: str | None = None,
    n_row: int | None = None,
    color_order: str = "rgb",
    target_mean: float | Sequence[float] = 127.5,
    target_std: float | Sequence[float] = 127.5,
    draw_gt: bool = False,
    show: bool = False,
    wait_time: float = 0,
    step: int = 0,
) -> list[str]:
    """Give each kind of image in the samples to a visualizer, as one grid.

    Args:
        visualizer (Visualizer): Its backends store the grids.
        name (str): Name of the grid. Of several kinds of images each has its key added.
        gen_samples (Sequence): Data elements, dicts or image tensors, one for each image.
        target_keys (str | Sequence[str], optional): Fields to show, see
            :func:`~mmlight.engine.sample_grid.images_by_key`. Defaults to None, all.
        vis_mode (str, optional): ``image`` or ``gif``. A GIF shows images ``(T, C, H, W)`` in
            motion; local backends store it, every backend gets the last frame as an image.
            Defaults to None, ``image``.
        n_row (int, optional): Images in one row. Defaults to None, as many as there are rows.
        color_order (str): ``rgb`` or ``bgr``. Defaults to ``rgb``.
        target_mean (float | Sequence[float]): Grey level of 0. Defaults to 127.5.
        target_std (float | Sequence[float]): Grey levels that make 1. Defaults to 127.5.
        draw_gt (bool): Also show fields whose name begins with ``gt_``. Defaults to False.
        show (bool): Also open a window. Defaults to False.
        wait_time (float): Seconds to keep it open; 0 waits for a key. Defaults to 0.
        step (int): Iteration the samples belong to. Defaults to 0.

    Returns:
        list[str]: Names of the grids.

    Raises:
        ValueError: If ``vis_mode`` is not known, or the samples have no image to show.
        KeyError: If a target key leads to no image.
    """
    mode = vis_mode or "image"
    if mode not in VIS_MODES:
        raise ValueError(f"vis_mode must be one of {', '.join(VIS_MODES)}, got {vis_mode!r}")
    columns = images_by_key(gen_samples, target_keys)
    if target_keys is None and not draw_gt:
        columns = {key: images for key, images in columns.items() if not key.startswith("gt_")}
    if not columns:
        raise ValueError(f"the samples for {name!r} have no image to show")
    names = []
    for suffix, images in zip(_short(list(columns)), columns.values()):
        full_name = name if len(columns) == 1 else f"{name}_{suffix}"
        frames = [
            make_grid(to_images(batch, color_order, target_mean, target_std), n_row)
            for batch in _frames(images, mode)
        ]
        if mode == "gif":
            _store_gif(visualizer, full_name, frames, step)
        visualizer.add_image(full_name, frames[-1], step)
        if show:
            visualizer.show(frames[-1], win_name=full_name, wait_time=wait_time)
        names.append(full_name)
    return names


def _short(keys: list[str]) -> list[str]:
    """Names for the keys: ``ema.img`` and ``orig.img`` need only ``ema`` and ``orig``."""
    heads = [key.rpartition(".")[0] for key in keys]
    tails = {key.rpartition(".")[2] for key in keys}
    short = heads if len(tails) == 1 and all(heads) else keys
    return [key.replace(".", "_") for key in short]


def _frames(images: list[Tensor], mode: str) -> list[Tensor]:
    """Batches ``(N, C, H, W)``, one for each moment."""
    moving = images[0].ndim == 4
    if mode == "gif" and not moving:
        raise ValueError(f"a gif needs images (T, C, H, W), got {tuple(images[0].shape)}")
    batch = _stack(images)
    if not moving:
        return [batch]
    if mode == "image":
        return [batch.flatten(0, 1)]
    return list(batch.transpose(0, 1))


def _stack(images: list[Tensor]) -> Tensor:
    shapes = {tuple(image.shape) for image in images}
    if len(shapes) > 1:
        raise ValueError(f"images of one grid differ in shape: {sorted(shapes)}")
    return torch.stack(images)


def _store_gif(visualizer: Visualizer, name: str, frames: list[np.ndarray], step: int) -> None:
    for backend in visualizer._vis_backends.values():
        if isinstance(backend, LocalVisBackend) and backend._save_dir is not None:
            path = Path(backend._save_dir, backend._img_save_dir, f"{name}_{step}.gif")
            path.parent.mkdir(parents=True, exist_ok=True)
            first, *rest = [Image.fromarray(frame) for frame in frames]
            first.save(path, save_all=True, append_images=rest, duration=_GIF_FRAME_MS, loop=0)


@VISUALIZERS.register_module()
class GenVisualizer(Visualizer):
    """A visualizer whose :meth:`add_datasample` shows samples of generative models.

    The arguments are those of :class:`~mmlight.visualization.Visualizer`.
    """

    def add_datasample(  # type: ignore[override]
        self,
        name: str,
        gen_samples: Sequence[Any],
        target_keys: str | Sequence[str] | None = None,
        vis_mode: str | None = None,
        n_row: int | None = None,
        color_order: str = "rgb",
        target_mean: float | Sequence[float] = 127.5,
        target_std: float | Sequence[float] = 127.5,
        draw_gt: bool = False,
        show: bool = False,
        wait_time: float = 0,
        step: int = 0,
    ) -> None:
        """Show samples; :func:`add_samples` describes the arguments."""
        add_samples(
            self,
            name,
            gen_samples,
            target_keys,
            vis_mode,
            n_row,
            color_order,
            target_mean,
            target_std,
            draw_gt,
            show,
            wait_time,
            step,
        )
