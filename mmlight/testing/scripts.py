"""Runs a script as its own program would, in this process."""

from __future__ import annotations

import runpy
import shlex
import sys


def check_python_script(cmd: str) -> None:
    """Run a Python script as ``__main__``, with the arguments of a command line.

    Args:
        cmd: The script and its arguments, with or without ``python`` before them.

    Raises:
        FileNotFoundError: If there is no such script; what the script raises goes on.

    Example:
        >>> check_python_script("python tools/train.py config.py")  # doctest: +SKIP
    """
    words = shlex.split(cmd)
    if words and words[0] == "python":
        del words[0]
    if not words:
        raise ValueError(f"cmd should name a script, but got {cmd!r}")
    argv, sys.argv = sys.argv, words
    try:
        runpy.run_path(words[0], run_name="__main__")
    finally:
        sys.argv = argv
