"""What is different where somebody watches: at a prompt, and in the cells of a notebook."""

from __future__ import annotations

import io
import sys
from typing import Any


def is_interactive() -> bool:
    """Tell whether somebody types at a prompt: Python's, IPython's or a notebook's.

    Example:
        >>> is_interactive()
        False
    """
    return hasattr(sys, "ps1")


def is_written_again(new: Any, held: Any) -> bool:
    """Tell whether somebody at a prompt runs the definition of an object again.

    Args:
        new (Any): What the definition has made now.
        held (Any): What is there under its name.

    Returns:
        bool: Whether both are of one name in ``__main__``.

    Example:
        >>> is_written_again(dict, dict)
        False
    """
    name = getattr(new, "__qualname__", None)
    return (
        is_interactive()
        and name is not None
        and name == getattr(held, "__qualname__", None)
        and new.__module__ == held.__module__ == "__main__"
    )


def in_notebook() -> bool:
    """Tell whether what is displayed lands in a cell: in Jupyter, Colab and their like.

    Example:
        >>> in_notebook()
        False
    """
    return hasattr(_shell(), "kernel")


def _shell() -> Any:
    ipython = sys.modules.get("IPython")  # nobody runs in what was not imported
    return None if ipython is None else ipython.get_ipython()


class LiveOutput:
    """One output of a cell, which shows the latest of what it was given.

    A cell that runs later gets an output of its own.

    Example:
        >>> output = LiveOutput()
        >>> output.show({"text/plain": "loss: 0.5"})  # doctest: +SKIP
    """

    def __init__(self) -> None:
        self._handle: Any = None
        self._cell: int | None = None

    def show(self, data: dict[str, Any]) -> None:
        """Show something in the place of what was shown before.

        Args:
            data (dict): Contents by MIME type.
        """
        from IPython.display import display

        cell = _shell().execution_count
        if cell == self._cell:
            self._handle.update(data, raw=True)
        else:
            self._cell, self._handle = cell, display(data, raw=True, display_id=True)


class LiveText(io.TextIOBase):
    """A stream whose lines replace each other in one output, as after a carriage return.

    Example:
        >>> LiveText().write("")
        0
    """

    def __init__(self) -> None:
        self._output = LiveOutput()

    def write(self, text: str) -> int:
        """Show a line, unless there is nothing in it.

        Args:
            text (str): The line; what stands before a carriage return is gone.

        Returns:
            int: The length of the text.
        """
        if line := text.rpartition("\r")[2].rstrip():
            self._output.show({"text/plain": line})
        return len(text)
