"""The command line: ``mmlight train | test | sample | check | explain | config | env``."""

from .main import main

__all__ = ["main"]
