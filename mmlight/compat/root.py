"""The top module ``mmengine`` of the aliases."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from . import mmengine_version

_NAMESPACES = ("config", "fileio", "logging", "registry", "utils")


class MMEngineRoot(ModuleType):
    """``mmengine``: at the top the names of five namespaces, which need no import of their own.

    Example:
        >>> mmengine = MMEngineRoot("mmengine")
        >>> mmengine.Config(dict(a=1)).a, mmengine.__version__
        (1, '0.10.7')
        >>> mmengine.config.Config is mmengine.Config
        True
    """

    __version__ = mmengine_version.__version__
    version_info = mmengine_version.version_info

    def __getattr__(self, name: str) -> Any:
        if name == "version":
            return mmengine_version
        if name in _NAMESPACES:
            return importlib.import_module(f"mmlight.{name}")
        if not name.startswith("_"):
            for namespace in _NAMESPACES:
                module = importlib.import_module(f"mmlight.{namespace}")
                if name in module.__all__:
                    return getattr(module, name)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
