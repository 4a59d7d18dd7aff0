"""Shows an image on the screen."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from .canvas import EPS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


# Backends that show a figure in a notebook, where there is no key to wait for.
_NOTEBOOKS = ("inline", "ipympl", "nbagg")


class Window:
    """One window of matplotlib, opened when it is first needed and reused.

    Args:
        fig_show_cfg (dict): Arguments of the figure.

    Example:
        >>> Window(dict(frameon=False)).close()
    """

    def __init__(self, fig_show_cfg: dict[str, Any]) -> None:
        self._fig_show_cfg = fig_show_cfg
        self._figure: Figure | None = None

    def show(self, image: np.ndarray, title: str, wait_time: float, continue_key: str) -> None:
        """Show an image and wait.

        Args:
            image (np.ndarray): RGB image.
            title (str): Title of the window.
            wait_time (float): Seconds to wait, 0 for until the key is pressed.
            continue_key (str): Key that ends the waiting.
        """
        from matplotlib import pyplot as plt

        in_notebook = any(name in plt.get_backend().lower() for name in _NOTEBOOKS)
        if self._figure is None or not plt.fignum_exists(self._figure.number):
            self._figure = plt.figure(**self._fig_show_cfg)
        framework = getattr(self._figure.canvas, "required_interactive_framework", None)
        if framework is None and not in_notebook:
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
        if in_notebook:
            plt.show()
            return
        plt.show(block=False)
        _wait(figure, wait_time, continue_key)

    def close(self) -> None:
        """Close the window, if it was opened."""
        if self._figure is not None:
            from matplotlib import pyplot as plt

            plt.close(self._figure)
            self._figure = None


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
