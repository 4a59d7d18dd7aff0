"""The top module ``mmengine`` of the aliases."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

API_VERSION = "0.10.7"
"""The version of MMEngine whose interface mmlight has; packages check it."""

_NAMESPACES = ("config", "fileio", "logging", "registry", "utils")


class MMEngineRoot(ModuleType):
    """``mmengine``: its namespaces, and at the top the names of five of them.

    Example:
        >>> mmengine = MMEngineRoot("mmengine")
        >>> mmengine.Config(dict(a=1)).a, mmengine.__version__
        (1, '0.10.7')
    """

    __version__ = API_VERSION
    version_info = tuple(int(part) for part in API_VERSION.split("."))

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            for namespace in _NAMESPACES:
                module = importlib.import_module(f"mmlight.{namespace}")
                if name in module.__all__:
                    return getattr(module, name)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
