"""A matplotlib backend with windows that nobody sees and a keyboard that is a list."""

from __future__ import annotations

from typing import ClassVar

from matplotlib.backend_bases import FigureManagerBase, KeyEvent
from matplotlib.backends.backend_agg import FigureCanvasAgg


class FigureManager(FigureManagerBase):
    """A window that remembers its title."""

    title = ""

    def set_window_title(self, title: str) -> None:
        self.title = title

    def get_window_title(self) -> str:
        return self.title


class FigureCanvas(FigureCanvasAgg):
    """A canvas whose event loop presses the keys in ``keys``, then waits for the timeout."""

    manager_class = FigureManager
    required_interactive_framework = "headless"
    keys: ClassVar[list[str]] = []
    loops: ClassVar[list[tuple[float, str]]] = []
    running = False

    def start_event_loop(self, timeout: float = 0) -> None:
        self.running = True
        ended = f"timeout {timeout}"
        while self.running and self.keys:
            ended = self.keys.pop(0)
            self.callbacks.process("key_press_event", KeyEvent("key_press_event", self, ended))
        self.loops.append((timeout, f"timeout {timeout}" if self.running else ended))

    def stop_event_loop(self) -> None:
        self.running = False
