"""Configs: files in two styles, dicts with attributes, settings from the command line."""

from .config import Config, ConfigDict, DictAction, copy_config
from .python_file import read_base
from .utils import ConfigParsingError

__all__ = [
    "Config",
    "ConfigDict",
    "ConfigParsingError",
    "DictAction",
    "copy_config",
    "read_base",
]
