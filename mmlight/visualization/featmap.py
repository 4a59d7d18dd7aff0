"""Show the activations of a network as a heat map."""

from __future__ import annotations

import warnings

import numpy as np
import torch
import torch.nn.functional as F

from .canvas import EPS
from .utils import check_type, convert_overlay_heatmap, img_from_canvas


def draw_featmap(
    featmap: torch.Tensor,
    overlaid_image: np.ndarray | None = None,
    channel_reduction: str | None = "squeeze_mean",
    topk: int = 20,
    arrangement: tuple[int, int] = (4, 5),
    resize_shape: tuple[int, int] | None = None,
    alpha: float = 0.5,
) -> np.ndarray:
    """Draw activations; see :meth:`mmlight.visualization.Visualizer.draw_featmap`."""
    import cv2

    _check(featmap, channel_reduction, topk, arrangement, resize_shape)
    featmap = featmap.detach().cpu()
    if not featmap.is_floating_point() or featmap.dtype == torch.bfloat16:
        featmap = featmap.float()
    if overlaid_image is not None:
        overlaid_image = _as_rgb(overlaid_image, featmap)
        resize_shape = resize_shape or overlaid_image.shape[:2]
    if resize_shape is not None:
        featmap = F.interpolate(
            featmap[None], tuple(resize_shape), mode="bilinear", align_corners=False
        )[0]
    if overlaid_image is not None and resize_shape is not None:
        overlaid_image = cv2.resize(overlaid_image, tuple(resize_shape)[::-1])
    if channel_reduction == "squeeze_mean":
        return convert_overlay_heatmap(featmap.mean(dim=0), overlaid_image, alpha)
    if channel_reduction == "select_max":
        strongest = featmap.sum(dim=(1, 2)).argmax()
        return convert_overlay_heatmap(featmap[strongest], overlaid_image, alpha)
    if topk <= 0:
        return convert_overlay_heatmap(featmap, overlaid_image, alpha)
    return _channel_grid(featmap, overlaid_image, topk, arrangement, alpha)


def _check(
    featmap: torch.Tensor,
    channel_reduction: str | None,
    topk: int,
    arrangement: tuple[int, int],
    resize_shape: tuple[int, int] | None,
) -> None:
    assert isinstance(featmap, torch.Tensor), (
        f"featmap must be a torch.Tensor, but got {type(featmap).__name__}"
    )
    assert featmap.ndim == 3, (
        f"featmap must have the shape (C, H, W), but got {tuple(featmap.shape)}"
    )
    assert channel_reduction in ("squeeze_mean", "select_max", None), (
        f"channel_reduction must be 'squeeze_mean', 'select_max' or None, "
        f"but got {channel_reduction!r}"
    )
    if resize_shape is not None:
        _check_pair("resize_shape", "(height, width)", resize_shape)
    if channel_reduction is not None:
        return
    check_type("topk", topk, int)
    if topk <= 0:
        assert featmap.shape[0] in (1, 3), (
            "without channel_reduction and topk the featmap must have 1 or 3 channels, "
            f"but got {featmap.shape[0]}: reduce the channels, or set topk above 0"
        )
        return
    _check_pair("arrangement", "(rows, columns)", arrangement)
    assert arrangement[0] * arrangement[1] >= topk, (
        f"arrangement {tuple(arrangement)} has fewer places than topk={topk}"
    )


def _check_pair(name: str, meaning: str, value: tuple[int, int]) -> None:
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise TypeError(f"{name} must be {meaning}, but got {value!r}")


def _as_rgb(image: np.ndarray, featmap: torch.Tensor) -> np.ndarray:
    """Return the image as RGB; warn if it is not as large as the activations."""
    import cv2

    check_type("overlaid_image", image, np.ndarray)
    assert image.dtype == np.uint8, f"overlaid_image must be of type uint8, but got {image.dtype}"
    assert image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3), (
        f"overlaid_image must have the shape (H, W, 3) or (H, W), but got {image.shape}"
    )
    if image.shape[:2] != tuple(featmap.shape[1:]):
        warnings.warn(
            f"the overlaid image has the size {image.shape[:2]}, the feature map "
            f"{tuple(featmap.shape[1:])}: the feature map is interpolated",
            stacklevel=4,
        )
    return cv2.cvtColor(image, cv2.COLOR_GRAY2RGB) if image.ndim == 2 else image


def _channel_grid(
    featmap: torch.Tensor,
    image: np.ndarray | None,
    topk: int,
    arrangement: tuple[int, int],
    alpha: float,
) -> np.ndarray:
    """Draw the channels of the greatest sum, each with its number."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    channels, height, width = featmap.shape
    rows, columns = arrangement
    indices = featmap.sum(dim=(1, 2)).topk(min(channels, topk)).indices
    canvas = FigureCanvasAgg(Figure(frameon=False))
    figure = canvas.figure
    figure.subplots_adjust(left=0, right=1, bottom=0, top=1, wspace=0, hspace=0)
    figure.set_size_inches((width * columns + EPS) / figure.dpi, (height * rows + EPS) / figure.dpi)
    for place, channel in enumerate(indices.tolist(), 1):
        axes = figure.add_subplot(rows, columns, place)
        axes.axis("off")
        axes.text(2, 15, f"channel: {channel}", fontsize=10)
        axes.imshow(convert_overlay_heatmap(featmap[channel], image, alpha))
    return img_from_canvas(canvas)
