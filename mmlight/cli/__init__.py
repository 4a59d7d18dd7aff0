"""The command line: ``mmlight train | test | check | config | env``."""

from .main import main

__all__ = ["main"]
