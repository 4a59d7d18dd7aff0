"""The packages whose models an inferencer takes, and what they publish."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mmlight.config.utils import MODULE2PACKAGE
from mmlight.hub.hub import register_modules
from mmlight.registry import DefaultScope


def published_folder(scope: str) -> str:
    """Return the folder with the ``model-index.yml`` of a package.

    Raises:
        KeyError: If ``scope`` is no package of OpenMMLab.
        ImportError: If it is not installed.
        FileNotFoundError: If it ships no such file.
    """
    if scope not in MODULE2PACKAGE:
        raise KeyError(f"{scope} is not a valid scope; it should be of {[*MODULE2PACKAGE]}")
    spec = find_spec(scope)
    if spec is None or not spec.submodule_search_locations:
        raise ImportError(
            f"{scope} cannot be imported: install it with pip install {MODULE2PACKAGE[scope]}",
            name=scope,
        )
    home = Path(spec.submodule_search_locations[0])
    # A wheel ships it in `.mim`; in a source checkout it lies beside the package.
    for folder in (home / ".mim", home.parent):
        if (folder / "model-index.yml").is_file():
            return str(folder)
    raise FileNotFoundError(
        f"{scope} ships no model-index.yml, neither in {home / '.mim'} nor in {home.parent}"
    )


def current_scope(scope: str | None) -> str | None:
    """Return ``scope``, the process's default scope if it is None."""
    current = DefaultScope.get_current_instance()
    return current.scope_name if scope is None and current is not None else scope


def scope_needed(scope: str | None) -> str:
    """Return ``scope``.

    Raises:
        AssertionError: If it is None.
    """
    if scope is None:
        raise AssertionError("scope is None: metafiles need the name of the package they are of")
    return scope


def names_of(model: dict[str, Any]) -> list[str]:
    """Return the name of a model of a metafile, then its aliases.

    Example:
        >>> names_of({"Name": "rtmdet_s_8xb32-300e_coco", "Alias": "rtmdet-s"})
        ['rtmdet_s_8xb32-300e_coco', 'rtmdet-s']
    """
    alias = model.get("Alias") or []
    return [model["Name"], *([alias] if isinstance(alias, str) else alias)]


def import_package(scope: str) -> None:
    """Import the modules of the package ``scope``; warn if it is not installed."""
    if scope in ("mmengine", "mmlight"):
        return
    if find_spec(scope) is None:
        warnings.warn(
            f"{scope} is not installed, so nothing of it can be built: "
            f"pip install {MODULE2PACKAGE.get(scope, scope)}",
            stacklevel=3,
        )
        return
    register_modules(scope)
