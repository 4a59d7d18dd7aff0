"""One module under two names."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


def answer_for(alias: str, target: str) -> None:
    """Let ``import alias``, and of modules below it, give the very modules of ``target``.

    A module that stands for another calls it with its own name.

    Args:
        alias: The name that is answered.
        target: The name of the module, or package, that it stands for.
    """
    sys.meta_path.insert(0, _BelowAlias(f"{alias}.", f"{target}."))
    sys.modules[alias] = importlib.import_module(target)


class _BelowAlias(MetaPathFinder):
    def __init__(self, alias: str, target: str) -> None:
        self._alias, self._target = alias, target

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith(self._alias):
            return None
        aliased = self._target + fullname.removeprefix(self._alias)
        if importlib.util.find_spec(aliased) is None:
            return None
        return ModuleSpec(fullname, AliasLoader(aliased), is_package=True)


class AliasLoader(Loader):
    """Puts an existing module under a second name without touching the module."""

    def __init__(self, target: str) -> None:
        self._target = target

    def exec_module(self, module: ModuleType) -> None:
        """Put the module where the import looks for the one that it began."""
        sys.modules[module.__name__] = importlib.import_module(self._target)
