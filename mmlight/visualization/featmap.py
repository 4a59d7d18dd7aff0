"""Show the activations of a network as a heat map."""

from __future__ import annotations

import warnings

import numpy as np
import torch
import torch.nn.functional as F

from .canvas import EPS
from .utils import img_from_canvas, tensor2ndarray


def convert_overlay_heatmap(
    feat_map: np.ndarray | torch.Tensor, img: np.ndarray | None = None, alpha: float = 0.5
) -> np.ndarray:
    """Return activations as colours from blue to red, blended with an image if there is one.

    Args:
        feat_map (np.ndarray | torch.Tensor): Activations of shape (H, W) or (C, H, W), C 1 or 3.
        img (np.ndarray, optional): RGB image, uint8, shape (H, W, 3). Defaults to None.
        alpha (float): Weight of the colours against ``img``. Defaults to 0.5.

    Returns:
        np.ndarray: RGB image, uint8, shape (H, W, 3).

    Example:
        >>> convert_overlay_heatmap(np.array([[0.0, 1.0]])).tolist()
        [[[0, 0, 128], [128, 0, 0]]]
    """
    import cv2

    values = tensor2ndarray(feat_map)
    if values.ndim == 3:
        values = values.transpose(1, 2, 0)
    grey = cv2.normalize(values, np.zeros(values.shape), 0, 255, cv2.NORM_MINMAX)
    heat = cv2.applyColorMap(np.asarray(grey, dtype=np.uint8), cv2.COLORMAP_JET)
    heat = cv2.cvtColor(heat, cv2.COLOR_BGR2RGB)
    return heat if img is None else cv2.addWeighted(img, 1 - alpha, heat, alpha, 0)


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

    _check(featmap, channel_reduction, topk, arrangement)
    featmap = featmap.detach().cpu()
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
    featmap: torch.Tensor, channel_reduction: str | None, topk: int, arrangement: tuple[int, int]
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
    if channel_reduction is not None:
        return
    if topk <= 0:
        assert featmap.shape[0] in (1, 3), (
            "without channel_reduction and topk the featmap must have 1 or 3 channels, "
            f"but got {featmap.shape[0]}: reduce the channels, or set topk above 0"
        )
        return
    if not isinstance(arrangement, (tuple, list)) or len(arrangement) != 2:
        raise TypeError(f"arrangement must be (rows, columns), but got {arrangement!r}")
    assert arrangement[0] * arrangement[1] >= topk, (
        f"arrangement {tuple(arrangement)} has fewer places than topk={topk}"
    )


def _as_rgb(image: np.ndarray, featmap: torch.Tensor) -> np.ndarray:
    """Return the image as RGB; warn if it is not as large as the activations."""
    import cv2

    assert image.ndim in (2, 3), (
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
