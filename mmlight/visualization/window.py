"""Shows an image on the screen, or in the cell of a notebook."""

from __future__ import annotations

import io
import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw

from mmlight.utils.notebook import LiveOutput, in_notebook

from .canvas import EPS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_TITLE_HEIGHT = 14  # a line of the font that PIL brings


class Window:
    """One window of matplotlib, opened when it is first needed and reused.

    In a notebook there is an output for each title instead, and no key to wait for.

    Args:
        fig_show_cfg (dict): Arguments of the figure.

    Example:
        >>> Window(dict(frameon=False)).close()
    """

    def __init__(self, fig_show_cfg: dict[str, Any]) -> None:
        self._fig_show_cfg = fig_show_cfg
        self._figure: Figure | None = None
        self._outputs: dict[str, LiveOutput] = {}

    def show(self, image: np.ndarray, title: str, wait_time: float, continue_key: str) -> None:
        """Show an image and wait.

        Args:
            image (np.ndarray): RGB image.
            title (str): Title of the window.
            wait_time (float): Seconds to wait, 0 for until the key is pressed.
            continue_key (str): Key that ends the waiting.
        """
        if in_notebook():
            output = self._outputs.setdefault(title, LiveOutput())
            output.show({"image/png": _titled(image, title), "text/plain": title})
            return
        from matplotlib import pyplot as plt

        if self._figure is None or not plt.fignum_exists(self._figure.number):
            self._figure = plt.figure(**self._fig_show_cfg)
        framework = getattr(self._figure.canvas, "required_interactive_framework", None)
        if framework is None:
            self.close()
            warnings.warn(f"{title} is not shown: matplotlib has no display here", stacklevel=3)
            return
        figure = self._figure
        height, width = image.shape[:2]
        figure.set_size_inches((width + EPS) / figure.dpi, (height + EPS) / figure.dpi)
        figure.clear()
        figure.subplots_adjust(left=0, right=1, bottom=0, top=1)
        axes = figure.add_subplot()
        axes.set_axis_off()
        axes.imshow(image, cmap="gray", extent=(0, width, height, 0), interpolation="none")
        if figure.canvas.manager is not None:
            figure.canvas.manager.set_window_title(title)
        figure.canvas.draw()
        plt.show(block=False)
        _wait(figure, wait_time, continue_key)

    def close(self) -> None:
        """Close the window, if it was opened."""
        if self._figure is not None:
            from matplotlib import pyplot as plt

            plt.close(self._figure)
            self._figure = None


def _titled(image: np.ndarray, title: str) -> bytes:
    """Return an image with its title above it, as PNG."""
    picture = Image.fromarray(image).convert("RGB")
    width = max(picture.width, math.ceil(ImageDraw.Draw(picture).textlength(title)))
    sheet = Image.new("RGB", (width, picture.height + _TITLE_HEIGHT), "white")
    sheet.paste(picture, (0, _TITLE_HEIGHT))
    ImageDraw.Draw(sheet).text((0, 0), title, fill="black")
    file = io.BytesIO()
    sheet.save(file, "PNG", optimize=True)
    return file.getvalue()


def _wait(figure: Figure, timeout: float, continue_key: str) -> None:
    def pressed(event: Any) -> None:
        if getattr(event, "key", continue_key) == continue_key:
            figure.canvas.stop_event_loop()

    connections = [
        figure.canvas.mpl_connect(name, pressed) for name in ("key_press_event", "close_event")
    ]
    figure.canvas.start_event_loop(timeout)
    for connection in connections:
        figure.canvas.mpl_disconnect(connection)


def show_with_opencv(image: np.ndarray, title: str, wait_time: float) -> None:
    """Show an image in a window of OpenCV and wait for a key.

    Where OpenCV was built without windows or there is no display, this warns and returns at once.

    Args:
        image (np.ndarray): RGB or grey image, uint8.
        title (str): Title of the window.
        wait_time (float): Seconds to wait at most, 0 for until a key is pressed.
    """
    import cv2

    try:
        cv2.imshow(title, cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if image.ndim == 3 else image)
    except cv2.error as error:
        if error.code != cv2.Error.StsError:  # what OpenCV says when it has no window to open
            raise
        warnings.warn(f"{title} is not shown: OpenCV has no windows here", stacklevel=3)
        return
    cv2.waitKey(math.ceil(wait_time * 1000))
