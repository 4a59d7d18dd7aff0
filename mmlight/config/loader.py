"""Read a config file in whichever of the two styles it is written."""

from __future__ import annotations

import ast
import os
from pathlib import Path

from .config_dict import ConfigDict, copy_settings
from .python_file import load_python
from .syntax import is_pure_python
from .text_file import ReadOptions, load_text
from .utils import SUFFIXES, Loaded, check_file


def load_config(path: Path, options: ReadOptions, lazy_import: bool | None = None) -> Loaded:
    """Read a config file with its bases.

    Args:
        path (Path): The file.
        options (ReadOptions): What is substituted in a file of the text style.
        lazy_import (bool, optional): Whether it is in the pure-Python style; None finds out.

    Returns:
        Loaded: The settings, with a ``ConfigDict`` for every dict.
    """
    path = Path(os.path.abspath(path))
    check_file(path)
    return _load(path.read_text(encoding="utf-8"), path, options, lazy_import)


def load_config_string(text: str, suffix: str) -> Loaded:
    """Read a config from a string.

    Args:
        text (str): Text of the config.
        suffix (str): ``.py``, ``.json``, ``.yaml`` or ``.yml``.

    Returns:
        Loaded: The settings, with a ``ConfigDict`` for every dict.

    Raises:
        OSError: If the suffix is another one.
    """
    if suffix not in SUFFIXES:
        raise OSError(f"Only py/yml/yaml/json type are supported now! Not {suffix!r}")
    return _load(text, Path(f"config{suffix}"), ReadOptions(), None)


def _load(text: str, path: Path, options: ReadOptions, lazy_import: bool | None) -> Loaded:
    if lazy_import is None:
        lazy_import = path.suffix == ".py" and _looks_pure_python(text)
    loaded = load_python(text, path) if lazy_import else load_text(text, path, options)
    # A file may have put plain dicts into lists of its bases, and bases into its own dicts.
    loaded.values = copy_settings(ConfigDict(loaded.values))
    return loaded


def _looks_pure_python(text: str) -> bool:
    if "import" not in text:
        return False
    try:
        return is_pure_python(ast.parse(text))
    except SyntaxError:
        # `{{$NAME:default}}` is no Python before it is replaced.
        return False
