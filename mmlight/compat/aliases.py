"""The finder that answers imports of ``mmengine`` and, where they are missing, of engines."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

import mmlight
from mmlight.utils.module_alias import AliasLoader

from .root import MMEngineRoot

ALIASES = {
    "mmengine.version": "mmlight.compat.mmengine_version",
    "mmengine": "mmlight",
    "mmedit.engine": "mmlight.engine",
    "mmagic.engine": "mmlight.engine",
}
# Parts of packages that may be installed, and then are better answered by these.
_PARTS = ("mmedit.engine", "mmagic.engine")


def install() -> None:
    """Answer ``import mmengine``, ``mmedit.engine`` and ``mmagic.engine`` with mmlight.

    From then on ``mmengine.a.b`` is the very module ``mmlight.a.b``, so that ``isinstance`` and
    registries agree whichever name a package uses. ``mmengine`` itself also has the names that
    MMEngine offers at its top, and the version whose interface mmlight has. The engine of an
    installed MMagic or MMEditing is its own, and runs on mmlight. Calling it again does nothing.

    Raises:
        RuntimeError: If one of the real packages is already imported: objects of both would meet.

    Example:
        >>> import mmlight.compat
        >>> mmlight.compat.install()  # doctest: +SKIP
        >>> from mmengine.hooks import EMAHook  # doctest: +SKIP
    """
    if any(isinstance(finder, AliasFinder) for finder in sys.meta_path):
        return
    for alias in sorted(ALIASES):
        if alias in sys.modules:
            where = getattr(sys.modules[alias], "__file__", None) or "an unknown place"
            raise RuntimeError(
                f"{alias} is already imported, from {where}; call mmlight.compat.install() before "
                f"anything imports {alias}"
            )
    sys.meta_path.insert(0, AliasFinder())


def target_of(name: str) -> str | None:
    """Return the module of mmlight that answers for ``name``, None if none does.

    Example:
        >>> target_of("mmengine.hooks.ema_hook"), target_of("mmedit.engine"), target_of("mmcv")
        ('mmlight.hooks.ema_hook', 'mmlight.engine', None)
    """
    for alias, target in ALIASES.items():
        if name == alias or name.startswith(f"{alias}."):
            return target + name[len(alias) :]
    return None


class AliasFinder(MetaPathFinder):
    """Finds the module of mmlight behind an alias."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return a spec that loads mmlight's module, None for a name that is no alias."""
        if fullname == "mmengine":
            # Its origin is what `get_installed_path` tells.
            return ModuleSpec(fullname, _RootLoader(), origin=mmlight.__file__, is_package=True)
        if (aliased := target_of(fullname)) is not None:
            if _is_installed(fullname, path):
                return None
            if importlib.util.find_spec(aliased) is None:
                return None
            return ModuleSpec(fullname, AliasLoader(aliased), is_package=True)
        parents = {alias.partition(".")[0] for alias in ALIASES}
        if fullname in parents and PathFinder.find_spec(fullname) is None:
            # Nothing but the aliased child is in it, but Python imports the parent first.
            return ModuleSpec(fullname, None, is_package=True)
        return None


def _is_installed(name: str, path: Sequence[str] | None) -> bool:
    """Tell whether a module belongs to an engine that an installed package has."""
    part = next((part for part in _PARTS if name == part or name.startswith(f"{part}.")), None)
    if part is None:
        return False
    if name == part:
        return PathFinder.find_spec(name, path) is not None
    return sys.modules[part].__name__ == part


class _RootLoader(Loader):
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return MMEngineRoot(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Everything it has is there from the start."""
