"""The command line: ``mmlight train | test | config | env``."""

from .main import main

__all__ = ["main"]
