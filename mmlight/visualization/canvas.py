"""The figure that a visualizer draws on: one image, without margins."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .utils import img_from_canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

# Without it, rounding may make the drawn image a pixel too small.
EPS = 1e-2


class Canvas:
    """An image and what is drawn over it, on a matplotlib figure that pyplot does not know.

    The figure is made when it is first needed, so that a run which only logs numbers does not
    import matplotlib.

    Args:
        fig_save_cfg (dict): Arguments of :class:`matplotlib.figure.Figure`.

    Example:
        >>> canvas = Canvas(dict(frameon=False))
        >>> canvas.set_image(np.zeros((4, 6, 3)))
        >>> canvas.get_image().shape
        (4, 6, 3)
    """

    _image: np.ndarray | None = None
    width: int
    height: int

    def __init__(self, fig_save_cfg: dict[str, Any]) -> None:
        self.fig_save_cfg = fig_save_cfg

    @cached_property
    def fig_save_canvas(self) -> FigureCanvasAgg:
        """FigureCanvasAgg: The canvas, drawn on by its ``figure``."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        canvas = FigureCanvasAgg(Figure(**self.fig_save_cfg))
        figure = canvas.figure
        figure.add_subplot().set_axis_off()
        figure.subplots_adjust(left=0, right=1, bottom=0, top=1)
        return canvas

    @property
    def fig_save(self) -> Figure:
        """Figure: The figure drawn on."""
        return self.fig_save_canvas.figure

    @property
    def ax_save(self) -> Axes:
        """Axes: The axes drawn on; one unit is one pixel of the image."""
        return self.fig_save.axes[0]

    @property
    def dpi(self) -> float:
        """float: Dots per inch of the figure."""
        return self.fig_save.dpi

    def set_image(self, image: np.ndarray) -> None:
        """Set the image to draw on; what was drawn before is gone.

        Args:
            image (np.ndarray): RGB image of shape (H, W, 3) or grey image of shape (H, W), values
                from 0 to 255.

        Raises:
            AssertionError: If ``image`` is not an array of one of these shapes.
        """
        assert isinstance(image, np.ndarray), (
            f"image must be a np.ndarray, but got {type(image).__name__}"
        )
        assert image.ndim == 2 or (image.ndim == 3 and image.shape[2] in (1, 3, 4)), (
            f"image must have the shape (H, W, 3) or (H, W), but got {image.shape}"
        )
        assert image.size, f"image must have pixels, but has the shape {image.shape}"
        image = image.astype("uint8")
        self._image = image
        self.height, self.width = image.shape[:2]
        self.fig_save.set_size_inches((self.width + EPS) / self.dpi, (self.height + EPS) / self.dpi)
        self.ax_save.cla()
        self.ax_save.set_axis_off()
        self._show_pixels(image, "none")

    def _show_pixels(self, image: np.ndarray, interpolation: str) -> None:
        self.ax_save.imshow(
            image, extent=(0, self.width, self.height, 0), interpolation=interpolation
        )

    def get_image(self) -> np.ndarray:
        """Return the image with everything drawn on it.

        Returns:
            np.ndarray: RGB image, uint8, shape (H, W, 3).

        Raises:
            AssertionError: If there is no image.
        """
        self._check_image()
        return img_from_canvas(self.fig_save_canvas)

    def _check_image(self) -> None:
        assert self._image is not None, "there is no image to draw on: call set_image first"

    @property
    def _default_font_size(self) -> float:
        result: float = max(np.sqrt(self.height * self.width) // 90, 10)
        return result
